"""S3 buckets with today's defaults: ACLs off, Block Public Access on.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
LocalStack's type sets an ACL on every bucket, which such buckets refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack import config
from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import Model, Resource, document

# Properties that change nothing that could be seen here.
WITHOUT_EFFECT = (
    "AccelerateConfiguration",
    "AnalyticsConfigurations",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "MetricsConfigurations",
)
CANNED = {
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "BucketOwnerRead": "bucket-owner-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "LogDeliveryWrite": "log-delivery-write",
    "AwsExecRead": "aws-exec-read",
    "Private": "private",
}


class Bucket(Resource):
    """`AWS::S3::Bucket`."""

    TYPE = "AWS::S3::Bucket"
    REF = "BucketName"
    REPLACED_BY = ("BucketName", "ObjectLockEnabled")
    ATTRIBUTES = ("Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        s3, region = request.aws_client_factory.s3, request.region_name
        name = model.get("BucketName") or self.default_name(request).lower()
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(
            Bucket=name,
            **({"CreateBucketConfiguration": place} if place else {}),
            **({"ObjectLockEnabledForBucket": True} if model.get("ObjectLockEnabled") else {}),
        )
        named = {**model, "BucketName": name}
        try:
            self._configure(named, {}, request)
        except Exception:
            s3.delete_bucket(Bucket=name)
            raise
        port = config.GATEWAY_LISTEN[0].port
        return {
            "BucketName": name,
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website.{region}.localhost:{port}",
        }

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        self._configure(model, previous, request)
        return {}

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.s3.delete_bucket(Bucket=model["BucketName"])

    def _configure(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        s3, bucket = request.aws_client_factory.s3, model["BucketName"]
        known = {"BucketName", "ObjectLockEnabled", *self.ATTRIBUTES, *WITHOUT_EFFECT, *CONFIGURED}
        for name in model:
            if name not in known:
                raise ValueError(
                    f"The sandbox does not support the property {name} of {self.TYPE}."
                )
        for name, (put, take_away) in CONFIGURED.items():
            if model.get(name) == previous.get(name):
                continue
            if model.get(name) is not None:
                put(s3, bucket, model[name])
            elif take_away:
                getattr(s3, take_away)(Bucket=bucket)


def _website(s3: Any, bucket: str, wanted: Model) -> None:
    found: Model = {}
    if "IndexDocument" in wanted:
        found["IndexDocument"] = {"Suffix": wanted["IndexDocument"]}
    if "ErrorDocument" in wanted:
        found["ErrorDocument"] = {"Key": wanted["ErrorDocument"]}
    if "RedirectAllRequestsTo" in wanted:
        found["RedirectAllRequestsTo"] = wanted["RedirectAllRequestsTo"]
    if wanted.get("RoutingRules"):
        found["RoutingRules"] = [
            {
                **({"Condition": r["RoutingRuleCondition"]} if "RoutingRuleCondition" in r else {}),
                "Redirect": r["RedirectRule"],
            }
            for r in wanted["RoutingRules"]
        ]
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=found)


def _cors(s3: Any, bucket: str, wanted: Model) -> None:
    names = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
    rules = [
        {names.get(name, name): value for name, value in rule.items()}
        for rule in wanted.get("CorsRules") or ()
    ]
    for rule in rules:
        if "MaxAgeSeconds" in rule:
            rule["MaxAgeSeconds"] = int(rule["MaxAgeSeconds"])
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def _lifecycle(s3: Any, bucket: str, wanted: Model) -> None:
    rules = [_lifecycle_rule(rule) for rule in wanted.get("Rules") or ()]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Model) -> Model:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html"""
    found: Model = {"Status": rule["Status"]}
    if "Id" in rule:
        found["ID"] = rule["Id"]
    filters: list[Model] = []
    if "Prefix" in rule:
        filters.append({"Prefix": rule["Prefix"]})
    filters += [{"Tag": tag} for tag in rule.get("TagFilters") or ()]
    filters += [
        {name: int(rule[name])}
        for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
        if name in rule
    ]
    if len(filters) > 1:
        both: Model = {}
        for one in filters:
            if "Tag" in one:
                both.setdefault("Tags", []).append(one["Tag"])
            else:
                both |= one
        found["Filter"] = {"And": both}
    else:
        found["Filter"] = filters[0] if filters else {"Prefix": ""}
    expiration: Model = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpirationDate" in rule:
        expiration["Date"] = rule["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = _true(rule["ExpiredObjectDeleteMarker"])
    if expiration:
        found["Expiration"] = expiration
    transitions = [*(rule.get("Transitions") or ())]
    if rule.get("Transition"):
        transitions.append(rule["Transition"])
    if transitions:
        found["Transitions"] = [
            {
                "StorageClass": one["StorageClass"],
                **({"Days": int(one["TransitionInDays"])} if "TransitionInDays" in one else {}),
                **({"Date": one["TransitionDate"]} if "TransitionDate" in one else {}),
            }
            for one in transitions
        ]
    if "NoncurrentVersionExpirationInDays" in rule:
        days = int(rule["NoncurrentVersionExpirationInDays"])
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "NoncurrentVersionExpiration" in rule:
        found["NoncurrentVersionExpiration"] = _whole(rule["NoncurrentVersionExpiration"])
    older = [*(rule.get("NoncurrentVersionTransitions") or ())]
    if rule.get("NoncurrentVersionTransition"):
        older.append(rule["NoncurrentVersionTransition"])
    if older:
        found["NoncurrentVersionTransitions"] = [
            {
                "StorageClass": one["StorageClass"],
                "NoncurrentDays": int(one["TransitionInDays"]),
            }
            for one in older
        ]
    if "AbortIncompleteMultipartUpload" in rule:
        found["AbortIncompleteMultipartUpload"] = _whole(rule["AbortIncompleteMultipartUpload"])
    return found


def _notifications(s3: Any, bucket: str, wanted: Model) -> None:
    found: Model = {}
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    for here, (there, target, arn) in kinds.items():
        for one in wanted.get(here) or ():
            entry = {arn: one[target], "Events": [one["Event"]]}
            rules = ((one.get("Filter") or {}).get("S3Key") or {}).get("Rules")
            if rules:
                entry["Filter"] = {"Key": {"FilterRules": rules}}
            found.setdefault(there, []).append(entry)
    if "EventBridgeConfiguration" in wanted:
        found["EventBridgeConfiguration"] = {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=found)


def _encryption(s3: Any, bucket: str, wanted: Model) -> None:
    rules = [
        {
            **(
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                if "ServerSideEncryptionByDefault" in rule
                else {}
            ),
            **(
                {"BucketKeyEnabled": _true(rule["BucketKeyEnabled"])}
                if "BucketKeyEnabled" in rule
                else {}
            ),
        }
        for rule in wanted.get("ServerSideEncryptionConfiguration") or ()
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put(operation: str, argument: str, change: Callable[[Any], Any] = lambda value: value):
    def put(s3: Any, bucket: str, wanted: Any) -> None:
        getattr(s3, operation)(Bucket=bucket, **{argument: change(wanted)})

    return put


def _true(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _whole(values: Model) -> Model:
    return {name: int(value) for name, value in values.items()}


# In the order in which they depend on each other: who may use ACLs is settled before an ACL is set.
CONFIGURED: dict[str, tuple[Callable[[Any, str, Any], None], str | None]] = {
    "PublicAccessBlockConfiguration": (
        _put(
            "put_public_access_block",
            "PublicAccessBlockConfiguration",
            # What a template leaves out is off.
            lambda wanted: {name: _true(value) for name, value in wanted.items()},
        ),
        "delete_public_access_block",
    ),
    "OwnershipControls": (
        _put("put_bucket_ownership_controls", "OwnershipControls"),
        "delete_bucket_ownership_controls",
    ),
    "AccessControl": (
        _put("put_bucket_acl", "ACL", lambda name: CANNED.get(name, name)),
        None,
    ),
    "VersioningConfiguration": (_put("put_bucket_versioning", "VersioningConfiguration"), None),
    "WebsiteConfiguration": (_website, "delete_bucket_website"),
    "CorsConfiguration": (_cors, "delete_bucket_cors"),
    "LifecycleConfiguration": (_lifecycle, "delete_bucket_lifecycle"),
    "NotificationConfiguration": (_notifications, None),
    "BucketEncryption": (_encryption, "delete_bucket_encryption"),
    "LoggingConfiguration": (
        lambda s3, bucket, wanted: s3.put_bucket_logging(
            Bucket=bucket,
            BucketLoggingStatus={
                "LoggingEnabled": {
                    "TargetBucket": wanted.get("DestinationBucketName", bucket),
                    "TargetPrefix": wanted.get("LogFilePrefix", ""),
                }
            },
        ),
        None,
    ),
    "Tags": (
        _put("put_bucket_tagging", "Tagging", lambda tags: {"TagSet": tags}),
        "delete_bucket_tagging",
    ),
    "ObjectLockConfiguration": (
        _put("put_object_lock_configuration", "ObjectLockConfiguration"),
        None,
    ),
    "ReplicationConfiguration": (
        _put("put_bucket_replication", "ReplicationConfiguration"),
        "delete_bucket_replication",
    ),
}


class BucketPolicy(Resource):
    """`AWS::S3::BucketPolicy`."""

    TYPE = "AWS::S3::BucketPolicy"
    REPLACED_BY = ("Bucket",)
    REQUIRED = ("Bucket", "PolicyDocument")
    REF = "Bucket"

    def made(self, model: Model, request: ResourceRequest) -> Model:
        s3 = request.aws_client_factory.s3
        s3.put_bucket_policy(Bucket=model["Bucket"], Policy=document(model["PolicyDocument"]))
        return {}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        return self.made(model, request)

    def removed(self, model: Model, request: ResourceRequest) -> None:
        request.aws_client_factory.s3.delete_bucket_policy(Bucket=model["Bucket"])


TYPES = (Bucket, BucketPolicy)
