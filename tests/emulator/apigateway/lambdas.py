"""Functions for tests."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any


def zipped(code: str) -> bytes:
    """A deployment package with one module, `index`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return buffer.getvalue()


class Function:
    """A Python function; `allow` gives API Gateway the permission to call it."""

    def __init__(self, emulator: Any, code: str, *, timeout: int = 10, **options: Any) -> None:
        self.client = emulator.client("lambda")
        self.name = f"f-{uuid.uuid4().hex[:8]}"
        iam = emulator.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(trust))[
            "Role"
        ]["Arn"]
        self.arn = self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Role=self.role,
            Handler="index.handler",
            Code={"ZipFile": zipped(code)},
            Timeout=timeout,
            **options,
        )["FunctionArn"]
        self.client.get_waiter("function_active_v2").wait(FunctionName=self.name)

    @property
    def uri(self) -> str:
        """The URI of an integration or authorizer."""
        return (
            f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.arn}/invocations"
        )

    def allow(self, source: str) -> Function:
        """Let API Gateway call it for an API's ARN pattern."""
        self.client.add_permission(
            FunctionName=self.name,
            StatementId=uuid.uuid4().hex,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source,
        )
        return self
