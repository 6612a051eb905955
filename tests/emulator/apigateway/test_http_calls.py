"""Calling HTTP APIs: routes, endpoints, cross-origin sharing, limits, tokens."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from joserfc.jwk import RSAKey

from tests.emulator.apigateway.apis import backend, echo, signed
from tests.emulator.apigateway.issuer import issuer


class HttpApi:
    """An HTTP API with a stage that follows it."""

    def __init__(self, emulator, stage: str = "$default", **options):
        self.emulator = emulator
        self.client = emulator.client("apigatewayv2")
        self.made = self.client.create_api(Name="api", ProtocolType="HTTP", **options)
        self.id = self.made["ApiId"]
        self.stage = stage
        if not options.get("Target"):
            self.client.create_stage(ApiId=self.id, StageName=stage, AutoDeploy=True)

    def integration(self, **options) -> str:
        found = self.client.create_integration(ApiId=self.id, **options)
        return f"integrations/{found['IntegrationId']}"

    def http(self, uri: str, method: str = "ANY", **options) -> str:
        return self.integration(
            IntegrationType="HTTP_PROXY",
            IntegrationMethod=method,
            IntegrationUri=uri,
            PayloadFormatVersion="1.0",
            **options,
        )

    def route(self, key: str, target: str, **options):
        return self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **options)

    def call(self, verb: str, path: str, **options):
        host = f"{self.id}.execute-api.us-east-1.localhost:{self.emulator.port}"
        prefix = "" if self.stage == "$default" else f"/{self.stage}"
        return self.emulator.anonymous.request(verb, f"http://{host}{prefix}{path}", **options)

    def get(self, path: str, **options):
        return self.call("GET", path, **options)


@pytest.fixture(scope="module")
def server():
    with backend(echo) as address:
        yield address


@pytest.fixture(scope="module")
def oidc():
    with issuer() as made:
        yield made


def test_quick_create_answers_everywhere(emulator, server):
    api = HttpApi(emulator, Target=server)
    assert api.made["ApiEndpoint"] == (
        f"http://{api.id}.execute-api.us-east-1.localhost:{emulator.port}"
    )
    reply = api.get("/any/where?x=1")
    assert reply.status_code == 200
    assert reply.json()["method"] == "GET"
    assert reply.headers["apigw-requestid"].endswith("=")
    stage = api.client.get_stage(ApiId=api.id, StageName="$default")
    assert stage["AutoDeploy"] and stage["ApiGatewayManaged"]


def test_the_best_route_wins(emulator, server):
    api = HttpApi(emulator)
    for key in (
        "$default",
        "ANY /{proxy+}",
        "GET /{proxy+}",
        "GET /pets/{id}",
        "GET /pets/best",
        "ANY /pets/{id}",
        "POST /pets/{id}/toys/{toy}",
    ):
        name = (
            key.replace(" ", "-")
            .replace("/", "_")
            .replace("$", "")
            .replace("{", "(")
            .replace("}", ")")
        )
        api.route(key, api.http(server + "/" + name))

    def taken(verb: str, path: str) -> str:
        return api.call(verb, path).json()["path"]

    assert taken("GET", "/pets/best") == "/GET-_pets_best"
    assert taken("GET", "/pets/7") == "/GET-_pets_(id)"
    assert taken("PUT", "/pets/7") == "/ANY-_pets_(id)"
    assert taken("POST", "/pets/7/toys/3") == "/POST-_pets_(id)_toys_(toy)"
    assert taken("GET", "/pets/7/toys/3") == "/GET-_(proxy+)"
    assert taken("PUT", "/other") == "/ANY-_(proxy+)"
    assert taken("GET", "/") == "/default"


def test_what_no_route_takes_is_not_found(emulator, server):
    api = HttpApi(emulator)
    api.route("GET /pets", api.http(server))
    for verb, path in (("GET", "/"), ("POST", "/pets"), ("GET", "/pets/"), ("GET", "/pets/1")):
        reply = api.call(verb, path)
        assert (reply.status_code, reply.json()) == (404, {"message": "Not Found"}), path
    other = HttpApi(emulator, stage="dev")
    reply = emulator.anonymous.get(
        "/pets", headers={"Host": f"{other.id}.execute-api.us-east-1.amazonaws.com"}
    )
    assert (reply.status_code, reply.json()) == (404, {"message": "Not Found"})


def test_path_variables_query_and_mapping_reach_the_endpoint(emulator, server):
    api = HttpApi(emulator, stage="dev")
    api.client.update_stage(ApiId=api.id, StageName="dev", StageVariables={"colour": "blue"})
    target = api.http(
        server + "/in/{proxy}",
        RequestParameters={
            "append:header.X-Ids": "$request.querystring.id",
            "overwrite:header.X-Where": "${context.stage}-${stageVariables.colour}",
            "remove:header.X-Secret": "''",
            "overwrite:querystring.who": "$request.body.name",
        },
        ResponseParameters={
            "200": {
                "overwrite:statuscode": "201",
                "append:header.X-Echo": "$response.body.method",
                "remove:header.Content-Type": "''",
            }
        },
    )
    api.route("ANY /files/{proxy+}", target)
    reply = api.call(
        "POST",
        "/files/a%20b/c?id=1&id=2",
        json={"name": "Ann"},
        headers={"X-Secret": "s", "X-Ids": "0"},
    )
    assert reply.status_code == 201
    assert reply.headers["x-echo"] == "POST"
    assert "content-type" not in reply.headers
    found = reply.json()
    assert found["path"] == "/in/a%20b/c?id=1&id=2&who=Ann"
    headers = {name.lower(): value for name, value in found["headers"].items()}
    assert headers["x-ids"] == "0,1,2"
    assert headers["x-where"] == "dev-blue"
    assert "x-secret" not in headers
    assert f"host={api.id}.execute-api" in headers["forwarded"]


def test_an_endpoint_that_is_not_there_is_unavailable(emulator):
    api = HttpApi(emulator)
    api.route("GET /x", api.http("http://127.0.0.1:1/"))
    reply = api.get("/x")
    assert (reply.status_code, reply.json()) == (503, {"message": "Service Unavailable"})


def test_sharing_is_answered_by_the_api(emulator):
    def careless(handler):
        return 200, {"Access-Control-Allow-Origin": "https://evil.example"}, b"{}"

    with backend(careless) as address:
        api = HttpApi(
            emulator,
            CorsConfiguration={
                "AllowOrigins": ["https://shop.example"],
                "AllowMethods": ["GET", "POST"],
                "AllowHeaders": ["content-type", "authorization"],
                "ExposeHeaders": ["x-total"],
                "MaxAge": 300,
            },
        )
        api.route("GET /x", api.http(address))
        ask = {"Access-Control-Request-Method": "GET", "Origin": "https://shop.example"}
        reply = api.call("OPTIONS", "/anything", headers=ask)
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
        assert reply.headers["access-control-allow-methods"] == "GET,POST"
        assert reply.headers["access-control-allow-headers"] == "content-type,authorization"
        assert reply.headers["access-control-max-age"] == "300"
        reply = api.call("OPTIONS", "/x", headers=ask | {"Origin": "https://other.example"})
        assert reply.status_code == 204
        assert "access-control-allow-origin" not in reply.headers
        reply = api.get("/x", headers={"Origin": "https://shop.example"})
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
        assert reply.headers["access-control-expose-headers"] == "x-total"
        reply = api.get("/x")
        assert "access-control-allow-origin" not in reply.headers
        api.client.delete_cors_configuration(ApiId=api.id)
        reply = api.get("/x", headers={"Origin": "https://shop.example"})
        assert reply.headers["access-control-allow-origin"] == "https://evil.example"


def jwt_api(emulator, server, oidc, scopes=None) -> HttpApi:
    api = HttpApi(emulator)
    authorizer = api.client.create_authorizer(
        ApiId=api.id,
        Name="users",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": oidc.address, "Audience": ["app"]},
    )["AuthorizerId"]
    options = {"AuthorizationScopes": scopes} if scopes else {}
    target = api.http(
        server,
        RequestParameters={"overwrite:header.X-Sub": "$context.authorizer.claims.sub"},
    )
    api.route("GET /x", target, AuthorizationType="JWT", AuthorizerId=authorizer, **options)
    return api


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_good_token_is_let_in_with_its_claims(emulator, server, oidc):
    api = jwt_api(emulator, server, oidc)
    reply = api.get("/x", headers=bearer(oidc.token()))
    assert reply.status_code == 200
    assert {k.lower(): v for k, v in reply.json()["headers"].items()}["x-sub"] == "ann"
    assert api.get("/x", headers=bearer(oidc.token(aud=None, client_id="app"))).status_code == 200


def test_no_token(emulator, server, oidc):
    reply = jwt_api(emulator, server, oidc).get("/x")
    assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("garbage", "token contains an invalid number of segments"),
        ("audience", "the token does not have a valid audience"),
        ("expired", "the token has expired"),
        ("issuer", "the issuer is not the one that is trusted"),
        ("forged", "the signature is invalid"),
        ("unsigned", "the signing method is invalid"),
    ],
)
def test_bad_tokens(emulator, server, oidc, kind, reason):
    import base64

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    payload = {"iss": oidc.address, "aud": "app", "exp": 9999999999}
    token = {
        "garbage": lambda: "garbage",
        "audience": lambda: oidc.token(aud="other"),
        "expired": lambda: oidc.token(exp=1),
        "issuer": lambda: oidc.token(iss="http://127.0.0.1:1"),
        "forged": lambda: oidc.token(RSAKey.generate_key(2048, {"kid": oidc.key.kid})),
        "unsigned": lambda: f"{part({'alg': 'none'})}.{part(payload)}.",
    }[kind]()
    reply = jwt_api(emulator, server, oidc).get("/x", headers=bearer(token))
    assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})
    assert reply.headers["www-authenticate"] == (
        f'Bearer scope="" error="invalid_token" error_description="{reason}"'
    )


def test_scopes(emulator, server, oidc):
    api = jwt_api(emulator, server, oidc, scopes=["pets/read", "pets/write"])
    assert api.get("/x", headers=bearer(oidc.token(scope="openid pets/read"))).status_code == 200
    reply = api.get("/x", headers=bearer(oidc.token(scope="openid")))
    assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})
    assert 'error="insufficient_scope"' in reply.headers["www-authenticate"]


def test_new_keys_are_fetched(emulator, server, oidc):
    api = jwt_api(emulator, server, oidc)
    assert api.get("/x", headers=bearer(oidc.token())).status_code == 200
    oidc.key = RSAKey.generate_key(2048, {"kid": "two"})
    token = oidc.token()
    from tests.emulator.apigateway.apis import until

    assert until(lambda: api.get("/x", headers=bearer(token)).status_code == 200)


def test_a_route_for_signed_calls(emulator, server):
    api = HttpApi(emulator)
    api.route("GET /x", api.http(server), AuthorizationType="AWS_IAM")
    url = f"http://{api.id}.execute-api.us-east-1.localhost:{emulator.port}/x"
    assert api.get("/x", headers=signed("GET", url, "test", "test")).status_code == 200
    for headers in (
        {},
        signed("GET", url, "test", "wrong"),
        signed("GET", url, "111111111111", "test"),
    ):
        reply = api.get("/x", headers=headers)
        assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})


def test_the_stage_throttles_a_route(emulator, server):
    api = HttpApi(emulator)
    api.route("GET /x", api.http(server))
    api.route("GET /y", api.http(server))
    api.client.update_stage(
        ApiId=api.id,
        StageName="$default",
        RouteSettings={"GET /x": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}},
    )
    replies = [api.get("/x") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 429]
    assert replies[1].json() == {"message": "Too Many Requests"}
    assert [api.get("/y").status_code for _ in range(2)] == [200, 200]


def test_a_stage_without_auto_deploy_waits(emulator, server):
    api = HttpApi(emulator)
    api.client.create_stage(ApiId=api.id, StageName="slow")
    api.route("GET /x", api.http(server))
    api.stage = "slow"
    assert api.get("/x").status_code == 404
    api.client.create_deployment(ApiId=api.id, StageName="slow")
    assert api.get("/x").status_code == 200
    api.route("GET /y", api.http(server))
    assert api.get("/y").status_code == 404


def test_a_message_to_a_queue(emulator):
    sqs, iam = emulator.client("sqs"), emulator.client("iam")
    name = f"q-{uuid.uuid4().hex[:6]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    api = HttpApi(emulator)
    target = api.integration(
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="SQS-SendMessage",
        PayloadFormatVersion="1.0",
        CredentialsArn=role["Arn"],
        RequestParameters={"QueueUrl": url, "MessageBody": "$request.body.text"},
    )
    api.route("POST /send", target)
    assert api.call("POST", "/send", json={"text": "hi"}).status_code == 403
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    reply = api.call("POST", "/send", json={"text": "hi"})
    assert reply.status_code == 200, reply.text
    assert reply.json()["MessageId"]
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert found[0]["Body"] == "hi"


def refusal(call, **kwargs) -> tuple[str, str]:
    with pytest.raises(ClientError) as found:
        call(**kwargs)
    error = found.value.response["Error"]
    return error["Code"], error["Message"]


def test_bad_input_gets_awss_errors(emulator, server):
    api = HttpApi(emulator)
    client = api.client
    target = api.http(server)
    api.route("GET /x", target)
    assert refusal(client.get_api, ApiId="abcdefghij") == (
        "NotFoundException",
        "Invalid API identifier specified 000000000000:abcdefghij",
    )
    assert refusal(client.get_route, ApiId=api.id, RouteId="nothing")[0] == "NotFoundException"
    assert refusal(client.create_route, ApiId=api.id, RouteKey="GET /x") == (
        "ConflictException",
        "Route with key GET /x already exists for this API",
    )
    for key in ("GET", "get /x", "FETCH /x", "GET x"):
        assert refusal(client.create_route, ApiId=api.id, RouteKey=key)[0] == "BadRequestException"
    found = refusal(client.create_stage, ApiId=api.id, StageName="$default")
    assert found == ("ConflictException", "Stage already exists")
    found = refusal(
        client.create_integration,
        ApiId=api.id,
        IntegrationType="HTTP_PROXY",
        IntegrationUri=server,
        IntegrationMethod="GET",
        ConnectionType="VPC_LINK",
        ConnectionId="abc",
    )
    assert found[0] == "BadRequestException"
    assert "VPC links" in found[1]
    found = refusal(
        client.create_route,
        ApiId=api.id,
        RouteKey="GET /jwt",
        AuthorizationType="JWT",
        AuthorizerId="nothing",
    )
    assert found[0] == "BadRequestException"
    integration = target.removeprefix("integrations/")
    found = refusal(client.delete_integration, ApiId=api.id, IntegrationId=integration)
    assert found[0] == "ConflictException"
    assert refusal(client.create_vpc_link, Name="v", SubnetIds=["s"])[0] == "BadRequestException"


def test_everything_can_be_changed_and_removed(emulator, server):
    api = HttpApi(emulator, Tags={"a": "1"})
    client = api.client
    target = api.http(server)
    route = api.route("GET /x", target)["RouteId"]
    client.update_route(ApiId=api.id, RouteId=route, RouteKey="GET /y")
    assert (api.get("/x").status_code, api.get("/y").status_code) == (404, 200)
    assert client.get_routes(ApiId=api.id)["Items"][0]["RouteKey"] == "GET /y"
    client.delete_route(ApiId=api.id, RouteId=route)
    assert api.get("/y").status_code == 404
    client.delete_integration(ApiId=api.id, IntegrationId=target.removeprefix("integrations/"))
    assert client.get_integrations(ApiId=api.id)["Items"] == []
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api.id}"
    client.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert client.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    assert api.id in [item["ApiId"] for item in client.get_apis()["Items"]]
    client.delete_api(ApiId=api.id)
    assert api.id not in [item["ApiId"] for item in client.get_apis()["Items"]]
    assert api.get("/y").json() == {"message": "Forbidden"}


def test_an_export_can_be_imported_again(emulator, server, oidc):
    api = jwt_api(emulator, server, oidc, scopes=["a/b"])
    api.route("ANY /files/{proxy+}", api.http(server + "/{proxy}"))
    api.route("$default", api.http(server))
    api.client.update_api(ApiId=api.id, CorsConfiguration={"AllowOrigins": ["*"]})
    options = {"Specification": "OAS30", "OutputType": "JSON"}
    first = json.loads(api.client.export_api(ApiId=api.id, **options)["body"].read())
    assert first["paths"]["/x"]["get"]["security"] == [{"users": ["a/b"]}]
    made = api.client.import_api(Body=json.dumps(first))
    again = json.loads(api.client.export_api(ApiId=made["ApiId"], **options)["body"].read())
    assert again["paths"] == first["paths"]
    assert again["x-amazon-apigateway-cors"] == {"allowOrigins": ["*"]}
    api.client.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    api.id = made["ApiId"]
    assert api.get("/x").status_code == 401
    assert api.get("/files/a/b").json()["path"] == "/a/b"
    first["paths"] = {"/new": first["paths"]["/x"]}
    api.client.reimport_api(ApiId=api.id, Body=json.dumps(first))
    assert api.get("/new").status_code == 401
    assert api.get("/files/a").status_code == 404
    for body in ("", "[]", '{"swagger":"2.0"}', '{"openapi":"3.0.1"}'):
        assert refusal(api.client.import_api, Body=body)[0] == "BadRequestException"


def test_access_logs(emulator, server):
    from tests.emulator.apigateway.apis import until

    logs = emulator.client("logs")
    api = HttpApi(emulator)
    api.route("GET /x", api.http(server))
    group = f"/api/{api.id}"
    logs.create_log_group(logGroupName=group)
    api.client.update_stage(
        ApiId=api.id,
        StageName="$default",
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
            "Format": "$context.httpMethod $context.path $context.status $context.routeKey",
        },
    )
    api.get("/x")
    found = until(lambda: logs.filter_log_events(logGroupName=group)["events"])
    assert found[0]["message"] == "GET /x 200 GET /x"


def test_bodies_that_are_too_long(emulator, server):
    api = HttpApi(emulator, Target=server)
    reply = api.call("POST", "/x", content=b"x" * (10 * 1024**2 + 1))
    assert (reply.status_code, reply.json()) == (413, {"message": "Request Entity Too Large"})
