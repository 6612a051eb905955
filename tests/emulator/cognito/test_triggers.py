"""Lambda triggers: what a student's function changes."""

from __future__ import annotations

import io
import json
import uuid
import zipfile

import pytest

from tests.emulator.cognito.conftest import PASSWORD, Pool, claims, refused

CODE = """
def handler(event, context):
    source, request, response = event["triggerSource"], event["request"], event["response"]
    if source == "PreSignUp_SignUp":
        if event["userName"].startswith("bad"):
            raise ValueError("not here")
        if event["userName"].startswith("slow"):
            import time
            time.sleep(6)
        response["autoConfirmUser"] = event["userName"].startswith("vip")
    elif source.startswith("CustomMessage_"):
        response["emailSubject"] = "Welcome " + event["userName"]
        response["emailMessage"] = "<b>Type</b> " + request["codeParameter"]
    elif source.startswith("TokenGeneration_"):
        response["claimsOverrideDetails"] = {
            "claimsToAddOrOverride": {"plan": "gold", "sub": "forged"},
            "claimsToSuppress": ["email"],
        }
    elif source == "DefineAuthChallenge_Authentication":
        session = request["session"]
        done = bool(session) and session[-1]["challengeResult"]
        response["issueTokens"] = done
        response["failAuthentication"] = len(session) >= 2 and not done
        response["challengeName"] = "CUSTOM_CHALLENGE"
    elif source == "CreateAuthChallenge_Authentication":
        response["publicChallengeParameters"] = {"question": "6*7"}
        response["privateChallengeParameters"] = {"answer": "42"}
    elif source == "VerifyAuthChallengeResponse_Authentication":
        right = request["privateChallengeParameters"]["answer"]
        response["answerCorrect"] = request["challengeAnswer"] == right
    elif source == "UserMigration_Authentication":
        if request["password"] == "Migrated-1":
            response["userAttributes"] = {"email": "old@example.com", "email_verified": "true"}
            response["finalUserStatus"] = "CONFIRMED"
            response["messageAction"] = "SUPPRESS"
    return event
"""


@pytest.fixture(scope="module")
def function(emulator) -> str:
    """The ARN of a function that serves every trigger; pools may not call it yet."""
    iam, functions = emulator.client("iam"), emulator.client("lambda")
    name = f"trigger-{uuid.uuid4().hex[:8]}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("index.py", CODE)
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return arn


def allow(emulator, function: str, pool: Pool) -> None:
    emulator.client("lambda").add_permission(
        FunctionName=function,
        StatementId=f"pool-{pool.id.rpartition('_')[2]}",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        SourceArn=pool.arn,
    )


def test_without_permission_the_trigger_cannot_be_called(emulator, function):
    pool = Pool(emulator, LambdaConfig={"PreSignUp": function})
    new = {"ClientId": pool.client_id, "Username": "ann", "Password": PASSWORD}
    assert refused(pool.app.sign_up, **new) == (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error AccessDeniedException.",
    )
    assert pool.admin.list_users(UserPoolId=pool.id)["Users"] == []


def test_registration_and_messages(emulator, function):
    pool = Pool(emulator, LambdaConfig={"PreSignUp": function, "CustomMessage": function})
    allow(emulator, function, pool)
    new = {"ClientId": pool.client_id, "Password": PASSWORD}
    assert refused(pool.app.sign_up, **new, Username="bad-bob") == (
        "UserLambdaValidationException",
        "PreSignUp failed with error not here.",
    )
    assert refused(pool.app.sign_up, **new, Username="slow-sam") == (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
    )
    assert pool.app.sign_up(**new, Username="vip-vera")["UserConfirmed"] is True
    pool.user("trig")
    message = pool.mail("trig@example.com")[0]
    assert message["subject"] == "Welcome trig"
    assert message["html"] == f"<b>Type</b> {message['code']}"


def test_claims_are_added_and_taken_away(emulator, function):
    pool = Pool(emulator, LambdaConfig={"PreTokenGeneration": function})
    allow(emulator, function, pool)
    name = pool.user()
    identity = claims(pool.tokens(name)["IdToken"])
    assert identity["plan"] == "gold"
    assert "email" not in identity
    assert identity["sub"] != "forged"


def test_custom_challenges(emulator, function):
    names = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
    pool = Pool(
        emulator,
        client={"ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]},
        LambdaConfig=dict.fromkeys(names, function),
    )
    allow(emulator, function, pool)
    name = pool.user()

    def start():
        return pool.app.initiate_auth(
            ClientId=pool.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": name}
        )

    def answer(session, text):
        return pool.app.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=session,
            ChallengeResponses={"USERNAME": name, "ANSWER": text},
        )

    asked = start()
    assert asked["ChallengeParameters"] == {"USERNAME": name, "question": "6*7"}
    again = answer(asked["Session"], "41")
    assert "IdToken" in answer(again["Session"], "42")["AuthenticationResult"]
    first = answer(start()["Session"], "1")
    assert refused(answer, session=first["Session"], text="2") == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )


def test_users_migrate_at_their_first_sign_in(emulator, function):
    pool = Pool(emulator, LambdaConfig={"UserMigration": function})
    allow(emulator, function, pool)
    assert refused(pool.sign_in, name="old", password="Wrong-1234")[0] in (
        "NotAuthorizedException",
        "UserNotFoundException",
    )
    assert pool.tokens("old", "Migrated-1")
    assert pool.srp("old", "Migrated-1")
