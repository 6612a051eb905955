"""DynamoDB: what the engine does not do itself.

LocalStack's v2 provider is the base. Operations on tables, items, tags and TTL settings never reach it:
the engine answers them before (`fast_path`). Here are limits, backups and point-in-time recovery, and
clear refusals for what the sandbox does not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from localstack.aws.api import (
    CommonServiceException,
    RequestContext,
    ServiceRequest,
    ServiceResponse,
)
from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.client import parse_response
from localstack.http import Response
from localstack.services.dynamodb.models import dynamodb_stores
from localstack.services.dynamodb.v2.provider import DynamoDBProvider
from localstack.services.plugins import ServiceLifecycleHook
from localstack.state import StateVisitor

from sandbox.emulator import clock
from sandbox.emulator.dynamodb import arns, backups, engine, expiry, wire
from sandbox.emulator.dynamodb.errors import DynamoDBError, invalid

BACKUP_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
MOST_BACKUPS_LISTED = 100

# What the sandbox does not have, by operation; each answers with a sentence instead of a false success.
REFUSED = {
    "CreateGlobalTable": "global tables",
    "DescribeContributorInsights": "contributor insights",
    "DescribeExport": "exports to S3",
    "DescribeGlobalTable": "global tables",
    "DescribeGlobalTableSettings": "global tables",
    "DescribeImport": "imports from S3",
    "DescribeTableReplicaAutoScaling": "global tables",
    "DeleteResourcePolicy": "resource policies of tables",
    "DisableKinesisStreamingDestination": "Kinesis destinations",
    "EnableKinesisStreamingDestination": "Kinesis destinations",
    "ExportTableToPointInTime": "exports to S3",
    "GetResourcePolicy": "resource policies of tables",
    "ImportTable": "imports from S3",
    "PutResourcePolicy": "resource policies of tables",
    "UpdateContributorInsights": "contributor insights",
    "UpdateGlobalTable": "global tables",
    "UpdateGlobalTableSettings": "global tables",
    "UpdateKinesisStreamingDestination": "Kinesis destinations",
    "UpdateTableReplicaAutoScaling": "global tables",
}


def forward(
    context: RequestContext, request: dict[str, Any] | None = None, *, service: str = "dynamodb"
) -> ServiceResponse:
    """Send the context's request (or another one) to the engine and return what it answered.

    Raises the AWS error that the engine answered.
    """
    body = None
    if request is None:
        body = context.request.get_data(cache=True)
        request = json.loads(body)
    answer = wire.call(
        context.account_id, context.region, context.operation.name, request, body, service=service
    )
    if answer.error is not None:
        raise service_exception(answer.error)
    reply = Response(answer.body, status=answer.status, mimetype="application/x-amz-json-1.0")
    return parse_response(context.operation, "json", reply, include_response_metadata=False)


def service_exception(error: DynamoDBError) -> CommonServiceException:
    """The exception that LocalStack's serializer turns into this error."""
    return CommonServiceException(
        error.code, error.message, status_code=error.status, sender_fault=error.status < 500
    )


@contextmanager
def _aws_errors() -> Iterator[None]:
    try:
        yield
    except DynamoDBError as error:
        raise service_exception(error) from None


