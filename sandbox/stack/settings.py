"""Settings of the emulator process, in LocalStack's vocabulary."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Services whose provider is ours instead of LocalStack's; each is an entry point `SERVICE:sandbox`.
OWN_PROVIDERS = (
    "apigateway",
    "apigatewayv2",
    "cloudformation",
    "cloudtrail",
    "cognito-identity",
    "cognito-idp",
    "dynamodb",
    "dynamodbstreams",
    "iam",
    "kinesis",
    "lambda",
    "s3",
    "sts",
)

# Variables of the student's shell that would change what the emulator does or whom it calls.
FOREIGN_PREFIXES = ("AWS_", "LOCALSTACK_", "PROVIDER_OVERRIDE_", "LAMBDA_", "S3_", "DYNAMODB_")


def emulator_environment(
    *, port: int, host: str, world: str, world_directory: Path, run_directory: Path, ephemeral: bool
) -> dict[str, str]:
    """The whole environment of the emulator process that serves `world` on `host:port`.

    Every folder is the instance's own, so that two sandboxes on two ports never share a file.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN_PREFIXES)
        and name not in ("DEBUG", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME")
    }
    temporary = run_directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {
        "SANDBOX_WORLD": world,
        "SANDBOX_WORLD_DIR": str(world_directory),
        "SANDBOX_RUN_DIR": str(run_directory),
        "SANDBOX_HOME_DIR": str(run_directory.parent.parent),
        "SANDBOX_EPHEMERAL": "1" if ephemeral else "0",
        "RUNTIME_COMPONENTS": "sandbox",
        "GATEWAY_LISTEN": f"{host}:{port}",
        "LOCALSTACK_HOST": f"localhost:{port}",
        "LOCALSTACK_VOLUME_DIR": str(run_directory / "volume"),
        "FILESYSTEM_ROOT": str(run_directory / "root"),
        "SANDBOX_TMP_DIR": str(temporary),
        # No telemetry, no downloads, no name server: the sandbox talks to nobody.
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
        "ACTIVATE_PRO": "0",
        # A line per request costs more than most requests; `sandbox events` has them.
        "LS_LOG": "warning",
        # Calls between services stay in the process instead of going through a socket.
        "IN_MEMORY_CLIENT": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Keys that IAM issues begin with AKIA and ASIA, as on AWS, and tell their account.
        "PARITY_AWS_ACCESS_KEY_ID": "1",
        # A resource type that cannot be made fails its stack instead of being "unknown".
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
        # A message or record that comes after a quiet time is seen within a second, not within ten.
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
        "MALLOC_ARENA_MAX": "2",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    for service in OWN_PROVIDERS:
        own[f"PROVIDER_OVERRIDE_{service.upper().replace('-', '_')}"] = "sandbox"
    return inherited | own
