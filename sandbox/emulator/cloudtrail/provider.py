"""AWS CloudTrail: the event history, answered from the record of requests.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.access.refusals import named
from sandbox.emulator.cloudtrail import record
from sandbox.emulator.cloudtrail.event import event_source, is_data_event, is_read_only, to_event

MOST_RESULTS = 50
# LookupAttributes key -> column.
ATTRIBUTES = {
    "EventId": "event_id",
    "EventName": "operation",
    "Username": "user_name",
    "AccessKeyId": "access_key",
    "EventSource": "service",
    "ResourceName": "resource",
    "ReadOnly": "",
    "ResourceType": "",
}


class SandboxCloudTrailProvider:
    """`cloudtrail:sandbox`: the event history; trails would need a bucket to deliver to."""

    service = "cloudtrail"
    version = "2013-11-01"

    @handler("LookupEvents", expand=False)
    def lookup_events(self, context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        """Management events of the account and region, newest first."""
        limit = _limit(request)
        position = _position(request.get("NextToken"))
        wanted = request.get("LookupAttributes") or []
        if len(wanted) > 1:
            raise named("InvalidLookupAttributesException", "Only one attribute is allowed.", 400)
        clause, values = _where(context, request)
        found: list[dict[str, Any]] = []
        token = None
        batch = 500
        while True:
            rows = record.select(
                f"{clause} AND id < ? ORDER BY id DESC LIMIT ?", *values, position, batch
            )
            for row in rows:
                position = row["id"]
                if is_data_event(row) or not all(_matches(row, given) for given in wanted):
                    continue
                if len(found) == limit:
                    token = _token(found[-1]["_id"])
                    break
                found.append({"_id": row["id"], **to_event(row)})
            if token or len(rows) < batch:
                break
        for item in found:
            del item["_id"]
        return {"Events": found, "NextToken": token} if token else {"Events": found}

    @handler("DescribeTrails", expand=False)
    def describe_trails(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """No trails: the event history needs none."""
        return {"trailList": []}

    @handler("ListTrails", expand=False)
    def list_trails(self, context: RequestContext, request: Any) -> dict[str, Any]:
        """No trails."""
        return {"Trails": []}


def _limit(request: dict[str, Any]) -> int:
    limit = request.get("MaxResults") or MOST_RESULTS
    if not 1 <= limit <= MOST_RESULTS:
        raise named(
            "InvalidMaxResultsException",
            "A lookup may return at most 50 results; MaxResults must be between 1 and 50.",
            400,
        )
    return limit


def _where(context: RequestContext, request: dict[str, Any]) -> tuple[str, list[Any]]:
    parts, values = ["account = ?", "region = ?"], [context.account_id, context.region]
    start, end = _seconds(request.get("StartTime")), _seconds(request.get("EndTime"))
    if start is not None and end is not None and start > end:
        raise named("InvalidTimeRangeException", "The start time must be before the end time.", 400)
    if start is not None:
        parts.append("time >= ?")
        values.append(start)
    if end is not None:
        parts.append("time <= ?")
        values.append(end)
    return "WHERE " + " AND ".join(parts), values


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


def _matches(row: dict[str, Any], given: dict[str, str]) -> bool:
    key, value = given.get("AttributeKey", ""), given.get("AttributeValue", "")
    if key not in ATTRIBUTES:
        raise named("InvalidLookupAttributesException", f"{key} is not a valid attribute key.", 400)
    if key == "ReadOnly":
        return str(is_read_only(row["operation"])).lower() == value.lower()
    if key == "EventSource":
        return event_source(row["service"]) == value
    if key == "Username":
        return value in (row["user_name"], "root" if row["caller_type"] == "Root" else None)
    if key == "ResourceName":
        return value in (row["resource"], row["resource"].rsplit("/", 1)[-1].rsplit(":", 1)[-1])
    if key == "ResourceType":
        return any(item["ResourceType"] == value for item in to_event(row).get("Resources", ()))
    if key == "EventId":
        return row["event_id"] == value.replace("-", "")
    return row[ATTRIBUTES[key]] == value


def _token(identity: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"before": identity}).encode()).decode()


def _position(token: str | None) -> int:
    if not token:
        return 1 << 62
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["before"])
    except (ValueError, KeyError, TypeError):
        raise named("InvalidNextTokenException", "The token is not valid.", 400) from None
