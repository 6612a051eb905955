"""The sessions of STS: what is remembered of temporary credentials.

They live in LocalStack's STS store (`sts_stores`), so that they are saved with the world.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api.sts import Credentials

from sandbox.emulator import clock
from sandbox.emulator.access import credentials
from sandbox.emulator.access.principal import Kind, Principal
from sandbox.emulator.access.refusals import named

ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_SECRET_LETTERS = string.ascii_letters + string.digits + "+/"
# A world that mints keys in a loop does not grow without end.
MOST_SESSIONS = 5000


def check_names(role_arn: str, session_name: str) -> None:
    """Raise STS's ValidationError for an ARN or a session name that cannot be one."""
    if not ROLE_ARN.fullmatch(role_arn):
        raise named("ValidationError", f"{role_arn} is invalid", 400)
    if not re.fullmatch(r"[\w+=,.@-]*", session_name):
        raise named(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
            400,
        )
    if not SESSION_NAME.fullmatch(session_name):
        bound, word = ("2", "greater") if len(session_name) < 2 else ("64", "less")
        raise named(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to "
            f"satisfy constraint: Member must have length {word} than or equal to {bound}",
            400,
        )


def as_tags(tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Tags as the store has them, by key in lower case."""
    return {key.lower(): {"Key": key, "Value": value} for key, value in tags.items()}


def _stored(caller: Principal) -> dict[str, Any]:
    return credentials.sessions(caller.account).get(caller.access_key) or {}


def checked_tags(request: Mapping[str, Any], caller: Principal) -> dict[str, dict[str, str]]:
    """The session tags of a request; raises what STS raises for impossible ones."""
    tags = {tag["Key"].lower(): tag for tag in request.get("Tags") or ()}
    if len(tags) < len(request.get("Tags") or ()):
        raise named(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            400,
        )
    if set(_stored(caller).get("transitive_tags", ())) & set(tags):
        raise named(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
            400,
        )
    if {key.lower() for key in request.get("TransitiveTagKeys") or ()} - set(tags):
        raise named(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
            400,
        )
    return tags


def transitive_keys(request: Mapping[str, Any], caller: Principal) -> list[str]:
    """The keys of tags that the next session in a chain inherits."""
    own = [key.lower() for key in request.get("TransitiveTagKeys") or ()]
    return own + list(_stored(caller).get("transitive_tags", ()))


def merged_tags(
    tags: dict[str, dict[str, str]], caller: Principal, role: Any
) -> dict[str, dict[str, str]]:
    """The tags of a role's session: the role's own, inherited ones, and those of the request."""
    stored = _stored(caller)
    inherited = {key: stored["tags"][key] for key in stored.get("transitive_tags", ())}
    given = role.tags.values() if isinstance(role.tags, dict) else role.tags or ()
    own = {tag["Key"].lower(): {"Key": tag["Key"], "Value": tag["Value"]} for tag in given}
    return own | inherited | tags


def issue(account: str, seconds: int, **session: Any) -> Credentials:
    """Make and remember credentials that end `seconds` from now on the sandbox clock."""
    from moto.iam.utils import generate_access_key_id_from_account_id

    access_key = generate_access_key_id_from_account_id(account, prefix="ASIA", total_length=20)
    secret = "".join(secrets.choice(_SECRET_LETTERS) for _ in range(40))
    token = "FwoGZXIvYXdz" + secrets.token_urlsafe(192).replace("-", "+").replace("_", "/")
    issued = clock.time()
    expires = float(int(issued + seconds))
    known = credentials.sessions(account)
    if len(known) >= MOST_SESSIONS:
        for key in [key for key, old in known.items() if old.get("expires", 0) < issued]:
            del known[key]
    known[access_key] = {
        "tags": {},
        "transitive_tags": [],
        "iam_context": {},
        "secret": secret,
        "token": token,
        "expires": expires,
        "issued_at": issued,
        **session,
    }
    return Credentials(
        AccessKeyId=access_key,
        SecretAccessKey=secret,
        SessionToken=token,
        Expiration=datetime.fromtimestamp(expires, UTC),
    )


def of_role(role: Any, session_name: str, seconds: int, **session: Any) -> Credentials:
    """Credentials of a session of `role` (moto's), as `assumed-role/ROLE/SESSION`; see `issue`."""
    return issue(
        role.account_id,
        seconds,
        kind=Kind.ROLE.value,
        arn=session_arn(role, session_name),
        user_id=f"{role.id}:{session_name}",
        name=role.name,
        role_arn=role.arn,
        session_name=session_name,
        **{"policies": None, **session},
    )


def session_arn(role: Any, session_name: str) -> str:
    """The ARN by which policies and messages name a session of `role`."""
    return f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
