"""One recorded request in CloudTrail's shape.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

READING = re.compile(r"(Get|List|Describe|Head|Lookup|Simulate|Search|BatchGet|Query|Scan|Select)")
SOURCES = {
    "stepfunctions": "states",
    "cloudwatch": "monitoring",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "opensearch": "es",
    "dynamodbstreams": "dynamodb",
}
# CloudTrail's event history has no data events: requests for objects, items, messages.
OBJECT_OPERATION = re.compile(
    r"(Get|Head|Put|Delete|Copy|Restore|Select|Post)Objects?(Acl|Tagging|Attributes|Retention|"
    r"LegalHold|Torrent|Content)?$|ListObject|ListParts|ListMultipartUploads|"
    r"(Create|Complete|Abort)MultipartUpload|UploadPart|HeadBucket$"
)
ITEM_OPERATION = re.compile(
    r"(Batch|Transact)?(Get|Put|Update|Delete|Write)Items?$|Query$|Scan$|Execute|GetRecords|"
    r"GetShardIterator"
)
DATA = {
    "execute-api": re.compile(r"Invoke|ManageConnections"),
    "s3": OBJECT_OPERATION,
    "dynamodb": ITEM_OPERATION,
    "dynamodbstreams": ITEM_OPERATION,
    "lambda": re.compile(r"Invoke"),
    "sns": re.compile(r"Publish"),
    "sqs": re.compile(r"(Send|Receive|Delete)Message|ChangeMessageVisibility"),
}
RESOURCE_TYPES = {
    ("s3", "bucket"): "AWS::S3::Bucket",
    ("iam", "user"): "AWS::IAM::User",
    ("iam", "role"): "AWS::IAM::Role",
    ("iam", "group"): "AWS::IAM::Group",
    ("iam", "policy"): "AWS::IAM::Policy",
    ("dynamodb", "table"): "AWS::DynamoDB::Table",
    ("lambda", "function"): "AWS::Lambda::Function",
}


def event_source(service: str) -> str:
    """`s3.amazonaws.com`."""
    return f"{SOURCES.get(service, service)}.amazonaws.com"


def is_read_only(operation: str) -> bool:
    """Whether the operation changes nothing."""
    return READING.match(operation) is not None


def is_data_event(row: dict[str, Any]) -> bool:
    """Whether CloudTrail would call it a data event."""
    pattern = DATA.get(row["service"])
    return pattern is not None and pattern.match(row["operation"]) is not None


def to_event(row: dict[str, Any]) -> dict[str, Any]:
    """An element of LookupEvents' answer."""
    event: dict[str, Any] = {
        "EventId": str(uuid.UUID(row["event_id"])),
        "EventName": row["operation"],
        "ReadOnly": str(is_read_only(row["operation"])).lower(),
        "EventTime": datetime.fromtimestamp(int(row["time"]), UTC),
        "EventSource": event_source(row["service"]),
        "Username": _username(row),
        "Resources": _resources(row["resource"]),
        "CloudTrailEvent": json.dumps(_document(row), separators=(",", ":")),
    }
    if row["access_key"]:
        event["AccessKeyId"] = row["access_key"]
    return event


def _username(row: dict[str, Any]) -> str:
    if row["caller_type"] == "Root":
        return "root"
    if row["caller_type"] == "AssumedRole":
        return row["caller"].rsplit("/", 1)[-1]
    return row["user_name"] or row["caller"].rsplit("/", 1)[-1]


def _resources(arn: str) -> list[dict[str, str]]:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return []
    service, rest = parts[2], parts[5]
    if service == "s3":
        name = rest.split("/", 1)[0]
        return [{"ResourceType": "AWS::S3::Bucket", "ResourceName": name}]
    kind, _, name = rest.replace(":", "/", 1).partition("/")
    found = RESOURCE_TYPES.get((service, kind))
    return [{"ResourceType": found, "ResourceName": name.rsplit("/", 1)[-1]}] if found else []


def _document(row: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(row),
        "eventTime": datetime.fromtimestamp(row["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": event_source(row["service"]),
        "eventName": row["operation"],
        "awsRegion": row["region"],
        "sourceIPAddress": row["source_ip"],
        "userAgent": f"[{row['user_agent']}]",
    }
    if row["error_code"]:
        document["errorCode"] = row["error_code"]
        if row["error_message"]:
            document["errorMessage"] = row["error_message"]
    parameters = json.loads(row["parameters"] or "{}")
    document |= {
        "requestParameters": {_lower(name): value for name, value in parameters.items()} or None,
        "responseElements": None,
        "requestID": row["request_id"],
        "eventID": str(uuid.UUID(row["event_id"])),
        "readOnly": is_read_only(row["operation"]),
        "eventType": "AwsApiCall",
        "managementEvent": not is_data_event(row),
        "recipientAccountId": row["account"],
        "eventCategory": "Data" if is_data_event(row) else "Management",
    }
    return document


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _identity(row: dict[str, Any]) -> dict[str, Any]:
    kind = row["caller_type"]
    if kind == "AWSAccount":
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    identity = {
        "type": kind,
        "principalId": row["user_id"],
        "arn": row["caller"],
        "accountId": row["account"],
        "accessKeyId": row["access_key"],
    }
    if kind == "IAMUser":
        identity["userName"] = row["user_name"]
    if kind == "AssumedRole":
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": row["user_id"].split(":", 1)[0],
                "arn": f"arn:aws:iam::{row['account']}:role/{row['user_name']}",
                "accountId": row["account"],
                "userName": row["user_name"],
            },
            "attributes": {"mfaAuthenticated": "false"},
        }
    return identity
