"""The mailbox over HTTP: for the command, for checks, and as a page."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from sandbox.grading.api import Check, Failure
from sandbox.grading.subject import LabView, Subject
from sandbox.labs.values import Values
from tests.emulator.cognito.conftest import Pool


@pytest.fixture(scope="module")
def pool(emulator) -> Pool:
    return Pool(
        emulator,
        VerificationMessageTemplate={
            "EmailMessage": "<p>Type <b>{####}</b></p><script>steal()</script>",
            "EmailSubject": "Your <i>code</i>",
        },
    )


def test_messages_need_the_sandboxs_token(emulator):
    assert emulator.anonymous.get("/_sandbox/mail").status_code == 403


def test_messages_come_newest_first_and_by_address(emulator, pool):
    name = pool.sign_up()
    email = f"{name}@example.com"
    pool.app.resend_confirmation_code(ClientId=pool.client_id, Username=name)
    found = emulator.instance.call("GET", f"/mail?to={email.upper()}")
    assert [m["to"] for m in found["messages"]] == [email, email]
    assert found["messages"][0]["id"] > found["messages"][1]["id"]
    assert found["messages"][0]["text"] == f"Type {found['messages'][0]['code']}"
    later = emulator.instance.call("GET", f"/mail?to={email}&after={found['messages'][1]['id']}")
    assert len(later["messages"]) == 1


def test_the_page_shows_mail_without_letting_it_act(emulator, pool):
    name = pool.sign_up()
    message = pool.mail(f"{name}@example.com")[0]
    host = f"http://localhost:{emulator.port}"
    page = emulator.anonymous.get(f"{host}/_sandbox/mailbox", params={"id": message["id"]})
    assert message["code"] in page.text
    assert "Your &lt;i&gt;code&lt;/i&gt;" in page.text
    assert "steal()" not in page.text
    body = emulator.anonymous.get(
        f"{host}/_sandbox/mailbox", params={"id": message["id"], "body": 1}
    )
    assert body.headers["Content-Security-Policy"].startswith("sandbox allow-popups; default-src")
    assert "script-src" not in body.headers["Content-Security-Policy"]
    other = emulator.anonymous.get(f"http://evil.localhost:{emulator.port}/_sandbox/mailbox")
    assert other.status_code == 404
    assert (
        "/_sandbox/mailbox"
        in emulator.anonymous.get(f"{host}/", headers={"Accept": "text/html"}).text
    )


def test_checks_read_codes(emulator, pool, tmp_path: Path):
    subject = Subject(
        endpoint=emulator.endpoint, values=Values({}), work=tmp_path, call=emulator.instance.call
    )
    lab = LabView(subject, Check("c", "c", lambda lab: None))
    name = f"lab-{uuid.uuid4().hex[:8]}"
    with pytest.raises(Failure, match="No confirmation code was sent"):
        lab.confirmation_code(f"{name}@example.com", seconds=0.1)
    pool.sign_up(name)
    assert lab.confirmation_code(f"{name}@example.com") == pool.code(f"{name}@example.com")
    assert lab.mailbox(f"{name}@example.com")[0]["kind"] == "email"
    subject.close()
