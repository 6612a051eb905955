"""Clients that nobody here wrote: amazon-cognito-identity-js, AWS Amplify 6, pycognito."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from sandbox.stack import node_packages
from tests.emulator.cognito.conftest import PASSWORD, claims

HERE = Path(__file__).parent / "clients"
AMPLIFY = node_packages.folder().with_name("node-dev")


class Browser:
    """amazon-cognito-identity-js in Node.js."""

    def __init__(self, pool) -> None:
        self.pool = pool
        self.name = f"js-{uuid.uuid4().hex[:8]}"

    def __call__(self, *steps: dict[str, str]) -> list[Any]:
        """Take steps in one process; returns their results."""
        given = {
            "pool": self.pool.id,
            "client": self.pool.client_id,
            "endpoint": self.pool.emulator.endpoint,
            "name": self.name,
            "list": [{"password": PASSWORD, **step} for step in steps],
        }
        done = subprocess.run(
            [str(node_packages.node_program()), str(HERE / "identity_js.cjs"), json.dumps(given)],
            env=os.environ | {"NODE_PATH": str(node_packages.folder() / "node_modules")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_amazon_cognito_identity_js(pool):
    browser = Browser(pool)
    email = f"{browser.name}@example.com"
    signed_up, early = browser({"step": "signUp", "email": email}, {"step": "signIn"})
    assert signed_up["confirmed"] is False
    assert early["error"] == "UserNotConfirmedException"
    code = pool.code(email)
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    found = browser(
        {"step": "confirm", "code": wrong},
        {"step": "confirm", "code": code},
        {"step": "signIn"},
        {"step": "signIn", "password": "Wrong-1234"},
        {"step": "refresh"},
        {"step": "attributes"},
        {"step": "changePassword", "newPassword": "Another-123"},
        {"step": "forgot"},
    )
    assert found[0] == {
        "error": "CodeMismatchException",
        "message": "Invalid verification code provided, please try again.",
    }
    assert found[1] == "SUCCESS"
    assert found[2]["valid"] is True
    assert claims(found[2]["id"])["email"] == email
    assert found[3]["error"] == "NotAuthorizedException"
    assert claims(found[4]["id"])["cognito:username"] == browser.name
    assert found[5]["email_verified"] == "true"
    assert found[6] == "SUCCESS"
    again = {"step": "confirmPassword", "code": pool.code(email), "newPassword": PASSWORD}
    assert browser(again, {"step": "signOut"}) == ["SUCCESS", "SUCCESS"]


def test_amazon_cognito_identity_js_replaces_a_temporary_password(pool):
    browser = Browser(pool)
    pool.admin.admin_create_user(
        UserPoolId=pool.id,
        Username=browser.name,
        TemporaryPassword="Temporary-1",
        MessageAction="SUPPRESS",
    )
    temporary = {"step": "signIn", "password": "Temporary-1"}
    asked, changed, after = browser(
        temporary, temporary | {"newPassword": PASSWORD}, {"step": "signIn"}
    )
    assert asked["challenge"] == "NEW_PASSWORD_REQUIRED"
    assert changed["valid"] is True
    assert after["valid"] is True


def test_amplify(pool):
    if not (AMPLIFY / "installed").is_file():
        pytest.skip("Amplify is not installed: python requirements/npm_dev.py")
    name = f"amp-{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.com"
    given = {
        "pool": pool.id,
        "client": pool.client_id,
        "endpoint": pool.emulator.endpoint,
        "name": name,
        "password": PASSWORD,
        "email": email,
    }
    program = subprocess.Popen(
        [
            str(node_packages.node_program()),
            str(HERE / "amplify.mjs"),
            json.dumps(given),
            str(AMPLIFY / "node_modules" / "x.js"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdin and program.stdout and program.stderr
    try:
        seen: dict[str, Any] = {"ask": ""}
        while "ask" in seen:
            line = program.stdout.readline()
            assert line, program.stderr.read()
            seen = json.loads(line)
            if "ask" in seen:
                program.stdin.write(f"{pool.code(email)}\n")
                program.stdin.flush()
    finally:
        program.kill()
        program.wait()
    assert seen.pop("claims")["email"] == email
    assert seen == {
        "signUp": "CONFIRM_SIGN_UP",
        "early": "CONFIRM_SIGN_UP",
        "wrongCode": "CodeMismatchException",
        "confirmed": True,
        "wrongPassword": "NotAuthorizedException",
        "signIn": "DONE",
        "email": email,
        "user": name,
        "reset": "CONFIRM_RESET_PASSWORD_WITH_CODE",
        "last": True,
    }


def test_pycognito(pool):
    from pycognito import Cognito

    name = f"py-{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.com"
    user = Cognito(pool.id, pool.client_id, username=name, boto3_client_kwargs={
        "endpoint_url": pool.emulator.endpoint, "region_name": "us-east-1"})  # fmt: skip
    user.set_base_attributes(email=email)
    user.register(name, PASSWORD)
    user.confirm_sign_up(pool.code(email), name)
    user.client = pool.app
    # With an endpoint of one's own it expects that as the issuer; the pool's is AWS's.
    user.pool_domain_url = None
    # Its own check of the tokens wants the keys from AWS; the pool's are the same document.
    user.pool_jwk = pool.emulator.anonymous.get(f"/{pool.id}/.well-known/jwks.json").json()
    user.authenticate(PASSWORD)
    assert user.get_user().email == email
    assert user.id_claims["cognito:username"] == name
