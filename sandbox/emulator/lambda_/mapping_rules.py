"""What an event source mapping may be told, by the kind of its source.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api.lambda_ import InvalidParameterValueException

from sandbox.emulator.lambda_.constraints import ValidationException, outside

POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
# Member of the request -> least and most.
NUMBERS = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "MaximumRetryAttempts": (-1, 10_000),
    "ParallelizationFactor": (1, 10),
    "TumblingWindowInSeconds": (0, 900),
}
# What only streams know; queues have a redrive policy of their own.
STREAMS_ONLY = (
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
)


def check(request: Mapping[str, Any], source_arn: str, timeout: int | None) -> None:
    """Raise in AWS's words for what the source does not take.

    `timeout` is the function's, in seconds: a queue must hide messages for as long.
    """
    faults = []
    position = request.get("StartingPosition")
    if position and position not in POSITIONS:
        faults.append(
            f"Value '{position}' at 'startingPosition' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(POSITIONS)}]"
        )
    for member, limits in NUMBERS.items():
        faults += outside(request.get(member), _camel(member), *limits)
    concurrency = (request.get("ScalingConfig") or {}).get("MaximumConcurrency")
    faults += outside(concurrency, "scalingConfig.maximumConcurrency", 2, 1000)
    if faults:
        raise ValidationException(faults)
    service = source_arn.split(":")[2] if source_arn.count(":") >= 5 else ""
    if service == "sqs":
        _check_queue(request, source_arn, timeout)
    elif service in ("dynamodb", "kinesis"):
        _check_stream(request, service, source_arn)
    elif service:
        raise _refusal(f"The sandbox has no event sources of {service}.")


def _check_queue(request: Mapping[str, Any], arn: str, timeout: int | None) -> None:
    if request.get("StartingPosition") or request.get("StartingPositionTimestamp"):
        raise _refusal("StartingPosition is not valid for SQS event sources.")
    for member in STREAMS_ONLY:
        if request.get(member):
            raise _unsupported(member)
    if arn.endswith(".fifo"):
        if request.get("MaximumBatchingWindowInSeconds"):
            raise _refusal("Batching window is not supported for FIFO queues")
        if (request.get("BatchSize") or 0) > 10:
            raise _refusal("Batch size must be less than or equal to 10 for FIFO queues")
    hidden = _visibility_seconds(arn) if timeout else None
    if timeout and hidden is not None and hidden < timeout:
        raise _refusal(
            f"Queue visibility timeout: {hidden} seconds is less than Function timeout: "
            f"{timeout} seconds"
        )


def _check_stream(request: Mapping[str, Any], service: str, arn: str) -> None:
    if request.get("ScalingConfig"):
        raise _unsupported("ScalingConfig")
    if request.get("TumblingWindowInSeconds"):
        raise _refusal("The sandbox has no tumbling windows.")
    position, moment = request.get("StartingPosition"), request.get("StartingPositionTimestamp")
    if position == "AT_TIMESTAMP" and service == "dynamodb":
        raise _refusal(f"Unsupported starting position for arn type: {arn}")
    if moment is None:
        return
    if position != "AT_TIMESTAMP":
        raise _refusal("Timestamp only valid with StartingPosition AT_TIMESTAMP")
    if moment.timestamp() < 0:
        raise _refusal(
            "Received Exception while reading from provided stream. class java.lang.Long can not be "
            "converted to a Timestamp"
        )


def _visibility_seconds(arn: str) -> int | None:
    from localstack.aws.connect import connect_to

    _, _, _, region, account, name = arn.split(":", 5)
    client = connect_to(aws_access_key_id=account, region_name=region).sqs
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    except ClientError:
        return None
    return int(found["Attributes"]["VisibilityTimeout"])


def _camel(member: str) -> str:
    return member[0].lower() + member[1:]


def _unsupported(member: str) -> InvalidParameterValueException:
    return _refusal(
        f"Unsupported '{_camel(member)}' parameter for given event source mapping type."
    )


def _refusal(text: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(text, Type="User")
