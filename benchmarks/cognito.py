"""Signing in."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

from benchmarks.clients import client
from benchmarks.measure import Figure, rate, repeat
from sandbox.stack import instance

PASSWORD = "Secret-123"
FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group: one pool, one user."""
    started = instance.start("cognito", ephemeral=True, home=home)
    try:
        admin = client("cognito-idp", started.endpoint)
        pool = admin.create_user_pool(PoolName="bench")["UserPool"]["Id"]
        made = admin.create_user_pool_client(
            UserPoolId=pool, ClientName="bench", ExplicitAuthFlows=FLOWS
        )
        client_id = made["UserPoolClient"]["ClientId"]
        admin.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
        admin.admin_set_user_password(
            UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True
        )
        app = _app(started.endpoint)
        refresh = _password(app, client_id)["AuthenticationResult"]["RefreshToken"]
        numbers = itertools.count()

        def create_pool() -> None:
            admin.create_user_pool(PoolName=f"pool-{next(numbers)}")

        return [
            repeat("cognito", "create a pool", create_pool, 15, "two RSA keys each"),
            repeat(
                "cognito",
                "sign in by SRP",
                lambda: _srp(app, pool, client_id),
                40,
                "two requests; the client's own arithmetic included",
            ),
            _server_part(app, pool, client_id),
            repeat("cognito", "sign in by password", lambda: _password(app, client_id), 60),
            repeat("cognito", "refresh", lambda: _refresh(app, client_id, refresh), 60),
            rate(
                "cognito",
                "sign in by password, 8 clients",
                lambda: (lambda made: lambda: _password(made, client_id))(_app(started.endpoint)),
                8,
                seconds,
            ),
        ]
    finally:
        started.stop()


def _app(endpoint: str) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 1})
    return boto3.session.Session().client(
        "cognito-idp", endpoint_url=endpoint, region_name="us-east-1", config=config
    )


def _srp(app: Any, pool: str, client_id: str) -> None:
    AWSSRP(
        username="ada", password=PASSWORD, pool_id=pool, client_id=client_id, client=app
    ).authenticate_user()


def _server_part(app: Any, pool: str, client_id: str) -> Figure:
    """The time of the two requests alone."""
    import time

    from benchmarks.measure import spread

    times = []
    for _ in range(40):
        srp = AWSSRP(
            username="ada", password=PASSWORD, pool_id=pool, client_id=client_id, client=app
        )
        parameters = srp.get_auth_params()
        begun = time.perf_counter()
        asked = app.initiate_auth(
            AuthFlow="USER_SRP_AUTH", AuthParameters=parameters, ClientId=client_id
        )
        spent = time.perf_counter() - begun
        answer = srp.process_challenge(asked["ChallengeParameters"], parameters)
        begun = time.perf_counter()
        app.respond_to_auth_challenge(
            ClientId=client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answer
        )
        times.append((spent + time.perf_counter() - begun) * 1000)
    return spread("cognito", "sign in by SRP, requests alone", times, "ms")


def _password(app: Any, client_id: str) -> dict[str, Any]:
    return app.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )


def _refresh(app: Any, client_id: str, token: str) -> None:
    app.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token)
