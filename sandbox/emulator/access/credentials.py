"""Which access keys exist, and whom they belong to.

Roots have fixed keys (`test`, or the account's number, with the secret `test`); users' keys live in IAM,
temporary ones in STS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.access import principal as principals
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.state import restore

ROOT_SECRET = "test"


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that exists: its secret, the token it needs, when it ends, and whose it is."""

    secret: str
    principal: Principal
    token: str | None = None
    expires: float | None = None
    active: bool = True


def find(access_key: str) -> Credential | None:
    """The credential of an access key id; None when nobody issued it."""
    if access_key == "test":
        return _root_credential(principals.DEFAULT_ACCOUNT, access_key)
    if len(access_key) == 12 and re.fullmatch(r"[0-9]{12}", access_key):
        return _root_credential(access_key, access_key)
    if access_key.startswith("ASIA"):
        return _session(access_key)
    if access_key.startswith(("AKIA", "LKIA")):
        return _user_key(access_key)
    return None


def _root_credential(account: str, access_key: str) -> Credential:
    return Credential(ROOT_SECRET, principals.root(account, access_key))


def iam_backends() -> Iterator[Any]:
    """moto's IAM of every account that has one."""
    restore.ensure("iam")
    from moto.iam.models import iam_backends as backends

    for account in list(backends):
        yield backends[account]["aws"]


def iam_backend(account: str) -> Any:
    """moto's IAM of one account."""
    restore.ensure("iam")
    from moto.iam.models import iam_backends as backends

    return backends[account]["aws"]


def _user_key(access_key: str) -> Credential | None:
    for backend in iam_backends():
        key = backend.access_keys.get(access_key)
        if key is None:
            continue
        user = next((u for u in backend.users.values() if key in u.access_keys), None)
        if user is None:
            return None
        return Credential(
            key.secret_access_key,
            user_principal(backend, user, access_key),
            active=key.status == "Active",
        )
    return None


def user_principal(backend: Any, user: Any, access_key: str = "") -> Principal:
    """The principal of a moto user."""
    return Principal(
        Kind.USER,
        user.account_id,
        user.arn,
        user.id,
        access_key,
        name=user.name,
        tags={tag["Key"]: tag["Value"] for tag in user.tags or ()},
    )


def sessions(account: str) -> dict[str, Any]:
    """The temporary credentials that STS issued in an account, by access key id."""
    restore.ensure("sts")
    from localstack.services.sts.models import sts_stores

    return sts_stores[account]["us-east-1"].sessions


def _session(access_key: str) -> Credential | None:
    restore.ensure("sts")
    from localstack.services.sts.models import sts_stores

    for account in list(sts_stores):
        session = sts_stores[account]["us-east-1"].sessions.get(access_key)
        if session and "secret" in session:
            return _session_credential(account, access_key, session)
    return None


def _session_credential(account: str, access_key: str, session: dict[str, Any]) -> Credential:
    policies = session.get("policies")
    found = Principal(
        Kind(session["kind"]),
        account,
        session["arn"],
        session["user_id"],
        access_key,
        name=session.get("name", ""),
        role_arn=session.get("role_arn"),
        session_name=session.get("session_name"),
        session_policies=(
            None
            if policies is None
            else tuple(document.parse(text, name) for text, name in policies)
        ),
        tags={tag["Key"]: tag["Value"] for tag in session.get("tags", {}).values()},
        source_identity=session.get("source_identity"),
        federated_provider=session.get("federated_provider"),
        web_identity=session.get("web_identity") or {},
        issued_at=session.get("issued_at"),
        mfa=session.get("mfa"),
    )
    return Credential(session["secret"], found, session["token"], session["expires"])
