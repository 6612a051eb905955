"""Who may call a REST API: IAM, resource policies, API keys, limits."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.emulator.apigateway.apis import RestApi, signed


@pytest.fixture(scope="module")
def api(emulator):
    return RestApi(emulator).method("/x", authorizationType="AWS_IAM").deploy()


@pytest.fixture(scope="module")
def user(emulator):
    """A user with a key; gives (name, key id, secret, a function that sets the one policy)."""
    iam = emulator.client("iam")
    name = f"caller-{uuid.uuid4().hex[:6]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def allow(action: str | None, resource: str = "*", effect: str = "Allow") -> None:
        if action is None:
            iam.delete_user_policy(UserName=name, PolicyName="p")
            return
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": action, "Resource": resource}],
        }
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))

    return name, key["AccessKeyId"], key["SecretAccessKey"], allow


def call(api: RestApi, access_key: str, secret: str, **options):
    return api.get("/x", headers=signed("GET", api.url("/x"), access_key, secret), **options)


def test_a_signature_of_the_owner_is_taken(api):
    assert call(api, "test", "test").status_code == 200


def test_no_signature_misses_a_token(api):
    reply = api.get("/x")
    assert (reply.status_code, reply.json()) == (403, {"message": "Missing Authentication Token"})


def test_a_wrong_secret_an_unknown_key_and_an_expired_date(api):
    reply = call(api, "test", "wrong")
    assert reply.status_code == 403
    assert reply.headers["x-amzn-errortype"] == "InvalidSignatureException"
    assert reply.json()["message"].startswith("The request signature we calculated does not match")
    reply = call(api, "AKIAQQQQQQQQQQQQQQQQ", "wrong")
    assert reply.status_code == 403
    assert reply.json() == {"message": "The security token included in the request is invalid."}
    assert reply.headers["x-amzn-errortype"] == "UnrecognizedClientException"
    headers = signed("GET", api.url("/x"), "test", "test")
    headers["X-Amz-Date"] = "20200101T000000Z"
    assert api.get("/x", headers=headers).status_code == 403


def test_the_users_policies_decide(api, user):
    name, key, secret, allow = user
    arn = f"arn:aws:execute-api:us-east-1:********0000:{api.id}/prod/GET/x"
    start = f"User: arn:aws:iam::000000000000:user/{name} is not authorized to perform: execute-api:Invoke on resource: {arn} "
    reply = call(api, key, secret)
    assert reply.status_code == 403
    assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert reply.json() == {
        "Message": start + "because no identity-based policy allows the execute-api:Invoke action"
    }
    allow("execute-api:Invoke", f"{api.arn}/prod/GET/x")
    assert call(api, key, secret).status_code == 200
    allow("execute-api:Invoke", f"{api.arn}/prod/POST/x")
    assert call(api, key, secret).status_code == 403
    allow("execute-api:*", effect="Deny")
    reply = call(api, key, secret)
    assert reply.json() == {"Message": start + "with an explicit deny in an identity-based policy"}
    allow(None)


def test_the_control_plane_is_decided_too(emulator, api, user):
    _, key, secret, allow = user
    client = emulator.client("apigateway", access_key=key, secret_key=secret)
    with pytest.raises(client.exceptions.ClientError) as refusal:
        client.get_rest_api(restApiId=api.id)
    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/" in str(
        refusal.value
    )
    allow("apigateway:GET", f"arn:aws:apigateway:us-east-1::/restapis/{api.id}")
    assert client.get_rest_api(restApiId=api.id)["id"] == api.id
    with pytest.raises(client.exceptions.ClientError):
        client.get_resources(restApiId=api.id)
    with pytest.raises(client.exceptions.ClientError):
        client.delete_rest_api(restApiId=api.id)
    allow(None)


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_resource_policy_decides_about_everybody(emulator):
    allow = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*/GET/open",
    }
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*/GET/shut",
        "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    api = RestApi(emulator, policy=policy(allow, deny))
    api.method("/open").method("/shut").method("/other").deploy()
    assert api.get("/open").status_code == 200
    arn = f"arn:aws:execute-api:us-east-1:********0000:{api.id}/prod/GET"
    reply = api.get("/shut")
    assert reply.status_code == 403
    assert reply.json() == {
        "Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}/shut with an explicit deny in a resource-based policy"
    }
    reply = api.get("/other")
    assert reply.json() == {
        "Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}/other because no resource-based policy allows the execute-api:Invoke action"
    }


def test_a_resource_policy_lets_another_account_in(emulator):
    api = RestApi(emulator).method("/x", authorizationType="AWS_IAM").deploy()
    assert call(api, "111111111111", "test").status_code == 403
    api.client.update_rest_api(
        restApiId=api.id,
        patchOperations=[
            {
                "op": "replace",
                "path": "/policy",
                "value": policy(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "111111111111"},
                        "Action": "execute-api:Invoke",
                        "Resource": "execute-api:/*",
                    }
                ),
            }
        ],
    )
    assert call(api, "111111111111", "test").status_code == 403  # not deployed yet
    api.deploy()
    assert call(api, "111111111111", "test").status_code == 200


def test_a_broken_policy_is_refused(emulator):
    client = emulator.client("apigateway")
    for text in ("{", "{}", policy({"Effect": "Allow", "Action": "*", "Resource": "*"})):
        with pytest.raises(client.exceptions.BadRequestException) as refusal:
            client.create_rest_api(name="p", policy=text)
        assert "Invalid policy document" in str(refusal.value)


def plan(api: RestApi, **options) -> tuple[str, str, str]:
    """A usage plan with a key: (plan id, key id, key value)."""
    identity = api.client.create_usage_plan(
        name=f"plan-{api.id}", apiStages=[{"apiId": api.id, "stage": "prod"}], **options
    )["id"]
    key = api.client.create_api_key(name="k", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=identity, keyId=key["id"], keyType="API_KEY")
    return identity, key["id"], key["value"]


def test_an_api_key_is_asked_for(emulator):
    api = RestApi(emulator).method("/x", apiKeyRequired=True).deploy()
    identity, key_id, value = plan(api)
    for headers in ({}, {"x-api-key": "wrong"}):
        reply = api.get("/x", headers=headers)
        assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
        assert reply.headers["x-amzn-errortype"] == "ForbiddenException"
    assert api.get("/x", headers={"x-api-key": value}).status_code == 200
    api.client.update_api_key(
        apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
    )
    assert api.get("/x", headers={"x-api-key": value}).status_code == 403
    other = RestApi(emulator).method("/x", apiKeyRequired=True).deploy()
    assert other.get("/x", headers={"x-api-key": value}).status_code == 403


def test_a_plan_throttles_and_recovers(emulator):
    api = RestApi(emulator).method("/x", apiKeyRequired=True).deploy()
    _, _, value = plan(api, throttle={"rateLimit": 0.001, "burstLimit": 3})
    codes = [api.get("/x", headers={"x-api-key": value}).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    reply = api.get("/x", headers={"x-api-key": value})
    assert reply.json() == {"message": "Too Many Requests"}
    assert reply.headers["x-amzn-errortype"] == "TooManyRequestsException"


def test_a_quota_is_counted_and_can_be_raised(emulator):
    api = RestApi(emulator).method("/x", apiKeyRequired=True).deploy()
    identity, key_id, value = plan(api, quota={"limit": 2, "period": "MONTH"})
    codes = [api.get("/x", headers={"x-api-key": value}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    reply = api.get("/x", headers={"x-api-key": value})
    assert reply.json() == {"message": "Limit Exceeded"}
    assert reply.headers["x-amzn-errortype"] == "LimitExceededException"
    today = reply.headers["date"]
    from email.utils import parsedate_to_datetime

    day = parsedate_to_datetime(today).date().isoformat()
    usage = api.client.get_usage(usagePlanId=identity, startDate=day, endDate=day)
    assert usage["items"] == {key_id: [[2, 0]]}
    api.client.update_usage(
        usagePlanId=identity,
        keyId=key_id,
        patchOperations=[{"op": "replace", "path": "/remaining", "value": "1"}],
    )
    codes = [api.get("/x", headers={"x-api-key": value}).status_code for _ in range(2)]
    assert codes == [200, 429]


def test_the_stage_throttles_one_method(emulator):
    api = RestApi(emulator).method("/x").method("/y").deploy()
    api.client.update_stage(
        restApiId=api.id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/~1x/GET/throttling/rateLimit", "value": "0.001"},
            {"op": "replace", "path": "/~1x/GET/throttling/burstLimit", "value": "1"},
        ],
    )
    assert [api.get("/x").status_code for _ in range(3)] == [200, 429, 429]
    assert [api.get("/y").status_code for _ in range(3)] == [200, 200, 200]


def test_a_method_of_a_plan_has_its_own_limit(emulator):
    api = RestApi(emulator).method("/x", apiKeyRequired=True).method("/y", apiKeyRequired=True)
    api.deploy()
    identity, _, value = plan(api)
    for name, limit in (("rateLimit", "0.001"), ("burstLimit", "1")):
        found = api.client.update_usage_plan(
            usagePlanId=identity,
            patchOperations=[
                {
                    "op": "replace",
                    "path": f"/apiStages/{api.id}:prod/throttle/~1x/GET/{name}",
                    "value": limit,
                }
            ],
        )
    assert found["apiStages"][0]["throttle"] == {"/x/GET": {"rateLimit": 0.001, "burstLimit": 1}}
    headers = {"x-api-key": value}
    assert [api.get("/x", headers=headers).status_code for _ in range(2)] == [200, 429]
    assert [api.get("/y", headers=headers).status_code for _ in range(2)] == [200, 200]


def test_a_signed_body_and_an_encoded_path(emulator):
    api = RestApi(emulator).method("/x/{name}", "POST", authorizationType="AWS_IAM").deploy()
    url = api.url("/x/a%20b?q=1%2F2&p=")
    headers = signed("POST", url, "test", "test", body=b'{"a":1}')
    assert emulator.anonymous.post(url, headers=headers, content=b'{"a":1}').status_code == 200
    reply = emulator.anonymous.post(url, headers=headers, content=b'{"a":2}')
    assert reply.status_code == 403
    assert reply.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_a_session_of_a_role_needs_its_token(emulator):
    api = RestApi(emulator).method("/x", authorizationType="AWS_IAM").deploy()
    sts = emulator.client("sts")
    found = sts.get_session_token()["Credentials"]
    pair = (found["AccessKeyId"], found["SecretAccessKey"])
    headers = signed("GET", api.url("/x"), *pair, found["SessionToken"])
    assert api.get("/x", headers=headers).status_code == 200
    reply = api.get("/x", headers=signed("GET", api.url("/x"), *pair))
    assert reply.json() == {"message": "The security token included in the request is invalid."}


def test_a_refusal_is_in_the_events_with_its_rule(emulator, api, user):
    name, key, secret, allow = user
    allow("execute-api:*", effect="Deny")
    assert call(api, key, secret).status_code == 403
    allow(None)
    events = emulator.instance.call("GET", "/events?denied=1&service=execute-api")
    found = (events.get("events") or events)[-1]
    assert found["action"] == "execute-api:Invoke"
    assert found["user_name"] == name
    assert found["resource"] == f"{api.arn}/prod/GET/x"
    assert found["rule"].startswith("explicit deny")
    history = emulator.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "Invoke"}]
    )["Events"]
    assert history == []
