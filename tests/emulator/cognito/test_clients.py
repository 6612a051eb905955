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
    """amazon-cognito-identity-js, one step per process."""

    def __init__(self, pool) -> None:
        self.pool = pool
        self.name = f"js-{uuid.uuid4().hex[:8]}"

    def __call__(self, step: str, **more: str) -> Any:
        given = {
            "step": step,
            "pool": self.pool.id,
            "client": self.pool.client_id,
            "endpoint": self.pool.emulator.endpoint,
            "name": self.name,
            "password": PASSWORD,
            **more,
        }
        done = subprocess.run(
            [str(node_packages.node_program()), str(HERE / "identity_js.cjs"), json.dumps(given)],
            env=os.environ | {"NODE_PATH": str(node_packages.folder() / "node_modules")},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_amazon_cognito_identity_js(pool):
    browser = Browser(pool)
    email = f"{browser.name}@example.com"
    assert browser("signUp", email=email)["confirmed"] is False
    assert browser("signIn")["error"] == "UserNotConfirmedException"
    code = pool.code(email)
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    assert browser("confirm", code=wrong) == {
        "error": "CodeMismatchException",
        "message": "Invalid verification code provided, please try again.",
    }
    assert browser("confirm", code=code) == "SUCCESS"
    signed_in = browser("signIn")
    assert signed_in["valid"] is True
    assert claims(signed_in["id"])["email"] == email
    assert browser("signIn", password="Wrong-1234")["error"] == "NotAuthorizedException"
    assert claims(browser("refresh")["id"])["cognito:username"] == browser.name
    assert browser("attributes")["email_verified"] == "true"
    assert browser("changePassword", newPassword="Another-123") == "SUCCESS"
    browser("forgot")
    again = {"code": pool.code(email), "newPassword": PASSWORD}
    assert browser("confirmPassword", **again) == "SUCCESS"
    assert browser("signOut") == "SUCCESS"


def test_amazon_cognito_identity_js_replaces_a_temporary_password(pool):
    browser = Browser(pool)
    pool.admin.admin_create_user(
        UserPoolId=pool.id,
        Username=browser.name,
        TemporaryPassword="Temporary-1",
        MessageAction="SUPPRESS",
    )
    assert browser("signIn", password="Temporary-1")["challenge"] == "NEW_PASSWORD_REQUIRED"
    assert browser("signIn", password="Temporary-1", newPassword=PASSWORD)["valid"] is True
    assert browser("signIn")["valid"] is True


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
