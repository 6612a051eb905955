"""User pools for tests."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

PASSWORD = "Secret-123"


def visitor(emulator, service: str = "cognito-idp"):
    """A client without credentials, as in an app."""
    return boto3.client(
        service,
        endpoint_url=emulator.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}),
    )


def claims(token: str) -> dict[str, Any]:
    """The payload of a token, unchecked."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def refused(call, **parameters) -> tuple[str, str]:
    """Code and message of the error that a call must raise."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


class Pool:
    """A pool with one client; `app` calls without credentials."""

    def __init__(self, emulator, client: dict[str, Any] | None = None, **settings) -> None:
        self.emulator = emulator
        self.admin = emulator.client("cognito-idp")
        self.app = visitor(emulator)
        settings = {"PoolName": "test", "AutoVerifiedAttributes": ["email"], **settings}
        made = self.admin.create_user_pool(**settings)["UserPool"]
        self.id, self.arn = made["Id"], made["Arn"]
        self.client = self.add_client(**(client or {}))
        self.client_id = self.client["ClientId"]

    def add_client(self, **settings) -> dict[str, Any]:
        """Another client of the pool."""
        settings.setdefault(
            "ExplicitAuthFlows",
            [
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            ],
        )
        made = self.admin.create_user_pool_client(UserPoolId=self.id, ClientName="app", **settings)
        return made["UserPoolClient"]

    def mail(self, to: str) -> list[dict[str, Any]]:
        """Messages to an address, newest first."""
        from urllib.parse import quote

        return self.emulator.instance.call("GET", f"/mail?to={quote(to)}")["messages"]

    def code(self, to: str) -> str:
        """The newest code."""
        return next(message["code"] for message in self.mail(to) if message["code"])

    def sign_up(self, name: str | None = None, email: str | None = None, **attributes) -> str:
        """Register; returns the user name."""
        name = name or f"user-{uuid.uuid4().hex[:8]}"
        given = {"email": email or f"{name}@example.com", **attributes}
        self.app.sign_up(
            ClientId=self.client_id,
            Username=name,
            Password=PASSWORD,
            UserAttributes=[{"Name": k, "Value": v} for k, v in given.items()],
        )
        return name

    def user(self, name: str | None = None, **attributes) -> str:
        """A confirmed user."""
        name = self.sign_up(name, **attributes)
        email = attributes.get("email") or f"{name}@example.com"
        self.app.confirm_sign_up(
            ClientId=self.client_id, Username=name, ConfirmationCode=self.code(email)
        )
        return name

    def sign_in(self, name: str, password: str = PASSWORD, **more) -> dict[str, Any]:
        """The answer of InitiateAuth with a password in the clear."""
        return self.app.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password, **more},
        )

    def tokens(self, name: str, password: str = PASSWORD) -> dict[str, Any]:
        """AuthenticationResult."""
        return self.sign_in(name, password)["AuthenticationResult"]

    def srp(self, name: str, password: str = PASSWORD, client=None) -> dict[str, Any]:
        """Sign in with pycognito's SRP."""
        client = client or self.client
        return AWSSRP(
            username=name,
            password=password,
            pool_id=self.id,
            client_id=client["ClientId"],
            client=self.app,
            client_secret=client.get("ClientSecret"),
        ).authenticate_user()["AuthenticationResult"]


@pytest.fixture(scope="module")
def pool(emulator) -> Pool:
    """A plain pool that verifies mail addresses."""
    return Pool(emulator)
