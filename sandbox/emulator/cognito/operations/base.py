"""What every operation begins with: the model's rules, then the pool, the client, the user it names."""

from __future__ import annotations

import functools
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localstack.aws.api import RequestContext, handler

from sandbox.emulator.cognito import models, users, validation
from sandbox.emulator.cognito.errors import invalid, not_found
from sandbox.emulator.cognito.models import Client, User, UserPool

Request = Mapping[str, Any]
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits


def operation(name: str) -> Callable[[Callable], Callable]:
    """Make a method `(self, context, request) -> dict | None` answer the operation `name`."""

    def mark(function: Callable) -> Callable:
        @functools.wraps(function)
        def checked(self: Any, context: RequestContext, request: Request) -> Any:
            validation.check(context, request)
            return function(self, context, request) or {}

        return handler(name, expand=False)(checked)

    return mark


def letters(count: int, of: str = LOWER) -> str:
    """Random letters of an id or a secret."""
    return "".join(secrets.choice(of) for _ in range(count))


def store_of(context: RequestContext) -> models.CognitoIdpStore:
    """The caller's pools."""
    return models.stores[context.account_id][context.region]


def pool_of(context: RequestContext, request: Request) -> UserPool:
    """The pool of `UserPoolId`; ResourceNotFoundException when the account has no such pool."""
    pool_id = request["UserPoolId"]
    found = store_of(context).pools.get(pool_id)
    if found is None:
        raise not_found(f"User pool {pool_id} does not exist.")
    return found


def client_of(pool: UserPool, client_id: str) -> Client:
    """A pool's client; ResourceNotFoundException when it has no such client."""
    found = pool.clients.get(client_id)
    if found is None:
        raise not_found(f"User pool client {client_id} does not exist.")
    return found


def any_client(client_id: str) -> tuple[UserPool, Client]:
    """Pool and client of a request that names nothing but the client."""
    found = models.find_client(client_id)
    if found is None:
        raise not_found(f"User pool client {client_id} does not exist.")
    return found


def user_of(context: RequestContext, request: Request) -> tuple[UserPool, User]:
    """Pool and user of an `Admin...` request."""
    pool = pool_of(context, request)
    return pool, users.required(pool, request["Username"])


def page(items: Sequence[Any], token: str | None, limit: int) -> tuple[list[Any], str | None]:
    """A page of a list and the token of the next one; InvalidParameterException for a wrong token."""
    start = 0
    if token:
        if not token.startswith("CAISDA") or not token[6:].isdigit():
            raise invalid("Invalid pagination token.")
        start = int(token[6:])
    end = start + limit
    return list(items[start:end]), (f"CAISDA{end}" if end < len(items) else None)


def with_token(answer: dict[str, Any], name: str, token: str | None) -> dict[str, Any]:
    """The answer with the next page's token, if there is one."""
    if token:
        answer[name] = token
    return answer
