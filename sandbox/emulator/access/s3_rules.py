"""What S3 refuses whoever asks: malformed and public policies, ACLs where they are off or blocked.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.services.s3.provider import (
    get_access_control_policy_for_new_resource_request,
    get_access_control_policy_from_acl_request,
)

from sandbox.emulator.access import buckets, principals_known
from sandbox.emulator.access.actions import catalog
from sandbox.emulator.access.actions.s3 import ACL_PARAMETERS
from sandbox.emulator.access.canonical import canonical_id
from sandbox.emulator.access.policy import bucket_policy
from sandbox.emulator.access.policy.evaluation import Decision, Outcome, Source
from sandbox.emulator.access.principal import Principal

NEW_OBJECT = {"PutObject", "CopyObject", "CreateMultipartUpload"}
NO_ACLS = "The bucket does not allow ACLs"
ACLS_AND_ENFORCED = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
# ACLs that say no more than the owner has anyway, accepted on new objects of a bucket without ACLs.
HARMLESS_ON_ENFORCED = {"bucket-owner-full-control"}


class Blocked(CommonServiceException):
    """Refused by Block Public Access; `decision` says which setting."""

    def __init__(self, message: str, decision: Decision) -> None:
        super().__init__("AccessDenied", message, 403)
        self.decision = decision


def check(operation: str, request: Mapping[str, Any], caller: Principal, body: bytes) -> None:
    """Raise the refusal of an S3 operation that AWS refuses for its content; `body` is the raw body."""
    rule = _RULES.get(operation)
    if rule:
        rule(operation, request, caller, body)


def applies_to(operation: str) -> bool:
    """Whether `check` has anything to say about an operation."""
    return operation in _RULES


def _put_policy(operation: str, request: Mapping[str, Any], caller: Principal, _body) -> None:
    bucket = buckets.find(request["Bucket"])
    if bucket is None:
        return
    s3 = catalog.service("s3")
    assert s3 is not None
    text = request.get("Policy") or ""
    try:
        bucket_policy.validate(text, bucket.name, s3, principals_known.exists)
    except bucket_policy.PolicyTooLarge as problem:
        raise CommonServiceException("PolicyTooLarge", str(problem), 400) from None
    except bucket_policy.MalformedPolicy as problem:
        raise CommonServiceException("MalformedPolicy", str(problem), 400) from None
    if buckets.blocks(bucket, "BlockPublicPolicy") and buckets.text_is_public(text):
        raise _blocked(
            caller, "s3:PutBucketPolicy", bucket.name, "public policies", "BlockPublicPolicy"
        )


def _blocked(caller: Principal, action: str, resource: str, what: str, setting: str):
    text = (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: "
        f'"arn:aws:s3:::{resource}" because {what} are prevented by the {setting} setting in '
        "S3 Block Public Access."
    )
    decision = Decision(
        Outcome.EXPLICIT_DENY,
        Source.BLOCK_PUBLIC_ACCESS,
        action,
        f"arn:aws:s3:::{resource}",
        note=f"Block Public Access: {setting} is on",
    )
    return Blocked(text, decision)


def _put_bucket_acl(operation: str, request: Mapping[str, Any], caller: Principal, body) -> None:
    bucket = buckets.find(request["Bucket"])
    if bucket is None:
        return
    if not buckets.acls_enabled(bucket):
        raise CommonServiceException("AccessControlListNotSupported", NO_ACLS, 400)
    acl = get_access_control_policy_from_acl_request(
        request=request, owner=bucket.owner, request_body=body
    )
    if buckets.acl_is_public(acl) and buckets.blocks(bucket, "BlockPublicAcls"):
        raise _blocked(caller, "s3:PutBucketAcl", bucket.name, "public ACLs", "BlockPublicAcls")


def _put_object_acl(operation: str, request: Mapping[str, Any], caller: Principal, body) -> None:
    bucket = buckets.find(request["Bucket"])
    if bucket is None:
        return
    if not buckets.acls_enabled(bucket):
        raise CommonServiceException("AccessControlListNotSupported", NO_ACLS, 400)
    acl = get_access_control_policy_from_acl_request(
        request=request, owner=bucket.owner, request_body=body
    )
    if buckets.acl_is_public(acl) and buckets.blocks(bucket, "BlockPublicAcls"):
        resource = f"{bucket.name}/{request['Key']}"
        raise _blocked(caller, "s3:PutObjectAcl", resource, "public ACLs", "BlockPublicAcls")


def _new_object(operation: str, request: Mapping[str, Any], caller: Principal, _body) -> None:
    if not any(request.get(name) for name in ACL_PARAMETERS):
        return
    bucket = buckets.find(request["Bucket"])
    if bucket is None:
        return
    if not buckets.acls_enabled(bucket):
        if request.get("ACL") in HARMLESS_ON_ENFORCED and not _grants_given(request):
            return
        raise CommonServiceException("AccessControlListNotSupported", NO_ACLS, 400)
    acl = get_access_control_policy_for_new_resource_request(request, owner=bucket.owner)
    if buckets.acl_is_public(acl) and buckets.blocks(bucket, "BlockPublicAcls"):
        resource = f"{bucket.name}/{request['Key']}"
        raise _blocked(caller, "s3:PutObject", resource, "public ACLs", "BlockPublicAcls")


def _grants_given(request: Mapping[str, Any]) -> bool:
    return any(request.get(name) for name in ACL_PARAMETERS[1:])


def _create_bucket(operation: str, request: Mapping[str, Any], caller: Principal, _body) -> None:
    ownership = request.get("ObjectOwnership") or buckets.ENFORCED
    acl_given = request.get("ACL") not in (None, "private") or _grants_given(request)
    if not acl_given:
        return
    if ownership == buckets.ENFORCED:
        raise CommonServiceException("InvalidBucketAclWithObjectOwnership", ACLS_AND_ENFORCED, 400)
    owner = {"ID": canonical_id(caller.account)}
    acl = get_access_control_policy_for_new_resource_request(request, owner=owner)
    if buckets.acl_is_public(acl):
        # A new bucket has all of Block Public Access on.
        raise _blocked(
            caller, "s3:CreateBucket", request["Bucket"], "public ACLs", "BlockPublicAcls"
        )


def _put_ownership(operation: str, request: Mapping[str, Any], caller: Principal, _body) -> None:
    bucket = buckets.find(request["Bucket"])
    rules = (request.get("OwnershipControls") or {}).get("Rules") or ()
    if bucket is None or not any(r.get("ObjectOwnership") == buckets.ENFORCED for r in rules):
        return
    owner = canonical_id(bucket.bucket_account_id)
    if any(grant.grantee != owner for grant in buckets.grants(bucket.acl)):
        raise CommonServiceException("InvalidBucketAclWithObjectOwnership", ACLS_AND_ENFORCED, 400)


_RULES = {
    "PutBucketPolicy": _put_policy,
    "PutBucketAcl": _put_bucket_acl,
    "PutObjectAcl": _put_object_acl,
    "CreateBucket": _create_bucket,
    "PutBucketOwnershipControls": _put_ownership,
} | dict.fromkeys(NEW_OBJECT, _new_object)
