"""The variables with which aws, boto3 and awslocal talk to the sandbox instead of AWS."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from sandbox.stack import paths

# The student's own settings that would win over ours; a lab must never reach a real account.
OVERRIDDEN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION")

AWS_CONFIG = """\
# Written by the sandbox; your own ~/.aws is not used in a sandbox shell.
[default]
region = us-east-1
cli_pager =
s3 =
    addressing_style = path
    signature_version = s3v4
[plugins]
version-2 = sandbox.stack.aws_plugin
"""


def variables(port: int, root: Path | None = None) -> dict[str, str]:
    """Names and values for a process that shall use the sandbox on `port`.

    Also removes (as empty strings) what would send it elsewhere, and writes `aws/config` in the home.
    """
    home = root or paths.home()
    config = home / "aws" / "config"
    if not config.exists() or config.read_text() != AWS_CONFIG:
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(AWS_CONFIG)
    return {
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws" / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "SANDBOX_HOME": str(home),
        "SANDBOX_PORT": str(port),
        "PATH": _path(),
    }


def export_lines(port: int) -> str:
    """Shell lines for `eval`."""
    lines = [f"unset {name}" for name in OVERRIDDEN]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(port).items()]
    return "\n".join(lines)


def unset_lines() -> str:
    """Shell lines that take `export_lines` back (PATH stays)."""
    return "\n".join(f"unset {name}" for name in variables(4566) if name != "PATH")


def _path() -> str:
    ours = str(Path(sys.executable).parent)
    others = [p for p in os.environ.get("PATH", "").split(os.pathsep) if p and p != ours]
    return os.pathsep.join([ours, *others])
