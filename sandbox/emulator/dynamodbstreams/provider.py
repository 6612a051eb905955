"""DynamoDB Streams: LocalStack's v2 provider; the engine answers before it is reached."""

from __future__ import annotations

from localstack.aws.api import RequestContext, ServiceRequest, ServiceResponse
from localstack.services.dynamodbstreams.v2.provider import DynamoDBStreamsProvider

from sandbox.emulator.dynamodb.provider import forward


class SandboxDynamoDBStreamsProvider(DynamoDBStreamsProvider):
    """All four operations are the engine's (`sandbox.emulator.dynamodb.fast_path`)."""

    def __init__(self) -> None:
        # Upstream's __init__ prepares DynamoDB Local.
        self.shard_to_region: dict[str, str] = {}

    def on_after_init(self) -> None:
        """Nothing of upstream's: `wire` gives ARNs their region and account."""

    def on_before_start(self) -> None:
        """Nothing of upstream's: engines start when they are asked."""

    def forward_request(
        self, context: RequestContext, service_request: ServiceRequest | None = None
    ) -> ServiceResponse:
        """What every operation of upstream's provider ends in."""
        return forward(context, service_request, service="dynamodbstreams")
