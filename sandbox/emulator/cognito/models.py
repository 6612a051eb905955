"""What a world knows of its user pools. Plain data: everything here is saved with the world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localstack.services.stores import AccountRegionBundle, BaseStore, LocalAttribute

# Held while something is looked up and then changed (a name is taken, a code is used); never while a
# Lambda trigger runs, which may call Cognito itself.
LOCK = threading.RLock()


@dataclass
class SigningKey:
    """An RSA key of a pool; `der` is the private key (PKCS 8, DER)."""

    kid: str
    der: bytes
    jwk: dict[str, str]


@dataclass
class Code:
    """A confirmation code, kept until it is used or the next one is sent."""

    value: str
    expires: float
    attribute: str = ""


@dataclass
class Attempts:
    """How often something was tried since `since` (seconds, sandbox clock)."""

    since: float = 0.0
    count: int = 0


@dataclass
class User:
    """A user. The password itself is never kept: `salt` and `verifier` are SRP's (hexadecimal)."""

    username: str
    sub: str
    attributes: dict[str, str]
    created: float
    modified: float
    status: str = "UNCONFIRMED"
    enabled: bool = True
    salt: str = ""
    verifier: str = ""
    password_changed: float = 0.0
    previous_passwords: list[tuple[str, str]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    confirmation: Code | None = None
    reset: Code | None = None
    attribute_codes: dict[str, Code] = field(default_factory=dict)
    # Email or phone number that waits for its code while the old one stays in use.
    pending: dict[str, str] = field(default_factory=dict)
    totp_secret: str = ""
    totp_pending: str = ""
    totp_last_step: int = 0
    mfa: list[str] = field(default_factory=list)
    preferred_mfa: str = ""
    attempts: dict[str, Attempts] = field(default_factory=dict)
    locked_until: float = 0.0
    # Access tokens issued up to this moment are refused (global sign-out).
    signed_out: float = 0.0
    origin: str = ""

    @property
    def has_password(self) -> bool:
        """Whether a password was ever set."""
        return bool(self.verifier)


@dataclass
class Client:
    """An app client; `settings` is the API's UserPoolClientType without ids, secret and dates."""

    id: str
    name: str
    created: float
    modified: float
    secret: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Group:
    """A group of users."""

    name: str
    created: float
    modified: float
    description: str | None = None
    role_arn: str | None = None
    precedence: int | None = None


@dataclass
class ResourceServer:
    """A resource server and its scopes: name -> description."""

    identifier: str
    name: str
    scopes: dict[str, str] = field(default_factory=dict)


@dataclass
class Session:
    """A sign-in that waits for an answer. `kind` is the challenge's name; `data` what the flow needs."""

    kind: str
    client_id: str
    username: str
    expires: float
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class RefreshToken:
    """What is remembered of a refresh token; the key in the pool is its hash."""

    username: str
    client_id: str
    origin_jti: str
    auth_time: int
    expires: float
    scopes: list[str]
    revoked: bool = False
    # After a rotation the old token lives until its grace period ends.
    replaced_until: float | None = None
    group: str = ""


@dataclass
class Grant:
    """An authorization code of the hosted pages."""

    username: str
    client_id: str
    redirect_uri: str
    scopes: list[str]
    expires: float
    auth_time: int
    challenge: str = ""
    method: str = ""
    nonce: str = ""


@dataclass
class UserPool:
    """A user pool; `settings` is the API's UserPoolType without what has a field here."""

    id: str
    name: str
    arn: str
    account: str
    region: str
    created: float
    modified: float
    settings: dict[str, Any]
    schema: dict[str, dict[str, Any]]
    keys: list[SigningKey]
    tags: dict[str, str] = field(default_factory=dict)
    domain: str = ""
    custom_domains: dict[str, dict[str, Any]] = field(default_factory=dict)
    domain_version: int = 1
    mfa_settings: dict[str, Any] = field(default_factory=dict)
    ui: dict[str, dict[str, Any]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    # By the name as it is compared: lower case unless the pool is case sensitive.
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    resource_servers: dict[str, ResourceServer] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    # origin_jti of tokens that RevokeToken ended -> when the last of them expires by itself.
    revoked: dict[str, float] = field(default_factory=dict)
    # Hosted pages: hash of the cookie -> (username, auth_time, expires).
    web_sessions: dict[str, tuple[str, int, float]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens: AWS's own address, which clients and templates expect."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"

    @property
    def provider_name(self) -> str:
        """The name under which identity pools and logins know it."""
        return f"cognito-idp.{self.region}.amazonaws.com/{self.id}"

    @property
    def case_sensitive(self) -> bool:
        """Whether usernames are told apart by case; only pools that ask for it."""
        return bool(self.settings.get("UsernameConfiguration", {}).get("CaseSensitive", True))

    @property
    def username_attributes(self) -> list[str]:
        """`email` and `phone_number` as user names."""
        return list(self.settings.get("UsernameAttributes") or ())

    @property
    def alias_attributes(self) -> list[str]:
        """Attributes that sign in beside the user name."""
        return list(self.settings.get("AliasAttributes") or ())


class CognitoIdpStore(BaseStore):
    """The pools of one account and region."""

    pools: dict[str, UserPool] = LocalAttribute(default=dict)


stores = AccountRegionBundle("cognito-idp", CognitoIdpStore)


def all_pools() -> Iterator[UserPool]:
    """Every pool of the world."""
    for regions in list(stores.values()):
        for store in list(regions.values()):
            yield from list(store.pools.values())


def find_pool(pool_id: str) -> UserPool | None:
    """A pool by its id, which is unique in the world."""
    for regions in list(stores.values()):
        for store in list(regions.values()):
            if pool_id in store.pools:
                return store.pools[pool_id]
    return None


def find_client(client_id: str) -> tuple[UserPool, Client] | None:
    """A client and its pool: requests without a signature name nothing but the client."""
    for pool in all_pools():
        found = pool.clients.get(client_id)
        if found is not None:
            return pool, found
    return None


def find_domain(name: str) -> UserPool | None:
    """The pool that owns a domain: a prefix or a custom name."""
    for pool in all_pools():
        if name and (pool.domain == name or name in pool.custom_domains):
            return pool
    return None
