"""The starting state of a lab: runs its `provision.py`, inside the command or alone.

`provision.py` has one function, `provision(aws, values)`: `aws("s3")` is a boto3 client of the
account's root, `values` are the lab's seeded values. It may run on a world that it has run on before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.labs.manifest import Lab, LabError, read
from sandbox.labs.values import Values, load_function, student, values_of

Aws = Callable[..., Any]


def clients(endpoint: str) -> Aws:
    """`aws(service, region="us-east-1")`: boto3 clients of the root of account 000000000000."""
    import boto3
    from botocore.config import Config

    session = boto3.Session("test", "test", region_name="us-east-1")

    def aws(service: str, region: str = "us-east-1", **config: Any) -> Any:
        config.setdefault("s3", {"addressing_style": "path"})
        return session.client(
            service, endpoint_url=endpoint, region_name=region, config=Config(**config)
        )

    return aws


def provision(lab: Lab, endpoint: str, values: Values) -> None:
    """Make the starting state of `lab` in the world at `endpoint`; raises LabError with the reason."""
    file = lab.folder / "provision.py"
    if not file.exists():
        return
    function = load_function(file, "provision")
    try:
        function(clients(endpoint), values)
    except LabError:
        raise
    except Exception as error:
        raise LabError(
            f"The starting state of lab {lab.id} could not be made: {type(error).__name__}: {error}",
            f"Look at the sandbox's log (sandbox logs) and at {file}",
        ) from error


def run_alone(file: str) -> None:
    """What a `provision.py` calls when it is run as a script, with the settings of `sandbox env`."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        sys.exit('AWS_ENDPOINT_URL is not set. Run this first: eval "$(sandbox env)"')
    lab = read(Path(file).resolve().parent)
    try:
        provision(lab, endpoint, values_of(lab, student()))
    except LabError as error:
        sys.exit(str(error))
    print(f"The starting state of lab {lab.id} is made at {endpoint}.")
