"""The operations of S3 that access control adds to LocalStack's provider.

`SandboxS3Provider` inherits from this class before `localstack.services.s3.provider.S3Provider`.
"""

from __future__ import annotations

from typing import Any

import localstack.services.s3.provider as upstream
from localstack.aws.api import RequestContext
from localstack.aws.api.s3 import (
    BucketName,
    DeleteObjectsOutput,
    Error,
    GetBucketPolicyStatusOutput,
    NoSuchBucketPolicy,
    Owner,
    PolicyStatus,
)

from sandbox.emulator.access import buckets
from sandbox.emulator.access.canonical import canonical_id


def owner_of_account(account_id: str) -> Owner:
    """The S3 owner of an account; upstream's `get_owner_for_account_id` knows one for all accounts."""
    return Owner(ID=canonical_id(account_id))


upstream.get_owner_for_account_id = owner_of_account


class AccessOperations:
    """Mixin with what upstream lacks."""

    def get_bucket_policy_status(
        self,
        context: RequestContext,
        bucket: BucketName,
        expected_bucket_owner: str | None = None,
        **kwargs: Any,
    ) -> GetBucketPolicyStatusOutput:
        """Whether the bucket's policy is public.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
        """
        _store, found = self._get_cross_account_bucket(  # type: ignore[attr-defined]
            context, bucket, expected_bucket_owner=expected_bucket_owner
        )
        if not found.policy:
            raise NoSuchBucketPolicy("The bucket policy does not exist", BucketName=bucket)
        public = buckets.policy_is_public(found)
        return GetBucketPolicyStatusOutput(PolicyStatus=PolicyStatus(IsPublic=public))

    def delete_objects(self, context: RequestContext, *args: Any, **kwargs: Any):
        """Keys that the caller may not delete come back as errors of a successful answer."""
        denied = getattr(context, "sandbox_denied_items", None) or ()
        delete = kwargs.get("delete") or (args[1] if len(args) > 1 else {})
        if denied and not delete.get("Objects"):
            result = DeleteObjectsOutput()
        else:
            result = super().delete_objects(context, *args, **kwargs)  # type: ignore[misc]
        if denied:
            result["Errors"] = [
                *result.get("Errors", ()),
                *(_error(item, refusal) for item, refusal in denied),
            ]
        return result


def _error(item: Any, refusal: Any) -> Error:
    found = Error(Key=item["Key"], Code=refusal.code, Message=refusal.message)
    if item.get("VersionId"):
        found["VersionId"] = item["VersionId"]
    return found
