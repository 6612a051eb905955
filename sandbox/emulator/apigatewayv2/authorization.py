"""Who may take a route: JWT, Lambda and IAM authorizers of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy import document
from sandbox.emulator.access.policy.evaluation import Source, matching
from sandbox.emulator.access.principal import ANONYMOUS
from sandbox.emulator.apigatewayv2 import events, selection
from sandbox.emulator.apigatewayv2.call import Call, Refused, server_error
from sandbox.emulator.execute_api import callers, functions, roles, tokens
from sandbox.emulator.execute_api.cache import TimedCache

FUNCTION = re.compile(r":lambda:path/[^/]+/functions/(?P<arn>.+?)(?:/invocations)?$")
results = TimedCache()


def authorize(call: Call) -> None:
    """Fill `call.authorizer`, or raise Refused."""
    kind = call.route.get("AuthorizationType") or "NONE"
    if kind == "NONE":
        return
    if kind == "AWS_IAM":
        _signed(call, call.arn)
        return
    authorizer = call.snapshot.authorizers.get(call.route.get("AuthorizerId") or "")
    if authorizer is None:
        raise server_error()
    if kind == "JWT":
        call.authorizer = {"jwt": _jwt(call, authorizer)}
    else:
        call.authorizer = {"lambda": _function(call, authorizer)}


# --- JSON web tokens -----------------------------------------------------------------------------


def _jwt(call: Call, authorizer: dict[str, Any]) -> dict[str, Any]:
    sources = authorizer.get("IdentitySource") or ["$request.header.Authorization"]
    token = selection.value(sources[0], call)
    if not token:
        raise Refused(401, "Unauthorized", www_authenticate="Bearer")
    scheme, _, rest = token.partition(" ")
    if rest and scheme.lower() == "bearer":
        token = rest.strip()
    wanted = call.route.get("AuthorizationScopes") or []
    settings = authorizer.get("JwtConfiguration") or {}
    try:
        if token.count(".") != 2:
            raise tokens.Refused("token contains an invalid number of segments")
        claims = tokens.verify(token, (settings.get("Issuer", ""),))
        _check_audience(claims, settings.get("Audience") or [])
    except tokens.Refused as refusal:
        scope = " ".join(wanted)
        raise Refused(
            401,
            "Unauthorized",
            www_authenticate=f'Bearer scope="{scope}" error="invalid_token" '
            f'error_description="{refusal.reason}"',
        ) from None
    scopes = _scopes(claims)
    if wanted and not set(wanted) & set(scopes):
        raise Refused(
            403,
            "Forbidden",
            www_authenticate=f'Bearer scope="{" ".join(wanted)}" error="insufficient_scope" '
            'error_description="the token does not have the required scopes"',
        )
    return {
        "claims": {name: _claim(value) for name, value in claims.items()},
        "scopes": scopes if wanted else None,
    }


def _check_audience(claims: dict[str, Any], wanted: list[str]) -> None:
    given = claims.get("aud", claims.get("client_id"))
    audiences = given if isinstance(given, list) else [given]
    if not set(wanted) & {str(audience) for audience in audiences if audience is not None}:
        raise tokens.Refused("the token does not have a valid audience")


def _scopes(claims: dict[str, Any]) -> list[str]:
    given = claims.get("scope", claims.get("scp"))
    if isinstance(given, list):
        return [str(scope) for scope in given]
    return str(given).split() if given else []


def _claim(value: Any) -> str:
    """A claim as integrations see it: a text, lists in square brackets."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + " ".join(_claim(item) for item in value) + "]"
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


# --- IAM -----------------------------------------------------------------------------------------


def connect_signed(call: Call) -> None:
    """A handshake of a websocket needs `execute-api:Invoke` on its route `$connect`."""
    _signed(call, f"{call.prefix}/{call.stage_name}/$connect")


