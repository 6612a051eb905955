"""Lambda triggers: functions of the student's that change what a pool does.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.emulator.cognito.errors import error
from sandbox.emulator.cognito.models import User, UserPool

# Cognito waits so long for a trigger. It then tries twice more, which here would only prolong the wait.
SECONDS = 5
SDK_VERSION = "aws-sdk-unknown-unknown"
_clients: dict[str, Any] = {}
_lock = threading.Lock()
_callers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="sandbox-cognito-trigger")


def configured(pool: UserPool, trigger: str) -> str | None:
    """The ARN of the function for a trigger; None without one."""
    found = (pool.settings.get("LambdaConfig") or {}).get(trigger)
    return found if isinstance(found, str) and found else None


def user_attributes(user: User) -> dict[str, str]:
    """`request.userAttributes` of every trigger."""
    return {"sub": user.sub, "cognito:user_status": user.status, **user.attributes}


def call(
    pool: UserPool,
    trigger: str,
    source: str,
    *,
    username: str | None,
    client_id: str | None,
    request: dict[str, Any],
    response: dict[str, Any] | None = None,
    version: str = "1",
) -> dict[str, Any] | None:
    """The `response` that the trigger's function returns; None without a function.

    `source` is the triggerSource (`PreSignUp_SignUp`). Raises UserLambdaValidationException when the
    function fails, UnexpectedLambdaException when it cannot be called, InvalidLambdaResponseException
    when it returns something else than the event.
    """
    arn = configured(pool, trigger)
    if arn is None:
        return None
    event = {
        "version": version,
        "region": pool.region,
        "userPoolId": pool.id,
        "userName": username,
        "callerContext": {
            "awsSdkVersion": SDK_VERSION,
            "clientId": client_id or "CLIENT_ID_NOT_APPLICABLE",
        },
        "triggerSource": source,
        "request": request,
        "response": response or {},
    }
    answer = _invoke(pool, trigger, arn, event)
    found = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise error("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return found


def _invoke(pool: UserPool, trigger: str, arn: str, event: dict[str, Any]) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        failed, payload = _callers.submit(_call, pool, arn, json.dumps(event).encode()).result(
            timeout=SECONDS
        )
    except ClientError as failure:
        code = failure.response.get("Error", {}).get("Code", "")
        raise error(
            "UnexpectedLambdaException", f"{trigger} invocation failed due to error {code}."
        ) from failure
    except (BotoCoreError, TimeoutError) as failure:
        raise _timed_out(trigger) from failure
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        raise error("InvalidLambdaResponseException", "Unrecognizable lambda output") from None
    if failed:
        message = answer.get("errorMessage", "") if isinstance(answer, dict) else ""
        if "Task timed out" in message:
            raise _timed_out(trigger)
        raise error("UserLambdaValidationException", f"{trigger} failed with error {message}.")
    return answer


def _call(pool: UserPool, arn: str, payload: bytes) -> tuple[bool, bytes]:
    """Whether the function failed, and what it returned."""
    client = _client(pool.region).request_metadata(
        service_principal="cognito-idp", source_arn=pool.arn
    )
    found = client.invoke(FunctionName=arn, Payload=payload)
    return bool(found.get("FunctionError")), found["Payload"].read()


def _timed_out(trigger: str):
    return error(
        "UnexpectedLambdaException",
        f"{trigger} invocation failed due to error Socket timeout while invoking Lambda function.",
    )


def _client(region: str) -> Any:
    with _lock:
        if region not in _clients:
            from botocore.config import Config
            from localstack.aws.connect import connect_to

            config = Config(retries={"max_attempts": 0}, read_timeout=35)
            _clients[region] = connect_to(region_name=region, config=config).lambda_
        return _clients[region]


def client_metadata(request: dict[str, Any], given: dict[str, str] | None) -> dict[str, Any]:
    """The request with the caller's ClientMetadata, which AWS leaves out when there is none."""
    return request | {"clientMetadata": dict(given)} if given else request
