"""The pages and OAuth endpoints of a pool's domain."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.emulator.cognito.totp import code_at
from tests.emulator.cognito.conftest import PASSWORD, Pool, claims

CALLBACK = "http://localhost:3000/signed-in"
BYE = "http://localhost:3000/bye"


class Site:
    """A browser without pictures at a pool's domain."""

    def __init__(self, pool: Pool, domain: str) -> None:
        self.pool = pool
        port = pool.emulator.port
        # By number, with the name as Host: cookies then belong to one address.
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"{domain}.auth.us-east-1.localhost:{port}"},
            trust_env=False,
            timeout=20,
        )

    def query(self, **more: str) -> dict[str, str]:
        """Parameters of an authorization request."""
        return {
            "client_id": self.pool.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid email",
            "state": "s1",
            **more,
        }

    def post(self, page: str, query: dict[str, str], **fields: str) -> httpx.Response:
        """Fill in the form of a page."""
        text = self.http.get(page, params=query).text
        csrf = re.search(r'name="_csrf" value="([^"]+)"', text)
        assert csrf, text
        return self.http.post(page, params=query, data={"_csrf": csrf[1], **fields})

    def sign_in(self, name: str, **more: str) -> dict[str, str]:
        """Sign in; returns the parameters that come back to the app."""
        reply = self.post("/login", self.query(**more), username=name, password=PASSWORD)
        assert reply.status_code == 302, reply.text
        return back(reply)

    def token(self, auth: Any = None, **fields: str) -> httpx.Response:
        """Call the token endpoint."""
        options = {"auth": auth} if auth else {}
        return self.http.post("/oauth2/token", data=fields, **options)


def back(reply: httpx.Response) -> dict[str, str]:
    parts = urlsplit(reply.headers["Location"])
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


@pytest.fixture(scope="module")
def site(emulator) -> Site:
    pool = Pool(
        emulator,
        client={
            "CallbackURLs": [CALLBACK],
            "LogoutURLs": [BYE],
            "AllowedOAuthFlows": ["code", "implicit"],
            "AllowedOAuthScopes": ["openid", "email"],
            "AllowedOAuthFlowsUserPoolClient": True,
        },
    )
    domain = f"site-{uuid.uuid4().hex[:8]}"
    pool.admin.create_user_pool_domain(UserPoolId=pool.id, Domain=domain)
    return Site(pool, domain)


@pytest.fixture
def fresh(site) -> Site:
    """The same site in a browser that was never there."""
    site.http.cookies.clear()
    return site


def test_a_code_is_exchanged_once_with_its_verifier(fresh):
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    name = fresh.pool.user()
    found = fresh.sign_in(name, code_challenge=challenge, code_challenge_method="S256", nonce="n1")
    assert found["state"] == "s1"
    exchange = {
        "grant_type": "authorization_code",
        "client_id": fresh.pool.client_id,
        "code": found["code"],
        "redirect_uri": CALLBACK,
    }
    refused = fresh.token(**exchange, code_verifier="w" * 50)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})
    found = fresh.sign_in(name, code_challenge=challenge, code_challenge_method="S256", nonce="n1")
    exchange["code"] = found["code"]
    tokens = fresh.token(**exchange, code_verifier=verifier).json()
    assert set(tokens) == {
        *("id_token", "access_token", "refresh_token", "expires_in", "token_type")
    }
    assert claims(tokens["id_token"])["nonce"] == "n1"
    access = claims(tokens["access_token"])
    assert (access["scope"], access["version"]) == ("openid email", 2)
    assert fresh.token(**exchange, code_verifier=verifier).json() == {"error": "invalid_grant"}
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    info = fresh.http.get("/oauth2/userInfo", headers=bearer).json()
    assert (info["username"], info["email_verified"]) == (name, "true")
    again = fresh.token(
        grant_type="refresh_token",
        client_id=fresh.pool.client_id,
        refresh_token=tokens["refresh_token"],
    ).json()
    assert "id_token" in again and "refresh_token" not in again
    gone = fresh.http.post(
        "/oauth2/revoke",
        data={"token": tokens["refresh_token"], "client_id": fresh.pool.client_id},
    )
    assert gone.status_code == 200
    assert fresh.http.get("/oauth2/userInfo", headers=bearer).status_code == 401


def test_the_implicit_flow_and_a_second_visit_without_a_password(fresh):
    found = fresh.sign_in(fresh.pool.user(), response_type="token")
    assert claims(found["id_token"])["token_use"] == "id"
    assert found["token_type"] == "Bearer"
    again = fresh.http.get("/oauth2/authorize", params=fresh.query())
    assert back(again)["code"]
    out = fresh.http.get("/logout", params={"client_id": fresh.pool.client_id, "logout_uri": BYE})
    assert out.headers["Location"] == BYE
    after = fresh.http.get("/oauth2/authorize", params=fresh.query())
    assert after.headers["Location"].startswith("/login?")


