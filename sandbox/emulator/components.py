"""The parts that LocalStack's runtime is assembled from: our gateway and our listener."""

from functools import cached_property

from localstack.runtime.components import BaseComponents


class SandboxComponents(BaseComponents):
    """Chosen with `RUNTIME_COMPONENTS=sandbox`."""

    name = "sandbox"

    @cached_property
    def gateway(self):
        from localstack.services.plugins import SERVICE_PLUGINS

        from sandbox.emulator.gateway.app import SandboxGateway

        return SandboxGateway(SERVICE_PLUGINS)

    @cached_property
    def runtime_server(self):
        from sandbox.emulator.gateway.server import SandboxServer

        return SandboxServer()
