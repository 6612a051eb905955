"""Where asynchronous events go afterwards: destinations and dead-letter queues.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
The execution role must be allowed to send there; otherwise the record is lost, as on AWS.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from sandbox.emulator import clock
from sandbox.emulator.lambda_ import metrics, role
from sandbox.emulator.lambda_.environment import Outcome
from sandbox.emulator.lambda_.models import WaitingEvent

LOG = logging.getLogger(__name__)
# Service of the ARN -> the action that the role needs.
ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}


def succeeded(event: WaitingEvent, version: Any, config: Any, outcome: Outcome) -> None:
    """Send the record of a success, if there is a destination for it."""
    target = _target(config, "OnSuccess")
    if target:
        record = _record(event, version, "Success", outcome)
        _send(target, version, record, "Success", event.trace)


def failed(
    event: WaitingEvent, version: Any, config: Any, outcome: Outcome | None, condition: str
) -> None:
    """Send the record of an event that was given up."""
    target = _target(config, "OnFailure")
    if target:
        record = _record(event, version, condition, outcome)
        _send(target, version, record, "Failure", event.trace)


def to_dead_letters(event: WaitingEvent, version: Any, outcome: Outcome | None) -> None:
    """Send the event itself to the function's dead-letter queue or topic."""
    config, identity = version.function_version.config, version.function_version.id
    target = config.dead_letter_arn
    if not target:
        return
    message = ""
    if outcome is not None:
        try:
            message = str(json.loads(outcome.payload).get("errorMessage", ""))
        except (ValueError, AttributeError):
            message = outcome.payload.decode(errors="replace")
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if outcome else "429"},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:1024] or "-"},
    }
    if not _permitted(target, version):
        metrics.count(identity, "DeadLetterErrors")
        return
    try:
        _deliver(target, identity, event.payload.decode(), attributes, trace=event.trace)
    except Exception as error:
        metrics.count(identity, "DeadLetterErrors")
        LOG.info("dead letter of %s: %s", event.version_arn, error)


def _target(config: Any, kind: str) -> str | None:
    destination = getattr(config, "destination_config", None) or {}
    return (destination.get(kind) or {}).get("Destination")


def _record(
    event: WaitingEvent, version: Any, condition: str, outcome: Outcome | None
) -> dict[str, Any]:
    moment = datetime.fromtimestamp(clock.time(), UTC).isoformat(timespec="milliseconds")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": moment.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": version.function_arn,
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
    }
    if outcome is not None:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": outcome.executed_version,
        }
        if outcome.is_error:
            record["responseContext"]["functionError"] = "Unhandled"
        try:
            record["responsePayload"] = json.loads(outcome.payload or b"null")
        except ValueError:
            record["responsePayload"] = outcome.payload.decode(errors="replace")
    return record


def _permitted(target: str, version: Any) -> bool:
    config, identity = version.function_version.config, version.function_version.id
    action = ACTIONS.get(target.split(":")[2])
    resource = f"{target}/*" if action == "s3:PutObject" else target
    if action and role.may(config.role, identity.function_name, action, resource):
        return True
    LOG.info("%s may not %s on %s", config.role, action, target)
    return False


def _send(target: str, version: Any, record: dict[str, Any], condition: str, trace: str) -> None:
    identity = version.function_version.id
    if not _permitted(target, version):
        metrics.count(identity, "DestinationDeliveryFailures")
        return
    try:
        text = json.dumps(record, separators=(",", ":"))
        _deliver(target, identity, text, None, condition, trace)
    except Exception as error:
        metrics.count(identity, "DestinationDeliveryFailures")
        LOG.info("destination %s: %s", target, error)


def _deliver(
    target: str,
    identity: Any,
    text: str,
    attributes: dict[str, Any] | None,
    condition: str = "Failure",
    trace: str = "",
) -> None:
    from localstack.aws.connect import connect_to

    parts = target.split(":")
    service, region, account = parts[2], parts[3] or identity.region, parts[4] or identity.account
    clients = connect_to(aws_access_key_id=account, region_name=region)
    if service == "sqs":
        url = clients.sqs.get_queue_url(QueueName=parts[5])["QueueUrl"]
        more: dict[str, Any] = {}
        if parts[5].endswith(".fifo"):
            more["MessageGroupId"] = identity.function_name
        if trace:
            more["MessageSystemAttributes"] = {
                "AWSTraceHeader": {"DataType": "String", "StringValue": trace}
            }
        clients.sqs.send_message(
            QueueUrl=url, MessageBody=text, MessageAttributes=attributes or {}, **more
        )
    elif service == "sns":
        clients.sns.publish(TopicArn=target, Message=text, MessageAttributes=attributes or {})
    elif service == "lambda":
        clients.lambda_.invoke(FunctionName=target, InvocationType="Event", Payload=text.encode())
    elif service == "events":
        clients.events.put_events(
            Entries=[
                {
                    "EventBusName": target.rpartition("/")[2],
                    "Source": "lambda",
                    "DetailType": f"Lambda Function Invocation Result - {condition}",
                    "Detail": text,
                    "Resources": [identity.unqualified_arn(), target],
                }
            ]
        )
    elif service == "s3":
        moment = datetime.fromtimestamp(clock.time(), UTC)
        name = identity.function_name
        key = f"aws/lambda/async/{name}/{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{id(text):x}"
        clients.s3.put_object(Bucket=parts[5], Key=key, Body=text.encode())
