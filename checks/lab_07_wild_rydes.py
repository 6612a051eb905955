"""Lab 07: what a visitor, a rider and somebody with a bad token meet at Wild Rydes."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import ClientError

from sandbox.grading import Failure, check

SITE = Path(__file__).parents[1] / "fixtures" / "lab-07" / "site"
PAGES = ("index.html", "register.html", "verify.html", "signin.html", "ride.html")
FILES = ("css/style.css", "js/account.js", "js/map.js", "js/ride.js", "images/unicorn.svg")
PLACE = {"Latitude": 47.6212, "Longitude": -122.3391}
PASSWORD = "Giddy-up-1"
CONFIG_KEYS = ("userPoolId", "userPoolClientId", "invokeUrl")


@dataclass
class Rider:
    """Somebody who registered through the student's client."""

    email: str
    username: str
    id_token: str
    access_token: str


def page(lab, path: str) -> httpx.Response:
    """What a visitor of the site gets."""
    return lab.http.get(lab.website_url(path))


def config(lab) -> dict[str, str]:
    """The ids in the published `js/config.js`; a Failure names the first one that is empty."""
    reply = page(lab, "js/config.js")
    if reply.status_code != 200:
        raise Failure("The site has no js/config.js.", expected=200, actual=reply.status_code)
    found = {}
    for key in CONFIG_KEYS:
        match = re.search(rf"""\b{key}["']?\s*:\s*(["'`])(.*?)\1""", reply.text)
        found[key] = match.group(2) if match else ""
    return found


def configured(lab, *keys: str) -> dict[str, str]:
    """Like `config`, with a Failure when one of `keys` is empty."""
    found = config(lab)
    for key in keys:
        if not found[key]:
            raise Failure(
                f"The published js/config.js has no {key}.",
                help="Fill it in, then upload the file again.",
            )
    return found


def sign_up(lab, email: str) -> None:
    """Register with the app client of the page."""
    ids = configured(lab, "userPoolClientId")
    lab.client("cognito-idp", anonymous=True).sign_up(
        ClientId=ids["userPoolClientId"],
        Username=email,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": email}],
    )


def delete_user(lab, pool: str, email: str) -> None:
    """Leave no rider behind."""
    try:
        lab.client("cognito-idp").admin_delete_user(UserPoolId=pool, Username=email)
    except ClientError:
        pass  # it was never made, or the pool is gone


def srp_sign_in(lab, pool: str, client: str, email: str, password: str = PASSWORD) -> dict:
    """Tokens by the Secure Remote Password protocol, as the page's SDK does it."""
    from pycognito.aws_srp import AWSSRP

    answer = AWSSRP(
        username=email,
        password=password,
        pool_id=pool,
        client_id=client,
        client=lab.client("cognito-idp", anonymous=True),
    ).authenticate_user()
    return answer["AuthenticationResult"]


@contextmanager
def rider(lab) -> Iterator[Rider]:
    """Registered, verified with the code from the mail, signed in; gone afterwards."""
    ids = configured(lab, "userPoolId", "userPoolClientId")
    email = f"rider-{secrets.token_hex(4)}@example.com"
    try:
        sign_up(lab, email)
        code = lab.confirmation_code(email)
        lab.client("cognito-idp", anonymous=True).confirm_sign_up(
            ClientId=ids["userPoolClientId"], Username=email, ConfirmationCode=code
        )
        tokens = srp_sign_in(lab, ids["userPoolId"], ids["userPoolClientId"], email)
        claims = payload(tokens["IdToken"])
        yield Rider(email, claims["cognito:username"], tokens["IdToken"], tokens["AccessToken"])
    finally:
        delete_user(lab, ids["userPoolId"], email)


