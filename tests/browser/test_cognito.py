"""The real Cognito SDK in a page of a bucket, the hosted pages, and the mailbox."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from sandbox.stack import node_packages
from tests.emulator.cognito.conftest import PASSWORD, Pool

pytestmark = pytest.mark.browser

PAGE = """<!DOCTYPE html><title>Site</title><script src="sdk.js"></script>
<script>
const sdk = AmazonCognitoIdentity;
const pool = new sdk.CognitoUserPool({UserPoolId: "%(pool)s", ClientId: "%(client)s", endpoint: "%(endpoint)s"});
const user = (name) => new sdk.CognitoUser({Username: name, Pool: pool});
const asPromise = (call) => new Promise((done) => call((error, value) => done(error ? error.code + ": " + error.message : value)));
const signUp = (name, password, email) => asPromise((back) => pool.signUp(name, password,
  [new sdk.CognitoUserAttribute({Name: "email", Value: email})], null, back)).then((found) => found.userConfirmed ?? found);
const confirm = (name, code) => asPromise((back) => user(name).confirmRegistration(code, true, back));
const signIn = (name, password) => new Promise((done) => user(name).authenticateUser(
  new sdk.AuthenticationDetails({Username: name, Password: password}),
  {onSuccess: (session) => done(session.getIdToken().payload.email), onFailure: (error) => done(error.code)}));
const restored = () => asPromise((back) => { const u = pool.getCurrentUser(); u ? u.getSession(back) : back({code: "none"}); })
  .then((session) => session.isValid?.() ?? session);
</script>"""


def publish(emulator, pool: Pool) -> str:
    """A website with the SDK; returns its address."""
    s3, bucket = emulator.client("s3"), f"cognito-site-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        f'"Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}',
    )
    s3.put_bucket_website(
        Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    package = node_packages.folder() / "node_modules" / "amazon-cognito-identity-js"
    s3.put_object(
        Bucket=bucket,
        Key="sdk.js",
        Body=(package / "dist" / "amazon-cognito-identity.min.js").read_bytes(),
        ContentType="text/javascript",
    )
    text = PAGE % {
        "pool": pool.id,
        "client": pool.client_id,
        "endpoint": f"http://localhost:{emulator.port}",
    }
    s3.put_object(Bucket=bucket, Key="index.html", Body=text.encode(), ContentType="text/html")
    return f"http://{bucket}.s3-website.us-east-1.localhost:{emulator.port}/"


def test_a_page_of_a_bucket_registers_and_signs_in(page, emulator):
    pool = Pool(emulator)
    name = f"web-{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.com"
    page.goto(publish(emulator, pool))
    assert page.evaluate("a => signUp(...a)", [name, PASSWORD, email]) is False
    assert page.evaluate("a => signIn(...a)", [name, PASSWORD]) == "UserNotConfirmedException"
    code = pool.code(email)
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    assert page.evaluate("a => confirm(...a)", [name, wrong]) == (
        "CodeMismatchException: Invalid verification code provided, please try again."
    )
    assert page.evaluate("a => confirm(...a)", [name, code]) == "SUCCESS"
    assert page.evaluate("a => signIn(...a)", [name, "Wrong-1234"]) == "NotAuthorizedException"
    assert page.evaluate("a => signIn(...a)", [name, PASSWORD]) == email
    page.reload()
    assert page.evaluate("() => restored()") is True


def test_a_visitor_registers_on_the_hosted_pages_with_a_code_from_the_mailbox(page, emulator):
    callback = f"http://localhost:{emulator.port}/_sandbox/mailbox"
    pool = Pool(
        emulator,
        client={
            "CallbackURLs": [callback],
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email"],
            "AllowedOAuthFlowsUserPoolClient": True,
        },
        PoolName="Wild Rydes",
        UsernameAttributes=["email"],
    )
    domain = f"pages-{uuid.uuid4().hex[:8]}"
    pool.admin.create_user_pool_domain(UserPoolId=pool.id, Domain=domain)
    email = f"{domain}@example.com"
    start = f"http://{domain}.auth.us-east-1.localhost:{emulator.port}/login"
    query = f"client_id={pool.client_id}&response_type=code&redirect_uri={callback}"
    page.goto(f"{start}?{query}")
    shot(page, "cognito-sign-in")
    page.click("text=Sign up")
    page.fill("#username", email)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    with page.expect_popup() as opened:
        page.click("text=the mailbox")
    box = opened.value
    box.wait_for_selector("article")
    assert email in box.inner_text("article")
    code = box.inner_text(".code")
    shot(box, "mailbox")
    page.fill("#code", code)
    page.click("text=Confirm account")
    assert "confirmed" in page.inner_text("[role=status]")
    page.fill("#username", email)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{callback}?code=*")
    # An open mailbox shows what arrives.
    box.goto(callback)
    pool.sign_up(f"late-{email}", f"late-{email}")
    box.wait_for_selector(f"nav a:has-text('late-{email}')")


def shot(page, name: str) -> None:
    if folder := os.environ.get("SANDBOX_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
