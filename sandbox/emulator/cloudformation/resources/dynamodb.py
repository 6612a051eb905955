"""DynamoDB tables.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

import time
from typing import Any

from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.resource_provider import ResourceRequest

from sandbox.emulator.cloudformation.resources.declared import (
    Model,
    Resource,
    differs,
    document,
    only,
    tag_list,
    tags_of,
    true,
)

POLL_SECONDS = 0.05
LONGEST_SECONDS = 120


class Table(Resource):
    """`AWS::DynamoDB::Table`."""

    TYPE = "AWS::DynamoDB::Table"
    REF = "TableName"
    REPLACED_BY = ("TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification")
    REQUIRED = ("KeySchema",)
    OPTIONAL = (
        "AttributeDefinitions",
        "BillingMode",
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "ImportSourceSpecification",
        "KinesisStreamSpecification",
        "LocalSecondaryIndexes",
        "OnDemandThroughput",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "ResourcePolicy",
        "SSESpecification",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "Tags",
        "TimeToLiveSpecification",
        "WarmThroughput",
    )
    ATTRIBUTES = ("Arn", "StreamArn")

    def made(self, model: Model, request: ResourceRequest) -> Model:
        if "ImportSourceSpecification" in model:
            raise ValidationError("The sandbox cannot import tables from S3.")
        name = model.get("TableName") or self.default_name(request)
        properties = {**model, "TableName": name, "Tags": tag_list(tags_of(model))}
        if stream := model.get("StreamSpecification"):
            properties["StreamSpecification"] = {**stream, "StreamEnabled": True}
        if encryption := model.get("SSESpecification"):
            properties["SSESpecification"] = _encryption(encryption)
        if model.get("BillingMode") == "PAY_PER_REQUEST":
            properties.pop("ProvisionedThroughput", None)
        request.aws_client_factory.dynamodb.create_table(**properties)
        return {"TableName": name, **_ready(request, name)}

    def changed(self, model: Model, previous: Model, request: ResourceRequest) -> Model:
        name = model["TableName"]
        change: Model = {}
        if differs(model, previous, "BillingMode", "ProvisionedThroughput"):
            change |= only(model, "BillingMode", "ProvisionedThroughput")
            change.setdefault("BillingMode", "PROVISIONED")
            if change["BillingMode"] == "PAY_PER_REQUEST":
                change.pop("ProvisionedThroughput", None)
        if differs(model, previous, "SSESpecification"):
            change["SSESpecification"] = _encryption(
                model.get("SSESpecification") or {"SSEEnabled": False}
            )
        if differs(model, previous, "TableClass"):
            change["TableClass"] = model.get("TableClass") or "STANDARD"
        if differs(model, previous, "DeletionProtectionEnabled"):
            change["DeletionProtectionEnabled"] = true(model.get("DeletionProtectionEnabled"))
        if change:
            self._update(request, name, change)
        if differs(model, previous, "StreamSpecification"):
            if previous.get("StreamSpecification"):
                self._update(request, name, {"StreamSpecification": {"StreamEnabled": False}})
            if stream := model.get("StreamSpecification"):
                wanted = {**stream, "StreamEnabled": True}
                self._update(request, name, {"StreamSpecification": wanted})
        self._indexes(model, previous, request)
        found = _ready(request, name)
        if "StreamArn" not in found:
            model.pop("StreamArn", None)
        return found

    def completed(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        dynamodb, name = request.aws_client_factory.dynamodb, model["TableName"]
        before, after = (m.get("TimeToLiveSpecification") for m in (previous, model))
        if before != after:
            if before and true(before.get("Enabled")):
                dynamodb.update_time_to_live(
                    TableName=name,
                    TimeToLiveSpecification={
                        "AttributeName": before["AttributeName"],
                        "Enabled": False,
                    },
                )
            if after and true(after.get("Enabled")):
                dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=after)
        if differs(model, previous, "PointInTimeRecoverySpecification"):
            wanted = model.get("PointInTimeRecoverySpecification") or {
                "PointInTimeRecoveryEnabled": False
            }
            if previous or true(wanted.get("PointInTimeRecoveryEnabled")):
                dynamodb.update_continuous_backups(
                    TableName=name, PointInTimeRecoverySpecification=wanted
                )
        stream = model.get("KinesisStreamSpecification")
        if stream and differs(model, previous, "KinesisStreamSpecification"):
            dynamodb.enable_kinesis_streaming_destination(
                TableName=name, StreamArn=stream["StreamArn"]
            )
        if differs(model, previous, "ResourcePolicy"):
            if policy := model.get("ResourcePolicy"):
                dynamodb.put_resource_policy(
                    ResourceArn=model["Arn"], Policy=document(policy["PolicyDocument"])
                )
            else:
                dynamodb.delete_resource_policy(ResourceArn=model["Arn"])
        if previous:
            old, new = tags_of(previous), tags_of(model)
            if gone := [key for key in old if key not in new]:
                dynamodb.untag_resource(ResourceArn=model["Arn"], TagKeys=gone)
            if new and new != old:
                dynamodb.tag_resource(ResourceArn=model["Arn"], Tags=tag_list(new))

    def removed(self, model: Model, request: ResourceRequest) -> None:
        dynamodb = request.aws_client_factory.dynamodb
        dynamodb.delete_table(TableName=model["TableName"])
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            try:
                dynamodb.describe_table(TableName=model["TableName"])
            except dynamodb.exceptions.ResourceNotFoundException:
                return
            time.sleep(POLL_SECONDS)

    def _indexes(self, model: Model, previous: Model, request: ResourceRequest) -> None:
        old, new = (
            {one["IndexName"]: one for one in m.get("GlobalSecondaryIndexes") or ()}
            for m in (previous, model)
        )
        shape = ("KeySchema", "Projection")
        gone = [
            name for name, one in old.items() if name not in new or differs(new[name], one, *shape)
        ]
        added = [name for name in new if name not in old or name in gone]
        if len({*gone, *added}) > 1 or (gone and added):
            raise ValidationError(
                "Cannot perform more than one GSI creation or deletion in a single update"
            )
        definitions = model.get("AttributeDefinitions") or []
        table = model["TableName"]
        for name in gone:
            change = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
            self._update(request, table, change)
        for name in added:
            self._update(
                request,
                table,
                {
                    "AttributeDefinitions": definitions,
                    "GlobalSecondaryIndexUpdates": [{"Create": _index(new[name], model)}],
                },
            )
        for name in old.keys() & new.keys() - set(gone):
            if differs(new[name], old[name], "ProvisionedThroughput") and new[name].get(
                "ProvisionedThroughput"
            ):
                change = {
                    "IndexName": name,
                    "ProvisionedThroughput": new[name]["ProvisionedThroughput"],
                }
                self._update(request, table, {"GlobalSecondaryIndexUpdates": [{"Update": change}]})

    @staticmethod
    def _update(request: ResourceRequest, name: str, change: Model) -> None:
        request.aws_client_factory.dynamodb.update_table(TableName=name, **change)
        _ready(request, name)


def _index(index: Model, model: Model) -> Model:
    found = only(index, "IndexName", "KeySchema", "Projection", "ProvisionedThroughput")
    if model.get("BillingMode") == "PAY_PER_REQUEST":
        found.pop("ProvisionedThroughput", None)
    return found


def _encryption(given: Model) -> Model:
    found = {"Enabled": true(given.get("SSEEnabled"))}
    return {**found, **only(given, "KMSMasterKeyId", "SSEType")}


def _ready(request: ResourceRequest, name: str) -> Model:
    """Wait until the table and its indexes are active; its ARN and its stream's."""
    dynamodb = request.aws_client_factory.dynamodb
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        table: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes") or ()
        if table["TableStatus"] == "ACTIVE" and all(
            one.get("IndexStatus", "ACTIVE") == "ACTIVE" for one in indexes
        ):
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"Table {name} did not become active in time")
        time.sleep(POLL_SECONDS)
    found = {"Arn": table["TableArn"]}
    if (table.get("StreamSpecification") or {}).get("StreamEnabled"):
        found["StreamArn"] = table["LatestStreamArn"]
    return found


TYPES = (Table,)
