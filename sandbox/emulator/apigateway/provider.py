"""Amazon API Gateway, REST APIs: LocalStack's provider with our chain of handlers.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

from localstack.services.apigateway.next_gen.provider import ApigatewayNextGenProvider
from localstack.services.apigateway.patches import apply_patches


class SandboxApigatewayProvider(ApigatewayNextGenProvider):
    """`apigateway:sandbox`."""

    def on_after_init(self) -> None:
        """LocalStack's patches of moto; calls of APIs come through the gateway, not through its routes."""
        apply_patches()
