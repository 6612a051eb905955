"""The actions of Amazon S3's operations.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.emulator.access.actions.requirement import Requirement

# Operations on a bucket whose action has another name. What is absent here, has its own name.
BUCKET_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
# Operations on an object: the action, and the one for a request that names a version.
OBJECT_ACTIONS: dict[str, tuple[str, str]] = {
    "GetObject": ("GetObject", "GetObjectVersion"),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "SelectObjectContent": ("GetObject", "GetObject"),
    "GetObjectAcl": ("GetObjectAcl", "GetObjectVersionAcl"),
    "PutObjectAcl": ("PutObjectAcl", "PutObjectVersionAcl"),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "PutObjectTagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    "DeleteObjectTagging": ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObjectTorrent": ("GetObjectTorrent", "GetObjectVersionTorrent"),
    "DeleteObject": ("DeleteObject", "DeleteObjectVersion"),
    "PutObject": ("PutObject", "PutObject"),
    "PostObject": ("PutObject", "PutObject"),
    "CopyObject": ("PutObject", "PutObject"),
    "CreateMultipartUpload": ("PutObject", "PutObject"),
    "UploadPart": ("PutObject", "PutObject"),
    "UploadPartCopy": ("PutObject", "PutObject"),
    "CompleteMultipartUpload": ("PutObject", "PutObject"),
    "AbortMultipartUpload": ("AbortMultipartUpload", "AbortMultipartUpload"),
    "ListParts": ("ListMultipartUploadParts", "ListMultipartUploadParts"),
    "RestoreObject": ("RestoreObject", "RestoreObject"),
}
ACL_PARAMETERS = (
    "ACL",
    "GrantFullControl",
    "GrantRead",
    "GrantReadACP",
    "GrantWrite",
    "GrantWriteACP",
)


def requirements(operation: str, request: Mapping[str, Any]) -> list[Requirement]:
    """What an S3 operation with these parameters needs."""
    bucket, key = request.get("Bucket"), request.get("Key")
    if operation == "ListBuckets":
        return [Requirement("s3:ListAllMyBuckets")]
    if operation == "WriteGetObjectResponse" or not bucket:
        return [Requirement(f"s3:{operation}")]
    bucket_arn = f"arn:aws:s3:::{bucket}"
    if operation == "DeleteObjects":
        return _each_deleted(bucket_arn, request)
    if key is None and operation != "PostObject":
        found = [Requirement(f"s3:{BUCKET_ACTIONS.get(operation, operation)}", bucket_arn)]
        if operation == "CreateBucket":
            found += _create_bucket_extras(bucket_arn, request)
        return found
    return _on_object(operation, f"{bucket_arn}/{key or ''}", request)


def _on_object(operation: str, arn: str, request: Mapping[str, Any]) -> list[Requirement]:
    plain, versioned = OBJECT_ACTIONS.get(operation, (operation, operation))
    action = versioned if request.get("VersionId") else plain
    found = [Requirement(f"s3:{action}", arn)]
    if operation == "GetObjectAttributes":
        kind = "GetObjectVersion" if request.get("VersionId") else "GetObject"
        return [Requirement(f"s3:{kind}", arn), Requirement(f"s3:{kind}Attributes", arn)]
    if operation in ("CopyObject", "UploadPartCopy"):
        found.insert(0, _source(request))
    if operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        if any(request.get(name) for name in ACL_PARAMETERS):
            found.append(Requirement("s3:PutObjectAcl", arn))
        if request.get("Tagging"):
            found.append(Requirement("s3:PutObjectTagging", arn))
        if request.get("ObjectLockMode") or request.get("ObjectLockRetainUntilDate"):
            found.append(Requirement("s3:PutObjectRetention", arn))
        if request.get("ObjectLockLegalHoldStatus"):
            found.append(Requirement("s3:PutObjectLegalHold", arn))
    if operation == "DeleteObject" and request.get("BypassGovernanceRetention"):
        found.append(Requirement("s3:BypassGovernanceRetention", arn))
    return found


def _source(request: Mapping[str, Any]) -> Requirement:
    source, _, parameters = str(request.get("CopySource", "")).partition("?")
    version = dict(parse_qsl(parameters)).get("versionId")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    context = {"s3:versionid": version} if version else {}
    path = unquote(source).lstrip("/")
    if path.startswith("arn:"):
        return Requirement(action, path, context=context)
    return Requirement(action, f"arn:aws:s3:::{path}", context=context)


def _each_deleted(bucket_arn: str, request: Mapping[str, Any]) -> list[Requirement]:
    found = []
    for item in (request.get("Delete") or {}).get("Objects") or ():
        version = item.get("VersionId")
        action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
        context = {"s3:versionid": version} if version else {}
        found.append(
            Requirement(action, f"{bucket_arn}/{item.get('Key', '')}", context=context, item=item)
        )
    return found


def _create_bucket_extras(arn: str, request: Mapping[str, Any]) -> list[Requirement]:
    found = []
    if any(request.get(name) for name in ACL_PARAMETERS):
        found.append(Requirement("s3:PutBucketAcl", arn))
    if request.get("ObjectOwnership"):
        found.append(Requirement("s3:PutBucketOwnershipControls", arn))
    if request.get("ObjectLockEnabledForBucket"):
        found.append(Requirement("s3:PutBucketObjectLockConfiguration", arn))
        found.append(Requirement("s3:PutBucketVersioning", arn))
    return found