def test_registration_on_the_pages(fresh):
    name = f"page-{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.com"
    form = {"username": name, "attribute.email": email}
    weak = fresh.post("/signup", fresh.query(), **form, password="weak")
    assert "Password did not conform with policy: Password not long enough" in weak.text
    made = fresh.post("/signup", fresh.query(), **form, password=PASSWORD)
    assert made.headers["Location"].startswith("/confirm?")
    target = fresh.query(username=name)
    wrong = fresh.post("/confirm", target, username=name, code="x")
    assert "Invalid verification code provided, please try again." in wrong.text
    right = fresh.post("/confirm", target, username=name, code=fresh.pool.code(email))
    assert right.headers["Location"].startswith("/login?")
    assert fresh.sign_in(name)["code"]
    forgot = fresh.post("/forgotPassword", fresh.query(), username=name)
    assert forgot.headers["Location"].startswith("/confirmForgotPassword?")
    changed = fresh.post(
        "/confirmForgotPassword",
        target,
        username=name,
        code=fresh.pool.code(email),
        password="Another-123",
        again="Another-123",
    )
    assert changed.headers["Location"].startswith("/login?")
    assert fresh.pool.srp(name, "Another-123")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "nobody"}, "Client does not exist."),
        ({"redirect_uri": "http://evil.example/"}, "redirect_mismatch"),
    ],
)
def test_errors_that_only_the_user_sees(fresh, change, words):
    reply = fresh.http.get("/login", params=fresh.query(**change))
    assert reply.status_code == 400
    assert words in reply.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "magic"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_errors_that_the_client_learns(fresh, change, error):
    reply = fresh.http.get("/oauth2/authorize", params=fresh.query(**change))
    assert back(reply)["error"] == error


def test_a_form_of_another_page_and_injected_markup(fresh):
    reply = fresh.http.post(
        "/login", params=fresh.query(), data={"username": "x", "password": "y", "_csrf": "z"}
    )
    assert reply.status_code == 400
    shown = fresh.http.get("/confirm", params=fresh.query(username="<script>1</script>"))
    assert "<script>1" not in shown.text
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]


def test_a_link_in_the_mail_confirms(emulator):
    pool = Pool(emulator, VerificationMessageTemplate={"DefaultEmailOption": "CONFIRM_WITH_LINK"})
    domain = f"link-{uuid.uuid4().hex[:8]}"
    pool.admin.create_user_pool_domain(UserPoolId=pool.id, Domain=domain)
    name = pool.sign_up()
    link = re.search(r'href="([^"]+)"', pool.mail(f"{name}@example.com")[0]["html"])
    assert link and link[1].startswith(f"http://{domain}.auth.us-east-1.localhost:")
    reply = emulator.anonymous.get(html.unescape(link[1]))
    assert "Your registration has been confirmed!" in reply.text
    assert pool.srp(name)
    assert emulator.anonymous.get(html.unescape(link[1])).status_code == 400


def test_a_second_factor_is_set_up_and_asked_for_on_the_pages(emulator):
    pool = Pool(
        emulator,
        client={
            "CallbackURLs": [CALLBACK],
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"],
            "AllowedOAuthFlowsUserPoolClient": True,
        },
    )
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="ON",
    )
    domain = f"mfa-{uuid.uuid4().hex[:8]}"
    pool.admin.create_user_pool_domain(UserPoolId=pool.id, Domain=domain)
    site = Site(pool, domain)
    query = site.query(scope="openid")

    def submit(page: str, text: str, **fields: str) -> httpx.Response:
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))
        return site.http.post(page, params=query, data=hidden | fields)

    name = pool.user()
    asked = site.post("/login", query, username=name, password=PASSWORD)
    secret = re.search(r"that it shows: ([A-Z2-7 ]+)", asked.text)
    assert secret, asked.text
    code = code_at(secret[1].replace(" ", ""), int(time.time()) // 30)
    wrong = submit("/mfaSetup", asked.text, code="x")
    assert "Code mismatch" in wrong.text
    assert back(submit("/mfaSetup", wrong.text, code=code))["code"]
    site.http.cookies.clear()
    asked = site.post("/login", query, username=name, password=PASSWORD)
    assert "authenticator app shows" in asked.text
    assert back(submit("/mfa", asked.text, code=code))["code"]


def test_an_unknown_domain(emulator):
    reply = emulator.anonymous.get(f"http://nobody.auth.us-east-1.localhost:{emulator.port}/login")
    assert reply.status_code == 404


def test_awss_name_of_the_domain(fresh):
    name = fresh.http.headers["Host"].split(".")[0]
    host = f"{name}.auth.us-east-1.amazoncognito.com"
    reply = fresh.http.get("/login", params=fresh.query(), headers={"Host": host})
    assert reply.status_code == 200


def test_machines_get_tokens_for_their_scopes(fresh):
    pool = fresh.pool
    pool.admin.create_resource_server(
        UserPoolId=pool.id,
        Identifier="rides",
        Name="Rides",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read rides"}],
    )
    client = pool.add_client(
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["rides/read"],
        AllowedOAuthFlowsUserPoolClient=True,
    )
    basic = (client["ClientId"], client["ClientSecret"])
    found = fresh.token(auth=basic, grant_type="client_credentials", scope="rides/read").json()
    payload = claims(found["access_token"])
    assert (payload["sub"], payload["scope"]) == (client["ClientId"], "rides/read")
    wrong = fresh.token(auth=(basic[0], "wrong"), grant_type="client_credentials")
    assert (wrong.status_code, wrong.json()) == (400, {"error": "invalid_client"})
    many = fresh.token(auth=basic, grant_type="client_credentials", scope="rides/write")
    assert many.json() == {"error": "invalid_scope"}
