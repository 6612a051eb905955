"""APIs that ask for a token of a user pool, with tokens that Cognito issued."""

from __future__ import annotations

import base64
import json
import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.emulator.apigateway.apis import RestApi

PASSWORD = "Unicorns-42!"


class Pool:
    """A user pool with one user who has signed in."""

    def __init__(self, emulator) -> None:
        self.client = emulator.client("cognito-idp")
        self.id = self.client.create_user_pool(PoolName=f"p-{uuid.uuid4().hex[:6]}")["UserPool"][
            "Id"
        ]
        self.app = self.client.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="web",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.client.admin_create_user(
            UserPoolId=self.id,
            Username="ann",
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": "ann@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        self.client.admin_set_user_password(
            UserPoolId=self.id, Username="ann", Password=PASSWORD, Permanent=True
        )
        self.client.create_group(UserPoolId=self.id, GroupName="riders")
        self.client.admin_add_user_to_group(UserPoolId=self.id, Username="ann", GroupName="riders")
        self.sign_in()

    def sign_in(self) -> None:
        found = self.client.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.app,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        self.id_token, self.access_token = found["IdToken"], found["AccessToken"]

    @property
    def arn(self) -> str:
        return f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{self.id}"

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.us-east-1.amazonaws.com/{self.id}"


@pytest.fixture(scope="module")
def pool(own_emulator):
    return Pool(own_emulator)


@pytest.fixture(scope="module")
def api(own_emulator, pool):
    made = RestApi(own_emulator)
    authorizer = made.client.create_authorizer(
        restApiId=made.id,
        name="users",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool.arn],
        identitySource="method.request.header.Authorization",
    )["id"]
    made.authorizer = authorizer
    answer = {
        name: f"$context.authorizer.claims['{name}']"
        for name in ("sub", "cognito:username", "cognito:groups", "email_verified", "exp", "aud")
    }
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    guarded = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    made.method(
        "/me",
        "GET",
        mock,
        {"200": {"responseTemplates": {"application/json": json.dumps(answer)}}},
        **guarded,
    )
    made.method("/scoped", "GET", authorizationScopes=["aws.cognito.signin.user.admin"], **guarded)
    made.method("/other", "GET", authorizationScopes=["rides/write"], **guarded)
    return made.deploy()


def ask(api: RestApi, path: str, token: str | None):
    return api.get(path, headers={} if token is None else {"Authorization": token})


def refused(reply) -> bool:
    return (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})


def test_an_id_token_is_let_in_with_its_claims(api, pool):
    for token in (pool.id_token, f"Bearer {pool.id_token}"):
        reply = ask(api, "/me", token)
        assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["cognito:username"] == "ann"
    assert found["cognito:groups"] == "riders"
    assert found["email_verified"] == "true"
    assert found["aud"] == pool.app
    assert found["exp"].split()[4] == "UTC"


def test_what_is_no_id_token_of_the_pool_is_refused(api, pool, own_emulator):
    header, payload, signature = pool.id_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"cognito:username": "eve"}).encode())
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    strange = RSAKey.generate_key(2048, {"kid": kid})
    other = Pool(own_emulator)
    for token in (
        None,
        "",
        "garbage",
        "a.b.c",
        pool.access_token,
        f"{header}.{forged.decode().rstrip('=')}.{signature}",
        f"{header}.{payload}.{signature[:-6]}AAAAAA",
        f"{header}.{payload}.",
        jwt.encode({"alg": "RS256", "kid": kid}, claims, strange),
        jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, strange),
        other.id_token,
    ):
        reply = ask(api, "/me", token)
        assert refused(reply), token
        assert reply.headers["x-amzn-errortype"] == "UnauthorizedException"


def test_scopes_want_an_access_token(api, pool):
    assert ask(api, "/scoped", pool.access_token).status_code == 200
    assert refused(ask(api, "/scoped", pool.id_token))
    assert refused(ask(api, "/other", pool.access_token))


def test_an_http_api_takes_the_same_tokens(own_emulator, pool):
    from tests.emulator.apigateway.apis import backend, echo

    client = own_emulator.client("apigatewayv2")
    with backend(echo) as address:
        made = client.create_api(Name="a", ProtocolType="HTTP", Target=address)
        authorizer = client.create_authorizer(
            ApiId=made["ApiId"],
            Name="users",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": pool.issuer, "Audience": [pool.app]},
        )["AuthorizerId"]
        route = client.get_routes(ApiId=made["ApiId"])["Items"][0]["RouteId"]
        client.update_route(
            ApiId=made["ApiId"],
            RouteId=route,
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
        )
        host = f"{made['ApiId']}.execute-api.us-east-1.localhost:{own_emulator.port}"
        for token, status in ((pool.id_token, 200), (pool.access_token, 200), ("x.y.z", 401)):
            reply = own_emulator.anonymous.get(
                "/x", headers={"Host": host, "Authorization": f"Bearer {token}"}
            )
            assert reply.status_code == status


def test_test_invoke_authorizer_shows_the_claims(api, pool):
    options = {"restApiId": api.id, "authorizerId": api.authorizer}
    found = api.client.test_invoke_authorizer(**options, headers={"Authorization": pool.id_token})
    assert found["clientStatus"] == 200
    assert found["claims"]["cognito:username"] == "ann"
    found = api.client.test_invoke_authorizer(**options, headers={"Authorization": "garbage"})
    assert found["clientStatus"] == 401


def test_a_token_expires_with_the_sandbox_clock(api, pool, own_emulator):
    assert ask(api, "/me", pool.id_token).status_code == 200
    own_emulator.advance(3601)
    reply = ask(api, "/me", pool.id_token)
    assert reply.status_code == 401
    assert reply.json() == {"message": "The incoming token has expired"}
    pool.sign_in()
    assert ask(api, "/me", pool.id_token).status_code == 200


def test_a_guest_of_an_identity_pool_signs_calls(own_emulator):
    from tests.emulator.apigateway.apis import signed

    identities, iam = own_emulator.client("cognito-identity"), own_emulator.client("iam")
    pool = identities.create_identity_pool(
        IdentityPoolName=f"g{uuid.uuid4().hex[:6]}", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    api = RestApi(own_emulator)
    answer = {
        "id": "$context.identity.cognitoIdentityId",
        "pool": "$context.identity.cognitoIdentityPoolId",
        "type": "$context.identity.cognitoAuthenticationType",
    }
    api.method(
        "/me",
        "GET",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {"200": {"responseTemplates": {"application/json": json.dumps(answer)}}},
        authorizationType="AWS_IAM",
    ).deploy()
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool}},
            }
        ],
    }
    name = f"guest-{uuid.uuid4().hex[:6]}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    identities.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": role})
    identity = identities.get_id(IdentityPoolId=pool)["IdentityId"]
    keys = identities.get_credentials_for_identity(IdentityId=identity)["Credentials"]

    def call():
        headers = signed(
            "GET", api.url("/me"), keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"]
        )
        return api.get("/me", headers=headers)

    assert call().status_code == 403
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api.arn}/*/GET/me"}
        ],
    }
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    reply = call()
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"id": identity, "pool": pool, "type": "unauthenticated"}
