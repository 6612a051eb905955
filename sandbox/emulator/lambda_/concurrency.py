"""How many events run at once: reserved concurrency of functions, the account's limit.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localstack.aws.api.lambda_ import TooManyRequestsException
from localstack.services.lambda_.invocation.models import lambda_stores

ACCOUNT_LIMIT = 1000

_running: dict[str, int] = defaultdict(int)
_by_account: dict[tuple[str, str], int] = defaultdict(int)
_lock = threading.Lock()


def running(function_arn: str) -> int:
    """How many events of a function (unqualified ARN) run on demand at the moment."""
    return _running[function_arn]


@contextmanager
def on_demand(function: Any, version: Any) -> Iterator[None]:
    """Count an event that uses no provisioned environment; raises TooManyRequestsException."""
    identity = version.id
    arn = identity.unqualified_arn()
    scope = (identity.account, identity.region)
    reserved = function.reserved_concurrent_executions
    with _lock:
        if reserved is not None:
            provisioned = sum(
                c.provisioned_concurrent_executions
                for c in function.provisioned_concurrency_configs.values()
            )
            if _running[arn] >= reserved - provisioned:
                raise TooManyRequestsException(
                    "Rate Exceeded.",
                    Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
                    Type="User",
                )
        elif _by_account[scope] >= _unreserved(scope):
            raise TooManyRequestsException(
                "Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded", Type="User"
            )
        else:
            _by_account[scope] += 1
        _running[arn] += 1
    try:
        yield
    finally:
        with _lock:
            _running[arn] -= 1
            if reserved is None:
                _by_account[scope] -= 1


def _unreserved(scope: tuple[str, str]) -> int:
    functions = lambda_stores[scope[0]][scope[1]].functions.values()
    return ACCOUNT_LIMIT - sum(f.reserved_concurrent_executions or 0 for f in list(functions))
