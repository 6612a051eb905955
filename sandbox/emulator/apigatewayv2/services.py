"""First-class integrations of HTTP APIs with services of AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.emulator.apigatewayv2 import selection
from sandbox.emulator.apigatewayv2.call import Call, server_error
from sandbox.emulator.apigatewayv2.events import Answer
from sandbox.emulator.apigatewayv2.models import Resource
from sandbox.emulator.execute_api import roles

# Subtype -> (service, operation, parameters that must be there, those that may be).
SUBTYPES: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "EventBridge-PutEvents": (
        "events",
        "put_events",
        ("Detail", "DetailType", "Source"),
        ("Time", "EventBusName", "Resources", "Region", "TraceHeader"),
    ),
    "SQS-SendMessage": (
        "sqs",
        "send_message",
        ("QueueUrl", "MessageBody"),
        (
            "DelaySeconds",
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageSystemAttributes",
            "Region",
        ),
    ),
    "SQS-ReceiveMessage": (
        "sqs",
        "receive_message",
        ("QueueUrl",),
        (
            "AttributeNames",
            "MaxNumberOfMessages",
            "MessageAttributeNames",
            "ReceiveRequestAttemptId",
            "VisibilityTimeout",
            "WaitTimeSeconds",
            "Region",
        ),
    ),
    "SQS-DeleteMessage": ("sqs", "delete_message", ("ReceiptHandle", "QueueUrl"), ("Region",)),
    "SQS-PurgeQueue": ("sqs", "purge_queue", ("QueueUrl",), ("Region",)),
    "Kinesis-PutRecord": (
        "kinesis",
        "put_record",
        ("StreamName", "Data", "PartitionKey"),
        ("SequenceNumberForOrdering", "ExplicitHashKey", "Region"),
    ),
    "StepFunctions-StartExecution": (
        "stepfunctions",
        "start_execution",
        ("StateMachineArn",),
        ("Name", "Input", "Region"),
    ),
    "StepFunctions-StartSyncExecution": (
        "stepfunctions",
        "start_sync_execution",
        ("StateMachineArn",),
        ("Name", "Input", "Region", "TraceHeader"),
    ),
    "StepFunctions-StopExecution": (
        "stepfunctions",
        "stop_execution",
        ("ExecutionArn",),
        ("Cause", "Error", "Region"),
    ),
}
NUMBERS = {"DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"}
DOCUMENTS = {"MessageAttributes", "MessageSystemAttributes", "AttributeNames", "Resources"}
DOCUMENTS |= {"MessageAttributeNames"}


def problem(integration: Resource) -> str | None:
    """Why a service integration cannot be made; None when it can."""
    subtype = integration["IntegrationSubtype"]
    name = subtype.removesuffix("-1.0")
    if name not in SUBTYPES:
        return f"Integration subtype {subtype} is not supported."
    _, _, required, optional = SUBTYPES[name]
    given = set(integration.get("RequestParameters") or {})
    missing = [parameter for parameter in required if parameter not in given]
    if missing:
        return f"Missing required request parameters: {', '.join(missing)}"
    unknown = given - set(required) - set(optional)
    if unknown:
        return f"Invalid request parameters for {subtype}: {', '.join(sorted(unknown))}"
    if not integration.get("CredentialsArn"):
        return "CredentialsArn is required for integrations with a subtype."
    return None


def invoke(call: Call, integration: Resource) -> Answer:
    """Call the service with the integration's role; its errors are answers."""
    service, operation, _, _ = SUBTYPES[integration["IntegrationSubtype"].removesuffix("-1.0")]
    values: dict[str, Any] = {}
    for name, expression in (integration.get("RequestParameters") or {}).items():
        value = selection.value(expression, call)
        if value is None:
            continue
        if name in NUMBERS:
            values[name] = int(value) if value.isdigit() else 0
        elif name in DOCUMENTS:
            try:
                values[name] = json.loads(value)
            except ValueError:
                values[name] = [value]
        else:
            values[name] = value
    region = values.pop("Region", None) or call.api.region
    try:
        client = roles.client(service, integration["CredentialsArn"], region)
        found = getattr(client, operation)(**_shaped(service, operation, values))
    except roles.CannotAssume:
        raise server_error() from None
    except ClientError as error:
        details = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        body = {"__type": details.get("Code"), "message": details.get("Message")}
        return Answer(status, [("content-type", "application/json")], json.dumps(body).encode())
    except BotoCoreError as error:
        body = {"message": str(error)}
        return Answer(400, [("content-type", "application/json")], json.dumps(body).encode())
    found.pop("ResponseMetadata", None)
    body_text = json.dumps(found, default=str)
    return Answer(200, [("content-type", "application/json")], body_text.encode())


def _shaped(service: str, operation: str, values: dict[str, Any]) -> dict[str, Any]:
    if operation == "put_events":
        return {"Entries": [values]}
    if operation == "put_record":
        values["Data"] = str(values.get("Data", "")).encode()
    if service == "stepfunctions":
        return {name[0].lower() + name[1:]: value for name, value in values.items()}
    return values