class SandboxDynamoDBProvider(DynamoDBProvider):
    """Limits, backups and point-in-time recovery on top of the engine."""

    def __init__(self) -> None:
        # Upstream's __init__ prepares DynamoDB Local.
        pass

    def on_after_init(self) -> None:
        """Nothing of upstream's: no ARNs to repair (`wire` does), no shell of DynamoDB Local."""

    def on_before_start(self) -> None:
        """Nothing of upstream's: engines start when they are asked."""

    def on_before_stop(self) -> None:
        """End the engines."""
        engine.stop_all()

    def warm(self) -> None:
        """Start the engine of the account that everybody uses, ahead of the first request."""
        engine.warm()
        expiry.start()

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """The store alone: the engine keeps its tables itself."""
        visitor.visit(dynamodb_stores)

    on_before_state_reset = ServiceLifecycleHook.on_before_state_reset
    on_before_state_load = ServiceLifecycleHook.on_before_state_load
    on_after_state_reset = ServiceLifecycleHook.on_after_state_reset
    on_after_state_load = ServiceLifecycleHook.on_after_state_load

    def forward_request(
        self, context: RequestContext, service_request: ServiceRequest | None = None
    ) -> ServiceResponse:
        """What every operation of upstream's provider ends in."""
        return forward(context, service_request)

    def describe_limits(self, context: RequestContext, **kwargs: Any) -> Any:
        """The default quotas of an account in a region."""
        return {
            "AccountMaxReadCapacityUnits": 80000,
            "AccountMaxWriteCapacityUnits": 80000,
            "TableMaxReadCapacityUnits": 40000,
            "TableMaxWriteCapacityUnits": 40000,
        }

    def describe_endpoints(self, context: RequestContext, **kwargs: Any) -> Any:
        """The endpoint that the client already uses."""
        return {"Endpoints": [{"Address": context.request.host, "CachePeriodInMinutes": 1440}]}

    def list_exports(self, context: RequestContext, **kwargs: Any) -> Any:
        """There are none: `ExportTableToPointInTime` is refused."""
        return {"ExportSummaries": []}

    def list_imports(self, context: RequestContext, **kwargs: Any) -> Any:
        """There are none: `ImportTable` is refused."""
        return {"ImportSummaryList": []}

    def list_global_tables(self, context: RequestContext, **kwargs: Any) -> Any:
        """There are none: `CreateGlobalTable` is refused."""
        return {"GlobalTables": []}

    def list_contributor_insights(self, context: RequestContext, **kwargs: Any) -> Any:
        """There are none: `UpdateContributorInsights` is refused."""
        return {"ContributorInsightsSummaries": []}

    def create_backup(
        self, context: RequestContext, table_name: str, backup_name: str, **kwargs: Any
    ) -> Any:
        """Copy a table into the world's folder."""
        with _aws_errors():
            if not BACKUP_NAME.fullmatch(backup_name):
                raise invalid(
                    f"1 validation error detected: Value '{backup_name}' at 'backupName' failed to "
                    "satisfy constraint: Member must satisfy regular expression pattern: "
                    "[a-zA-Z0-9_.-]+"
                )
            table = _table_name(context, table_name)
            details = backups.create(context.account_id, context.region, table, backup_name)
        return {"BackupDetails": details}

    def describe_backup(self, context: RequestContext, backup_arn: str, **kwargs: Any) -> Any:
        """A backup and the table it was made of."""
        with _aws_errors():
            found = backups.read(context.account_id, context.region, backup_arn)
        return {"BackupDescription": _backup_description(found)}

    def delete_backup(self, context: RequestContext, backup_arn: str, **kwargs: Any) -> Any:
        """Remove a backup."""
        with _aws_errors():
            found = backups.delete(context.account_id, context.region, backup_arn)
        return {"BackupDescription": _backup_description(found)}

    def list_backups(
        self,
        context: RequestContext,
        table_name: str | None = None,
        limit: int | None = None,
        time_range_lower_bound: datetime | None = None,
        time_range_upper_bound: datetime | None = None,
        exclusive_start_backup_arn: str | None = None,
        backup_type: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Backups of one table or of all, in order of time, paged by `limit`."""
        with _aws_errors():
            table = _table_name(context, table_name) if table_name else None
        found = [
            _summary(backup)
            for backup in backups.list_all(context.account_id, context.region)
            if table in (None, backup["table"]["TableName"])
        ]
        if backup_type not in (None, "USER", "ALL"):
            found = []
        if time_range_lower_bound is not None:
            lower = time_range_lower_bound.timestamp()
            found = [entry for entry in found if entry["BackupCreationDateTime"] >= lower]
        if time_range_upper_bound is not None:
            upper = time_range_upper_bound.timestamp()
            found = [entry for entry in found if entry["BackupCreationDateTime"] < upper]
        position = [entry["BackupArn"] for entry in found]
        if exclusive_start_backup_arn in position:
            found = found[position.index(exclusive_start_backup_arn) + 1 :]
        page = found[: limit or MOST_BACKUPS_LISTED]
        answer: dict[str, Any] = {"BackupSummaries": page}
        if len(page) < len(found):
            answer["LastEvaluatedBackupArn"] = page[-1]["BackupArn"]
        return answer

    def restore_table_from_backup(
        self, context: RequestContext, target_table_name: str, backup_arn: str, **kwargs: Any
    ) -> Any:
        """Make a new table from a backup; it is complete when the call returns."""
        with _aws_errors():
            made = backups.restore(
                context.account_id,
                context.region,
                backup_arn,
                target_table_name,
                _overrides(kwargs),
            )
        return {"TableDescription": made}

    def describe_continuous_backups(
        self, context: RequestContext, table_name: str, **kwargs: Any
    ) -> Any:
        """Whether point-in-time recovery is on."""
        with _aws_errors():
            table = _table_name(context, table_name)
            description = backups.table_description(context.account_id, context.region, table)
        return {"ContinuousBackupsDescription": _continuous_backups(context, description)}

    def update_continuous_backups(
        self,
        context: RequestContext,
        table_name: str,
        point_in_time_recovery_specification: Any,
        **kwargs: Any,
    ) -> Any:
        """Turn point-in-time recovery on or off."""
        with _aws_errors():
            table = _table_name(context, table_name)
            description = backups.table_description(context.account_id, context.region, table)
        enabled = bool(point_in_time_recovery_specification.get("PointInTimeRecoveryEnabled"))
        store = dynamodb_stores[context.account_id][context.region]
        store.table_properties[table] = {
            # A table of the same name that is created later starts without.
            "TableId": description["TableId"],
            "RecoveryPeriodInDays": point_in_time_recovery_specification.get("RecoveryPeriodInDays")
            or 35,
            "EnabledAt": clock.time() if enabled else None,
        }
        return {"ContinuousBackupsDescription": _continuous_backups(context, description)}

    def restore_table_to_point_in_time(
        self,
        context: RequestContext,
        target_table_name: str,
        source_table_arn: str | None = None,
        source_table_name: str | None = None,
        use_latest_restorable_time: bool | None = None,
        restore_date_time: datetime | None = None,
        **kwargs: Any,
    ) -> Any:
        """Copy a table as it is now; the sandbox keeps no history of items."""
        with _aws_errors():
            table = _table_name(context, source_table_arn or source_table_name or "")
            account, region = context.account_id, context.region
            description = backups.table_description(account, region, table)
            status = _continuous_backups(context, description)["PointInTimeRecoveryDescription"]
            if status["PointInTimeRecoveryStatus"] != "ENABLED":
                raise DynamoDBError(
                    "PointInTimeRecoveryUnavailableException",
                    f"Point in time recovery is not enabled for table '{table}'",
                )
            if not use_latest_restorable_time:
                raise DynamoDBError(
                    "InvalidRestoreTimeException",
                    "The sandbox keeps no history of items: only UseLatestRestorableTime works.",
                )
            content = backups.items(account, region, table)
            made = backups.fill(
                account, region, description, content, target_table_name, _overrides(kwargs)
            )
        made["RestoreSummary"] = {
            "SourceTableArn": description["TableArn"],
            "RestoreDateTime": clock.time(),
            "RestoreInProgress": False,
        }
        return {"TableDescription": made}


def _refusal(method: str, operation: str, feature: str) -> Callable[..., Any]:
    def refuse(self: SandboxDynamoDBProvider, context: RequestContext, request: Any) -> Any:
        raise service_exception(invalid(f"{operation}: the sandbox has no {feature}."))

    # LocalStack finds the method by its function's name.
    refuse.__name__ = method
    refuse.__doc__ = f"Refused: no {feature}."
    refuse.operation = operation  # type: ignore[attr-defined]
    refuse.expand_parameters = False  # type: ignore[attr-defined]
    refuse.pass_context = True  # type: ignore[attr-defined]
    return refuse


for _operation, _feature in REFUSED.items():
    _method = next(
        name
        for name, member in vars(DynamodbApi).items()
        if getattr(member, "operation", None) == _operation
    )
    setattr(SandboxDynamoDBProvider, _method, _refusal(_method, _operation, _feature))


def _table_name(context: RequestContext, name_or_arn: str) -> str:
    request = {"TableName": name_or_arn}
    arns.name_tables(request, context.account_id, context.region)
    return request["TableName"]


def _overrides(arguments: dict[str, Any]) -> dict[str, Any]:
    members = {
        "billing_mode_override": "BillingMode",
        "global_secondary_index_override": "GlobalSecondaryIndexes",
        "local_secondary_index_override": "LocalSecondaryIndexes",
        "provisioned_throughput_override": "ProvisionedThroughput",
    }
    return {
        members[name]: value
        for name, value in arguments.items()
        if name in members and value is not None
    }


def _continuous_backups(context: RequestContext, description: dict[str, Any]) -> dict[str, Any]:
    store = dynamodb_stores[context.account_id][context.region]
    settings = store.table_properties.get(description["TableName"]) or {}
    enabled_at = settings.get("EnabledAt")
    if enabled_at is None or settings.get("TableId") != description["TableId"]:
        recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    else:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": settings["RecoveryPeriodInDays"],
            "EarliestRestorableDateTime": enabled_at,
            "LatestRestorableDateTime": clock.time(),
        }
    return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}


def _summary(backup: dict[str, Any]) -> dict[str, Any]:
    table = backup["table"]
    return {
        "TableName": table["TableName"],
        "TableId": table["TableId"],
        "TableArn": table["TableArn"],
        **backup["details"],
    }


def _backup_description(backup: dict[str, Any]) -> dict[str, Any]:
    table = backup["table"]
    source = {
        "TableName": table["TableName"],
        "TableId": table["TableId"],
        "TableArn": table["TableArn"],
        "TableSizeBytes": table["TableSizeBytes"],
        "ItemCount": table["ItemCount"],
        "KeySchema": table["KeySchema"],
        "TableCreationDateTime": table["CreationDateTime"],
        "ProvisionedThroughput": {
            name: table["ProvisionedThroughput"][name]
            for name in ("ReadCapacityUnits", "WriteCapacityUnits")
        },
        "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
    }
    features = {
        member: [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in table[member]
        ]
        for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        if table.get(member)
    }
    return {
        "BackupDetails": backup["details"],
        "SourceTableDetails": source,
        "SourceTableFeatureDetails": features,
    }