def _signed(call: Call, arn: str) -> None:
    try:
        caller = callers.authenticate(call.request)
    except callers.Unproven:
        raise Refused(403, "Forbidden") from None
    if caller.anonymous:
        raise Refused(403, "Forbidden")
    decision = callers.decide(call, caller, arn, call.api.account, None)
    if not decision.allowed:
        callers.remember(call.gateway_context, caller, decision)
        raise Refused(403, "Forbidden")
    call.caller = caller
    shown = callers.identity(caller)
    cognito = None
    if shown.get("cognitoIdentityId"):
        cognito = {
            "amr": [
                shown.get("cognitoAuthenticationType") or "authenticated",
                *filter(None, (shown.get("cognitoAuthenticationProvider") or "").split(",")),
            ],
            "identityId": shown["cognitoIdentityId"],
            "identityPoolId": shown.get("cognitoIdentityPoolId"),
        }
    call.authorizer = {
        "iam": {
            "accessKey": shown["accessKey"],
            "accountId": shown["accountId"],
            "callerId": shown["caller"],
            "cognitoIdentity": cognito,
            "principalOrgId": None,
            "userArn": shown["userArn"],
            "userId": shown["user"],
        }
    }


# --- functions -----------------------------------------------------------------------------------


def _function(call: Call, authorizer: dict[str, Any]) -> dict[str, Any]:
    values: list[str] = []
    for source in authorizer.get("IdentitySource") or ():
        found = selection.value(source, call)
        if not found:
            raise Refused(401, "Unauthorized")
        values.append(found)
    ttl = int(authorizer.get("AuthorizerResultTtlInSeconds") or 0)
    key = (call.api.id, call.stage_name, authorizer["AuthorizerId"], tuple(values))
    answer = results.get(key) if ttl and values else None
    if answer is None:
        answer = _ask(call, authorizer, values)
        if ttl and values:
            results.put(key, answer, ttl)
    if authorizer.get("EnableSimpleResponses"):
        if answer.get("isAuthorized") is not True:
            raise Refused(403, "Forbidden")
    else:
        check_policy(call, answer, call.arn)
    context = answer.get("context")
    return context if isinstance(context, dict) else {}


def _ask(call: Call, authorizer: dict[str, Any], values: list[str]) -> dict[str, Any]:
    found = FUNCTION.search(authorizer.get("AuthorizerUri") or "")
    if found is None:
        raise server_error()
    if authorizer.get("AuthorizerPayloadFormatVersion") == "1.0":
        event = events.authorizer_version_1(call, values)
    else:
        event = events.authorizer_version_2(call, values)
    try:
        answer = functions.invoke(
            found["arn"],
            json.dumps(event).encode(),
            source_arn=f"{call.prefix}/authorizers/{authorizer['AuthorizerId']}",
            credentials=authorizer.get("AuthorizerCredentialsArn"),
        )
        given = json.loads(answer.payload or b"null")
    except (functions.CannotInvoke, functions.TimedOut, roles.CannotAssume, ValueError):
        raise server_error() from None
    if answer.error:
        if isinstance(given, dict) and given.get("errorMessage") == "Unauthorized":
            raise Refused(401, "Unauthorized")
        raise server_error()
    if not isinstance(given, dict):
        raise server_error()
    if authorizer.get("EnableSimpleResponses") and not isinstance(given.get("isAuthorized"), bool):
        raise server_error()
    return given


def check_policy(call: Call, answer: dict[str, Any], arn: str) -> None:
    """Raise Refused unless the policy that an authorizer answered allows the call."""
    policy = answer.get("policyDocument")
    if not isinstance(policy, dict) or not answer.get("principalId"):
        raise server_error()
    conditions = RequestConditions(call, ANONYMOUS, resource=arn, resource_account=call.api.account)
    parsed = document.from_dict(policy, "the authorizer's policy")
    effects = {
        match.statement.effect
        for match in matching([parsed], Source.IDENTITY, None, callers.ACTION, arn, conditions)
    }
    if "Deny" in effects or "Allow" not in effects:
        raise Refused(403, "Forbidden")
