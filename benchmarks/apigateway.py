"""REST and HTTP APIs: without a function, with one that logs, with an authorizer."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.clients import client
from benchmarks.measure import Figure, rate, repeat
from sandbox.stack import instance

CODE = """
def handler(event, context):
    print("asked for", event.get("path") or event.get("rawPath"))
    return {"statusCode": 200, "body": "{}"}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
PASSWORD = "Unicorns-42!"


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group; the function prints one line for each call."""
    started = instance.start("apigateway", ephemeral=True, home=home)
    try:
        function = _function(started.endpoint)
        pool, app, token = _sign_in(started.endpoint)
        rest = _rest(started.endpoint, function, pool)
        http_api = _http(started.endpoint, function, pool, app)

        def rest_call(path: str, headers: dict[str, str] | None = None):
            return lambda: _getter(started.port, rest, f"/prod{path}", headers)

        def http_call(path: str, headers: dict[str, str] | None = None):
            return lambda: _getter(started.port, http_api, path, headers)

        signed = {"Authorization": token}
        bearer = {"Authorization": f"Bearer {token}"}
        group = "apigateway"
        return [
            repeat(group, "REST, mock", rest_call("/mock")(), 300),
            repeat(group, "REST to function", rest_call("/open")(), 300),
            repeat(group, "HTTP API to function", http_call("/open")(), 300),
            rate(group, "REST, mock, 8 clients", rest_call("/mock"), 8, seconds),
            rate(group, "REST to function, 1 client", rest_call("/open"), 1, seconds),
            rate(group, "REST to function, 8 clients", rest_call("/open"), 8, seconds),
            rate(
                group,
                "REST with Cognito authorizer, 8 clients",
                rest_call("/guarded", signed),
                8,
                seconds,
            ),
            rate(group, "HTTP API to function, 1 client", http_call("/open"), 1, seconds),
            rate(group, "HTTP API to function, 8 clients", http_call("/open"), 8, seconds),
            rate(
                group,
                "HTTP API with JWT authorizer, 8 clients",
                http_call("/guarded", bearer),
                8,
                seconds,
            ),
        ]
    finally:
        started.stop()


def _getter(port: int, api: str, path: str, headers: dict[str, str] | None) -> Callable[[], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    sent = {"Host": f"{api}.execute-api.us-east-1.localhost:{port}", **(headers or {})}

    def get() -> bytes:
        connection.request("GET", path, headers=sent)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} {body[:200]!r}")
        return body

    return get


def _function(endpoint: str) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", CODE)
    role = client("iam", endpoint).create_role(
        RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    functions = client("lambda", endpoint)
    arn = functions.create_function(
        FunctionName="bench",
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": buffer.getvalue()},
        Timeout=10,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="bench")
    functions.add_permission(
        FunctionName="bench",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return arn


def _sign_in(endpoint: str) -> tuple[str, str, str]:
    cognito = client("cognito-idp", endpoint)
    pool = cognito.create_user_pool(PoolName="bench")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="ann", Password=PASSWORD, Permanent=True
    )
    found = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
    )
    return pool, app, found["AuthenticationResult"]["IdToken"]


def _rest(endpoint: str, function: str, pool: str) -> str:
    api = client("apigateway", endpoint)
    identity = api.create_rest_api(name="bench")["id"]
    root = api.get_resources(restApiId=identity)["items"][0]["id"]
    authorizer = api.create_authorizer(
        restApiId=identity,
        name="users",
        type="COGNITO_USER_POOLS",
        providerARNs=[f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool}"],
        identitySource="method.request.header.Authorization",
    )["id"]
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    proxy = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    guarded = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    for name, integration, access in (
        ("mock", mock, {"authorizationType": "NONE"}),
        ("open", proxy, {"authorizationType": "NONE"}),
        ("guarded", proxy, guarded),
    ):
        resource = api.create_resource(restApiId=identity, parentId=root, pathPart=name)["id"]
        where: dict[str, Any] = {
            "restApiId": identity,
            "resourceId": resource,
            "httpMethod": "GET",
        }
        api.put_method(**where, **access)
        api.put_integration(**where, **integration)
        if integration is mock:
            api.put_method_response(**where, statusCode="200")
            api.put_integration_response(**where, statusCode="200")
    api.create_deployment(restApiId=identity, stageName="prod")
    return identity


def _http(endpoint: str, function: str, pool: str, app: str) -> str:
    api = client("apigatewayv2", endpoint)
    identity = api.create_api(Name="bench", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=identity,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    authorizer = api.create_authorizer(
        ApiId=identity,
        Name="users",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={
            "Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{pool}",
            "Audience": [app],
        },
    )["AuthorizerId"]
    target = f"integrations/{integration}"
    api.create_route(ApiId=identity, RouteKey="GET /open", Target=target)
    api.create_route(
        ApiId=identity,
        RouteKey="GET /guarded",
        Target=target,
        AuthorizationType="JWT",
        AuthorizerId=authorizer,
    )
    api.create_stage(ApiId=identity, StageName="$default", AutoDeploy=True)
    return identity
