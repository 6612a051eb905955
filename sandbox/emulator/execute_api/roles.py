"""Roles that API Gateway assumes: the trust policy must name it, and the role's policies decide.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from sandbox.emulator import clock

SERVICE = "apigateway.amazonaws.com"
SESSION_SECONDS = 3600
SPARE_SECONDS = 60


class CannotAssume(Exception):
    """The role does not exist or does not trust API Gateway."""


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials of a role; `expires` in seconds of the sandbox clock."""

    access_key: str
    secret_key: str
    token: str
    expires: float


_sessions: dict[str, Session] = {}
_clients: dict[tuple[str, str, str], tuple[str, Any]] = {}
_lock = threading.Lock()


def session(role_arn: str) -> Session:
    """Credentials of the role for an hour, the same ones until they end; raises CannotAssume."""
    role = _trusted_role(role_arn)
    with _lock:
        known = _sessions.get(role_arn)
        if known and clock.time() < known.expires - SPARE_SECONDS:
            return known
        from sandbox.emulator.iam import sessions
        from sandbox.emulator.state import saver

        issued = sessions.of_role(role, "BackplaneAssumeRoleSession", SESSION_SECONDS)
        saver.mark("sts")
        made = Session(
            issued["AccessKeyId"],
            issued["SecretAccessKey"],
            issued["SessionToken"],
            issued["Expiration"].timestamp(),
        )
        _sessions[role_arn] = made
        return made


def _trusted_role(role_arn: str) -> Any:
    from sandbox.emulator.iam import trust

    role = trust.find_role(role_arn)
    if role is None or not trust.service_may_assume(role, SERVICE):
        raise CannotAssume(role_arn)
    return role


def client(service: str, role_arn: str, region: str) -> Any:
    """A boto3 client with the role's credentials, whose calls pass access control."""
    found = session(role_arn)
    key = (service, role_arn, region)
    known = _clients.get(key)
    if known and known[0] == found.access_key:
        return known[1]
    import boto3
    from botocore.config import Config

    made = boto3.session.Session().client(
        service,
        endpoint_url=endpoint(),
        region_name=region,
        aws_access_key_id=found.access_key,
        aws_secret_access_key=found.secret_key,
        aws_session_token=found.token,
        config=Config(retries={"max_attempts": 0}, read_timeout=35, max_pool_connections=32),
    )
    _clients[key] = (found.access_key, made)
    return made


def endpoint() -> str:
    """The sandbox's own address."""
    from localstack import config

    return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"
