"""`sandbox mail`, as typed."""

from __future__ import annotations

import json

import boto3

from tests.cli.test_stack_commands import no_traceback


def test_mail(sandbox):
    assert sandbox("up", "--ephemeral").returncode == 0
    endpoint = json.loads(sandbox("status", "--json").stdout)["endpoint"]
    empty = sandbox("mail", "--code")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert empty.stderr == "sandbox: No message with a code has arrived yet.\n"
    assert sandbox("mail").stdout == "No message has arrived in this world yet.\n"
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pool = cognito.create_user_pool(PoolName="p", AutoVerifiedAttributes=["email"])["UserPool"]
    client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="c")
    client_id = client["UserPoolClient"]["ClientId"]
    for name in ("ada", "bob"):
        cognito.sign_up(
            ClientId=client_id,
            Username=name,
            Password="Secret-123",
            UserAttributes=[{"Name": "email", "Value": f"{name}@example.com"}],
        )
    code = sandbox("mail", "--to", "ada@example.com", "--code").stdout.strip()
    assert len(code) == 6 and code.isdigit()
    cognito.confirm_sign_up(ClientId=client_id, Username="ada", ConfirmationCode=code)
    found = json.loads(sandbox("mail", "--json").stdout)
    assert [message["to"] for message in found] == ["bob@example.com", "ada@example.com"]
    shown = sandbox("mail", "--to", "ada@example.com")
    assert "Your verification code" in shown.stdout
    assert code in shown.stdout
    no_traceback(shown)
    sandbox("down")
    gone = sandbox("mail")
    assert gone.returncode == 3
    no_traceback(gone)
