"""Event source mappings: upstream's pollers, started again with a restored world, and the role's rights.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.services.lambda_.event_source_mapping.esm_worker import EsmState
from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider_utils import get_function_version_from_arn

from sandbox.emulator.lambda_ import role
from sandbox.emulator.state import restore

LOG = logging.getLogger(__name__)
# Service of the source -> what the execution role must be allowed there, and AWS's name of the service.
NEEDS = {
    "sqs": (
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        "SQS",
    ),
    "dynamodb": (
        (
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:DescribeStream",
            "dynamodb:ListStreams",
        ),
        "DYNAMODB",
    ),
    "kinesis": (
        ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"),
        "KINESIS",
    ),
}
SERVICES = {"sqs": "sqs", "dynamodb": "dynamodbstreams", "kinesis": "kinesis"}


def check_role(role_arn: str, function: str, source_arn: str) -> None:
    """Raise InvalidParameterValueException when the execution role may not read the source."""
    service = source_arn.split(":")[2]
    actions, name = NEEDS.get(service, ((), service))
    for action in actions:
        # The account's streams are listed, not one of them.
        resource = "*" if action.endswith(":ListStreams") else source_arn
        if role.may(role_arn, function, action, resource):
            continue
        if resource == "*" and role.may(role_arn, function, action, source_arn):
            continue
        if service == "sqs":
            text = (
                "The provided execution role does not have permissions to call "
                f"{action.partition(':')[2]} on {name}"
            )
        else:
            text = (
                "Cannot access stream "
                f"{source_arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
                f"DescribeStream, and ListStreams Actions on your stream in IAM."
            )
        raise InvalidParameterValueException(text, Type="User")


def revive(provider: Any) -> None:
    """Start the pollers of a restored world in the background; they need other services' state."""
    wanted = [
        mapping
        for regions in list(lambda_stores.values())
        for store in list(regions.values())
        for mapping in list(store.event_source_mappings.values())
    ]
    if wanted:
        threading.Thread(
            target=_revive, args=(provider, wanted), name="lambda-mappings", daemon=True
        ).start()


def _revive(provider: Any, wanted: list[Any]) -> None:
    from localstack.runtime import events

    events.infra_ready.wait()
    for mapping in wanted:
        try:
            source = mapping.get("EventSourceArn", "::::").split(":")[2]
            restore.ensure(SERVICES.get(source, source))
            if source == "dynamodb":
                restore.ensure("dynamodb")
            execution_role = get_function_version_from_arn(mapping["FunctionArn"]).config.role
            off = (EsmState.DISABLED, EsmState.DISABLING)
            enabled = mapping.get("State", EsmState.DISABLED) not in off
            worker = EsmWorkerFactory(mapping, execution_role, enabled).get_esm_worker()
            worker.create()
            provider.esm_workers[worker.uuid] = worker
        except Exception as error:
            LOG.warning("event source mapping %s: %s", mapping.get("UUID"), error)
