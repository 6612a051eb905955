"""Lab 07 as a rider sees it: register, read the mail, verify, sign in, ride."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from sandbox.labs import folder, load, values_of
from sandbox.labs.values import Values
from sandbox.stack import environment, instance

pytestmark = pytest.mark.browser
EMAIL = "ada@example.com"
PASSWORD = "Giddy-up-1"


@dataclass
class Rydes:
    """The finished lab in a world of its own."""

    instance: instance.Instance
    values: Values

    @property
    def site(self) -> str:
        """The website's address."""
        host = f"{self.values.bucket}.s3-website.us-east-1.localhost"
        return f"http://{host}:{self.instance.port}"

    def client(self, service: str):
        """A boto3 client of the root."""
        return boto3.client(
            service,
            endpoint_url=self.instance.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="module")
def rydes(browser, tmp_path_factory) -> Iterator[Rydes]:
    """The solution of the lab, played."""
    lab = load(7)
    values = values_of(lab, "ada")
    home = tmp_path_factory.mktemp("rydes")
    started = instance.start("rydes", ephemeral=True, services=lab.services, home=home)
    try:
        work = home / "work"
        folder.prepare(lab, work, values)
        folder.lay(lab.folder / "solution", work, over=True)
        subprocess.run(
            [sys.executable, "-m", "sandbox.stack.aws_server", "bash", "solve.sh"],
            cwd=work,
            env={
                **os.environ,
                **environment.variables(started.port),
                **values.environment(),
            },
            check=True,
            capture_output=True,
            timeout=120,
        )
        yield Rydes(started, values)
    finally:
        started.stop()


def picture(page, name: str) -> None:
    """A screenshot, when somebody wants to look."""
    if target := os.environ.get("SANDBOX_SCREENSHOTS"):
        page.screenshot(path=Path(target) / f"lab-07-{name}.png")


def sign_in(page, rydes: Rydes, password: str = PASSWORD) -> None:
    page.goto(f"{rydes.site}/signin.html")
    page.fill("#email", EMAIL)
    page.fill("#password", password)
    page.click("button")


def test_a_rider_registers_signs_in_and_is_picked_up(page, rydes):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if re.match(r"(https?://[^/]*localhost[:/]|data:)", request.url)
            else elsewhere.append(request.url)
        ),
    )
    page.goto(rydes.site)
    picture(page, "1-front")
    page.click("text=Get your first ride")

    # A password that the pool refuses, then a good one.
    page.fill("#email", EMAIL)
    for password in ("short", PASSWORD):
        page.fill("#password", password)
        page.fill("#again", password)
        page.click("button")
        if password == "short":
            page.wait_for_function("document.querySelector('.message').textContent !== ''")
            assert "Password did not conform with policy" in page.inner_text(".message")
    page.wait_for_url("**/verify.html")
    assert page.input_value("#email") == EMAIL

    # The mail, in another tab.
    mailbox = page.context.new_page()
    mailbox.goto(f"{rydes.instance.endpoint}/_sandbox/mailbox")
    text = mailbox.inner_text("body")
    assert EMAIL in text
    code = re.search(r"\b\d{6}\b", text)[0]
    picture(mailbox, "2-mailbox")
    mailbox.close()

    page.fill("#code", f"{(int(code) + 1) % 1000000:06d}")
    page.click("button")
    page.wait_for_function("document.querySelector('.message').textContent !== ''")
    assert "Invalid verification code" in page.inner_text(".message")
    picture(page, "3-wrong-code")
    page.fill("#code", code)
    page.click("button")
    page.wait_for_url("**/signin.html")

    sign_in(page, rydes, "Wrong-pass-1")
    page.wait_for_function("document.querySelector('.message').textContent !== ''")
    assert "Incorrect username or password." in page.inner_text(".message")
    sign_in(page, rydes)
    page.wait_for_url("**/ride.html")
    page.wait_for_function("document.getElementById('token').textContent.split('.').length === 3")
    assert EMAIL in page.inner_text("header")

    page.mouse.click(700, 480)
    picture(page, "4-place")
    page.click("#request")
    page.wait_for_selector("#unicorn[visibility=visible]")
    page.wait_for_timeout(1500)  # half-way, for the picture
    picture(page, "5-on-the-way")
    page.wait_for_selector("#updates li.arrived", timeout=15_000)
    picture(page, "6-arrived")
    told = page.inner_text("#updates")
    rides = rydes.client("dynamodb").scan(TableName="Rides")["Items"]
    mine = [ride for ride in rides if ride["User"]["S"] != "the_username"]
    assert len(mine) == 1
    name = mine[0]["Unicorn"]["M"]["Name"]["S"]
    assert f"{name} has arrived" in told
    assert name in {unicorn["Name"] for unicorn in rydes.values.fleet}
    assert problems == []
    assert elsewhere == []


def test_the_role_is_enforced_before_the_rider_s_eyes(page, rydes):
    iam = rydes.client("iam")
    policy = iam.get_role_policy(RoleName="WildRydesLambda", PolicyName="WriteRides")
    iam.delete_role_policy(RoleName="WildRydesLambda", PolicyName="WriteRides")
    try:
        sign_in(page, rydes)
        page.wait_for_url("**/ride.html")
        page.mouse.click(700, 480)
        page.click("#request")
        page.wait_for_selector("#updates li.bad")
        told = page.inner_text("#updates")
        assert "is not authorized to perform: dynamodb:PutItem on resource" in told
        assert "assumed-role/WildRydesLambda/RequestUnicorn" in told
        picture(page, "7-refused")
    finally:
        iam.put_role_policy(
            RoleName="WildRydesLambda",
            PolicyName="WriteRides",
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
