"""CUSTOM_AUTH: challenges that the student's own functions define, create and verify.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.cognito import triggers, users
from sandbox.emulator.cognito.errors import WRONG_LOGIN, error, invalid, no_user, not_authorized
from sandbox.emulator.cognito.flows import completion, password, sessions
from sandbox.emulator.cognito.models import Client, User, UserPool

NEEDED = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
Results = list[dict[str, Any]]


def begin(
    pool: UserPool,
    client: Client,
    parameters: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """The first challenge; with `CHALLENGE_NAME=SRP_A` the password comes first."""
    (name,) = password.required(parameters, "USERNAME")
    if not all(triggers.configured(pool, trigger) for trigger in NEEDED):
        raise invalid("Custom auth lambda trigger is not configured for the user pool.")
    user = users.find(pool, name)
    if user is None:
        raise not_authorized() if password.hides_users(client) else no_user()
    completion.check_state(user)
    if parameters.get("CHALLENGE_NAME") == "SRP_A":
        done: Results = [
            {"challengeName": "SRP_A", "challengeResult": True, "challengeMetadata": None}
        ]
        defined = _define(pool, client, user, done, metadata)
        if defined.get("challengeName") != "PASSWORD_VERIFIER":
            raise not_authorized()
        found = password.begin_srp(pool, client, parameters, metadata, custom=done)
        return found
    password.before(pool, client, name, user, metadata)
    return _next(pool, client, user, [], metadata)


def after_password(
    pool: UserPool,
    client: Client,
    user: User,
    done: Results,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """Go on behind PASSWORD_VERIFIER."""
    done = [
        *done,
        {
            "challengeName": "PASSWORD_VERIFIER",
            "challengeResult": True,
            "challengeMetadata": None,
        },
    ]
    return _next(pool, client, user, done, metadata)


def answer(
    pool: UserPool,
    client: Client,
    token: str | None,
    responses: dict[str, str],
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    """CUSTOM_CHALLENGE's answer, judged by VerifyAuthChallengeResponse."""
    session = sessions.find(pool, client, token, "CUSTOM_CHALLENGE")
    user = sessions.user_of(pool, session)
    if responses.get("ANSWER") is None:
        raise invalid("Missing required parameter ANSWER")
    data = session.data
    sessions.close(pool, str(token))
    return _judge(pool, client, user, data, data["done"], responses["ANSWER"], metadata)


def _judge(
    pool: UserPool,
    client: Client,
    user: User,
    data: dict[str, Any],
    done: Results,
    given: str,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "privateChallengeParameters": data.get("private"),
        "challengeAnswer": given,
    }
    found = triggers.call(
        pool,
        "VerifyAuthChallengeResponse",
        "VerifyAuthChallengeResponse_Authentication",
        username=user.username,
        client_id=client.id,
        request=triggers.client_metadata(request, metadata),
        response={"answerCorrect": None},
    )
    done = [
        *done,
        {
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": bool((found or {}).get("answerCorrect")),
            "challengeMetadata": data.get("metadata"),
        },
    ]
    return _next(pool, client, user, done, metadata)


def _define(
    pool: UserPool,
    client: Client,
    user: User,
    done: Results,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "session": done,
        "userNotFound": False,
    }
    return (
        triggers.call(
            pool,
            "DefineAuthChallenge",
            "DefineAuthChallenge_Authentication",
            username=user.username,
            client_id=client.id,
            request=triggers.client_metadata(request, metadata),
            response={"challengeName": None, "issueTokens": None, "failAuthentication": None},
        )
        or {}
    )


def _next(
    pool: UserPool,
    client: Client,
    user: User,
    done: Results,
    metadata: dict[str, str] | None,
) -> dict[str, Any]:
    defined = _define(pool, client, user, done, metadata)
    if defined.get("failAuthentication"):
        raise not_authorized(WRONG_LOGIN)
    if defined.get("issueTokens"):
        return completion.finish(pool, client, user, "Authentication", metadata)
    name = defined.get("challengeName")
    if not name:
        raise error("InvalidLambdaResponseException", "Unrecognizable lambda output")
    if name == "PASSWORD_VERIFIER":
        raise invalid("PASSWORD_VERIFIER can only follow SRP_A.")
    request: dict[str, Any] = {
        "userAttributes": triggers.user_attributes(user),
        "challengeName": name,
        "session": done,
        "userNotFound": False,
    }
    created = (
        triggers.call(
            pool,
            "CreateAuthChallenge",
            "CreateAuthChallenge_Authentication",
            username=user.username,
            client_id=client.id,
            request=triggers.client_metadata(request, metadata),
            response={
                "publicChallengeParameters": None,
                "privateChallengeParameters": None,
                "challengeMetadata": None,
            },
        )
        or {}
    )
    session = sessions.open_session(
        pool,
        client,
        user.username,
        "CUSTOM_CHALLENGE",
        done=done,
        private=created.get("privateChallengeParameters"),
        metadata=created.get("challengeMetadata"),
    )
    public = created.get("publicChallengeParameters") or {}
    return {
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": session,
        "ChallengeParameters": {
            "USERNAME": user.username,
            **{key: str(value) for key, value in public.items()},
        },
    }