def payload(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def ride(lab, token: str | None) -> httpx.Response:
    """Ask the student's API for a unicorn."""
    url = configured(lab, "invokeUrl")["invokeUrl"].rstrip("/")
    headers = {"Origin": lab.website_url().rstrip("/"), "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = token
    try:
        return lab.http.post(f"{url}/ride", json={"PickupLocation": PLACE}, headers=headers)
    except httpx.HTTPError as error:
        raise Failure(f"The API cannot be reached at {url}: {error}") from None


def ride_of(lab, reply: httpx.Response) -> dict[str, Any]:
    """The body of a 201; a Failure for anything else."""
    if reply.status_code != 201:
        raise Failure(
            "The API sent no unicorn.",
            expected=201,
            actual={"status": reply.status_code, "body": reply.text[:300]},
            help="aws logs tail /aws/lambda/RequestUnicorn",
        )
    try:
        found = reply.json()
    except ValueError:
        found = None
    if not isinstance(found, dict) or "RideId" not in found:
        raise Failure("The answer is no ride.", actual=reply.text[:300])
    return found


def item(lab, ride_id: str) -> dict[str, Any] | None:
    """A ride as the table has it."""
    answer = lab.client("dynamodb").get_item(
        TableName="Rides", Key={"RideId": {"S": ride_id}}, ConsistentRead=True
    )
    return answer.get("Item")


def forget(lab, ride_id: str) -> None:
    """Take a check's ride out of the table."""
    lab.client("dynamodb").delete_item(TableName="Rides", Key={"RideId": {"S": ride_id}})


def refused(lab, token: str | None, whose: str) -> None:
    """Raise a Failure unless the API answers 401 and sends nobody."""
    reply = ride(lab, token)
    if reply.status_code == 201:
        forget(lab, ride_of(lab, reply)["RideId"])
    if reply.status_code != 401:
        raise Failure(
            f"A request {whose} was not refused as it should be.",
            expected=401,
            actual=reply.status_code,
            help="Does the method POST name the authorizer, and was the API deployed since?",
        )


@check(points=2, step="site", hint="Which document answers for /, and who may read it?")
def site_answers(lab):
    """The site's first page is on the website endpoint"""
    reply = page(lab, "/")
    if reply.status_code != 200:
        raise Failure(
            "A visitor does not get the first page.",
            expected=200,
            actual=reply.status_code,
            help=lab.website_url(),
        )
    if reply.content != (SITE / "index.html").read_bytes():
        raise Failure("Something else than index.html answers for /.", actual=reply.text[:120])


@check(needs=["site_answers"], step="site", hint="What does sync do that cp of one file does not?")
def site_is_complete(lab):
    """Every page, script and picture is there, with the right type"""
    types = {".html": "text/html", ".css": "text/css", ".js": "javascript", ".svg": "image/svg+xml"}
    for name in (*PAGES, *FILES, "js/vendor/amazon-cognito-identity.min.js"):
        reply = page(lab, name)
        if reply.status_code != 200:
            raise Failure(f"{name} is missing.", expected=200, actual=reply.status_code)
        wanted, actual = types[Path(name).suffix], reply.headers.get("Content-Type", "")
        if wanted not in actual:
            raise Failure(f"{name} is sent as another type.", expected=wanted, actual=actual)


@check(needs=["site_answers"], step="users", hint="Which file tells the page whom to talk to?")
def config_names_the_pool(lab):
    """The published page names a pool and a client of it"""
    ids = configured(lab, "userPoolId", "userPoolClientId")
    clients = lab.client("cognito-idp").list_user_pool_clients(
        UserPoolId=ids["userPoolId"], MaxResults=60
    )["UserPoolClients"]
    if ids["userPoolClientId"] not in {one["ClientId"] for one in clients}:
        raise Failure("The client does not belong to the pool.", actual=ids)
    pool = lab.client("cognito-idp").describe_user_pool(UserPoolId=ids["userPoolId"])["UserPool"]
    if pool["Name"] != lab.values.pool:
        raise Failure("The pool is another one.", expected=lab.values.pool, actual=pool["Name"])


@check(
    points=2,
    needs=["config_names_the_pool"],
    step="users",
    hint="How does the pool find out whether an address is real?",
    acts=True,
)
def code_comes_by_mail(lab):
    """Who registers gets a code by mail; a wrong code is refused, the right one accepted"""
    ids = configured(lab, "userPoolId", "userPoolClientId")
    email = f"rider-{secrets.token_hex(4)}@example.com"
    cognito = lab.client("cognito-idp", anonymous=True)
    try:
        sign_up(lab, email)
        code = lab.confirmation_code(email)
        wrong = f"{(int(code) + 1) % 1000000:06d}"
        try:
            cognito.confirm_sign_up(
                ClientId=ids["userPoolClientId"], Username=email, ConfirmationCode=wrong
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "CodeMismatchException":
                raise
        else:
            raise Failure("A wrong code was accepted.")
        cognito.confirm_sign_up(
            ClientId=ids["userPoolClientId"], Username=email, ConfirmationCode=code
        )
        user = lab.client("cognito-idp").admin_get_user(
            UserPoolId=ids["userPoolId"], Username=email
        )
        attributes = {one["Name"]: one["Value"] for one in user["UserAttributes"]}
        if attributes.get("email_verified") != "true":
            raise Failure("The address does not count as verified.", actual=attributes)
    finally:
        delete_user(lab, ids["userPoolId"], email)


@check(
    points=2,
    needs=["code_comes_by_mail"],
    step="users",
    hint="Which flow does the page's SDK use, and can a page keep a secret?",
    acts=True,
)
def rider_signs_in(lab):
    """A rider signs in as the page does, by SRP, and gets an identity token"""
    with rider(lab) as someone:
        claims = payload(someone.id_token)
        if claims.get("email") != someone.email or claims.get("token_use") != "id":
            raise Failure("The token does not say who it is.", actual=claims)


def sent_by_test_event(lab) -> dict[str, Any]:
    """The function's answer to the workshop's test event, called directly."""
    event = {
        "path": "/ride",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "requestContext": {"authorizer": {"claims": {"cognito:username": "the_username"}}},
        "body": json.dumps({"PickupLocation": PLACE}),
    }
    answer = lab.client("lambda").invoke(
        FunctionName="RequestUnicorn", Payload=json.dumps(event), LogType="Tail"
    )
    body = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError") or not isinstance(body, dict):
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        raise Failure("The function failed.", actual=body, help=log[-400:])
    return body


@check(
    points=2, step="backend", hint="What does the test event of the console look like?", acts=True
)
def function_sends_a_unicorn(lab):
    """RequestUnicorn answers the test event with 201 and a unicorn of your fleet"""
    answer = sent_by_test_event(lab)
    if answer.get("statusCode") != 201:
        raise Failure(
            "The function did not send a unicorn.",
            expected=201,
            actual={name: answer.get(name) for name in ("statusCode", "body")},
            help="aws logs tail /aws/lambda/RequestUnicorn",
        )
    sent = json.loads(answer["body"])
    forget(lab, sent.get("RideId", "-"))
    if sent.get("Unicorn") not in lab.values.fleet:
        raise Failure(
            "The unicorn is not one of your fleet.",
            expected=lab.values.fleet,
            actual=sent.get("Unicorn"),
            help="The fleet is $LAB_FLEET; the function reads it from its environment.",
        )


@check(
    points=2,
    needs=["function_sends_a_unicorn"],
    step="backend",
    hint="Which attributes does a ride have in the table?",
    acts=True,
)
def ride_is_written_down(lab):
    """Each ride stands in the table Rides, with its rider, its unicorn and its time"""
    sent = json.loads(sent_by_test_event(lab)["body"])
    found = item(lab, sent["RideId"])
    if found is None:
        raise Failure("The ride is not in the table Rides.", actual=sent["RideId"])
    forget(lab, sent["RideId"])
    if found.get("User") != {"S": "the_username"}:
        raise Failure(
            "The rider is another one.", expected={"S": "the_username"}, actual=found.get("User")
        )
    name = found.get("Unicorn", {}).get("M", {}).get("Name", {}).get("S")
    if name != sent["Unicorn"]["Name"]:
        raise Failure("The unicorn is another one.", expected=sent["Unicorn"], actual=found)
    moment = found.get("RequestTime", {}).get("S", "")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment):
        raise Failure("RequestTime is no moment in ISO format.", actual=moment)


@check(points=2, step="backend", hint="What could somebody do who found a way into your function?")
def role_is_narrow(lab):
    """The function's role may write rides, and nothing else in DynamoDB"""
    function = lab.client("lambda").get_function_configuration(FunctionName="RequestUnicorn")
    table = lab.client("dynamodb").describe_table(TableName="Rides")["Table"]["TableArn"]
    other = table.rsplit("/", 1)[0] + "/Salaries"
    iam = lab.client("iam")

    def allowed(action: str, resource: str) -> bool:
        (found,) = iam.simulate_principal_policy(
            PolicySourceArn=function["Role"], ActionNames=[action], ResourceArns=[resource]
        )["EvaluationResults"]
        return found["EvalDecision"] == "allowed"

    too_much = [
        f"{action} on {resource.rsplit('/', 1)[-1]}"
        for action, resource in (
            ("dynamodb:DeleteTable", table),
            ("dynamodb:Scan", table),
            ("dynamodb:PutItem", other),
        )
        if allowed(action, resource)
    ]
    if too_much:
        raise Failure("The role may do more than it needs.", expected=[], actual=too_much)


@check(
    points=3,
    needs=["rider_signs_in", "function_sends_a_unicorn"],
    step="api",
    hint="Is the change deployed, and may API Gateway call the function?",
    acts=True,
)
def signed_in_rider_gets_a_unicorn(lab):
    """A rider with a token gets a unicorn, and the ride is hers"""
    with rider(lab) as someone:
        sent = ride_of(lab, ride(lab, someone.id_token))
        found = item(lab, sent["RideId"])
        forget(lab, sent["RideId"])
        if found is None:
            raise Failure("The ride is not in the table Rides.", actual=sent)
        if found.get("User") != {"S": someone.username}:
            raise Failure(
                "The ride belongs to somebody else.",
                expected=someone.username,
                actual=found.get("User"),
            )


@check(
    needs=["signed_in_rider_gets_a_unicorn"],
    step="api",
    hint="What happens before the function is called?",
    acts=True,
)
def nobody_without_a_token(lab):
    """Without a token, and with something that is none, the answer is 401"""
    refused(lab, None, "without a token")
    refused(lab, "garbage", "with garbage for a token")


@check(
    points=2,
    needs=["nobody_without_a_token"],
    step="api",
    hint="Who checks the signature: the gateway, or nobody?",
    acts=True,
)
def forged_token_is_refused(lab):
    """A token with the right words and a forged signature is refused"""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    with rider(lab) as someone:
        header = someone.id_token.split(".")[0]
        key = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
        claims = {**payload(someone.id_token), "exp": int(time.time()) + 3600}
        forged = jwt.encode(
            {"alg": "RS256", "kid": key}, claims, RSAKey.generate_key(2048, auto_kid=False)
        )
        refused(lab, forged, "with a forged token")


@check(
    points=2,
    needs=["nobody_without_a_token"],
    step="api",
    hint="Which pools does the authorizer name?",
    acts=True,
)
def another_pools_token_is_refused(lab):
    """A valid token of another user pool is refused"""
    cognito = lab.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="somebody-elses")["UserPool"]["Id"]
    try:
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=pool, Username="eve", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(
            UserPoolId=pool, Username="eve", Password=PASSWORD, Permanent=True
        )
        tokens = srp_sign_in(lab, pool, client, "eve")
        refused(lab, tokens["IdToken"], "with another pool's token")
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


@check(
    points=2,
    needs=["signed_in_rider_gets_a_unicorn"],
    step="api",
    hint="What does a browser ask before it sends a token to another origin?",
    acts=True,
)
def page_may_call_the_api(lab):
    """A browser on the site may call the API: the question before, and the answer after"""
    url = configured(lab, "invokeUrl")["invokeUrl"].rstrip("/")
    origin = lab.website_url().rstrip("/")
    asked = lab.http.options(
        f"{url}/ride",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    headers = {
        name.strip().lower()
        for name in asked.headers.get("Access-Control-Allow-Headers", "").split(",")
    }
    methods = {
        name.strip().upper()
        for name in asked.headers.get("Access-Control-Allow-Methods", "").split(",")
    }
    if asked.status_code not in (200, 204) or not opens_to(asked, origin):
        raise Failure(
            "OPTIONS /ride does not open the API to the page.",
            actual={"status": asked.status_code, "headers": dict(asked.headers)},
        )
    if not {"authorization", "content-type"} <= headers or "POST" not in methods:
        raise Failure(
            "The page may not send what it has to.",
            expected={"headers": ["Authorization", "Content-Type"], "methods": ["POST"]},
            actual={"headers": sorted(headers), "methods": sorted(methods)},
        )
    with rider(lab) as someone:
        reply = ride(lab, someone.id_token)
        forget(lab, ride_of(lab, reply)["RideId"])
        if not opens_to(reply, origin):
            raise Failure(
                "The page may not read the answer.",
                expected="Access-Control-Allow-Origin",
                actual=dict(reply.headers),
                help="The function sends this header itself; a proxy integration adds nothing.",
            )


def opens_to(reply: httpx.Response, origin: str) -> bool:
    """Whether a browser lets a page of `origin` read the reply."""
    return reply.headers.get("Access-Control-Allow-Origin") in ("*", origin)
