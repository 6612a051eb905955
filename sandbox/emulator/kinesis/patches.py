"""Changes inside LocalStack's Kinesis modules, each with the upstream function and the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_applied = False
# It ends with the emulator and listens on loopback only.
PRELOAD = Path(__file__).parent / "preload.cjs"


def apply() -> None:
    """Apply once, before the provider is made."""
    global _applied
    if _applied:
        return
    _applied = True
    from localstack.services.kinesis import kinesis_mock_server, packages

    from sandbox.emulator import world
    from sandbox.stack import node_packages

    # KinesisMockNodePackageInstaller downloads the engine when it is first needed.
    installer = packages.KinesisMockNodePackageInstaller
    program = node_packages.folder() / "node_modules" / "kinesis-local" / "main.js"
    installer.is_installed = lambda self: program.is_file()
    installer.get_installed_dir = lambda self: str(program.parent)
    installer.get_executable_path = lambda self: str(program)
    installer.install = lambda self, *_, **__: None
    packages.KinesisMockNodePackage.install = lambda self, *_, **__: None

    server = kinesis_mock_server.KinesisMockNodeServer
    upstream = server.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        # Upstream keeps streams per port, not per world.
        named["data_dir"] = None if world.ephemeral() else str(world.directory("kinesis"))
        upstream(self, *arguments, **named)

    def command(self: Any) -> tuple[list[str], dict[str, Any]]:
        # Upstream takes the Node.js that is first in PATH.
        node = str(node_packages.node_program())
        return [node, "--require", str(PRELOAD), str(self._exe_path)], self._environment_variables

    server.__init__ = init
    server._create_shell_command = command


def dispatcher(provider: Any) -> dict[str, Any]:
    """Upstream's operations; calls from inside the emulator get the Host that forwarding needs."""
    from localstack.aws.forwarder import HttpFallbackDispatcher

    def with_host(operation: Any) -> Any:
        def call(context: Any, request: Any) -> Any:
            if "HTTP_HOST" not in context.request.environ:
                context.request.environ["HTTP_HOST"] = "localhost"
                context.request.headers.setdefault("Host", "localhost")
            return operation(context, request)

        return call

    table = HttpFallbackDispatcher(provider, provider.get_forward_url)
    return {name: with_host(operation) for name, operation in table.items()}
