"""Pools, users, tokens and mail after a restart and after a crash."""

from __future__ import annotations

import time

from sandbox.stack import instance
from tests.emulator.cognito.conftest import Pool, visitor
from tests.emulator.test_state import GRACE_SECONDS, kill, open_world


def reopened(pool: Pool, emulator) -> Pool:
    pool.emulator, pool.admin, pool.app = (
        emulator,
        emulator.client("cognito-idp"),
        visitor(emulator),
    )
    return pool


def test_a_restart_and_a_crash_lose_nothing(tmp_path):
    port = instance.free_port()
    first = open_world(tmp_path, "w", port)
    pool = Pool(first)
    name, waiting = pool.user(), pool.sign_up()
    tokens = pool.srp(name)
    identities = first.client("cognito-identity")
    identity_pool = identities.create_identity_pool(
        IdentityPoolName="app", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    keys = first.anonymous.get(f"/{pool.id}/.well-known/jwks.json").json()
    first.instance.stop()

    second = open_world(tmp_path, "w", port)
    assert second.anonymous.get(f"/{pool.id}/.well-known/jwks.json").json() == keys
    pool = reopened(pool, second)
    assert pool.app.get_user(AccessToken=tokens["AccessToken"])["Username"] == name
    pool.app.confirm_sign_up(
        ClientId=pool.client_id,
        Username=waiting,
        ConfirmationCode=pool.code(f"{waiting}@example.com"),
    )
    guest = visitor(second, "cognito-identity").get_id(IdentityPoolId=identity_pool)["IdentityId"]
    pool.app.revoke_token(ClientId=pool.client_id, Token=tokens["RefreshToken"])
    time.sleep(GRACE_SECONDS)
    late = pool.sign_up()
    assert pool.code(f"{late}@example.com")
    kill(second)

    third = open_world(tmp_path, "w", port)
    pool = reopened(pool, third)
    assert pool.srp(name)["IdToken"]
    assert pool.srp(waiting)["IdToken"]
    described = third.client("cognito-identity").describe_identity(IdentityId=guest)
    assert described["IdentityId"] == guest
    try:
        pool.app.get_user(AccessToken=tokens["AccessToken"])
        raise AssertionError("the revoked token works again")
    except pool.app.exceptions.NotAuthorizedException:
        pass
    # A message is there as soon as it was sent.
    assert pool.code(f"{late}@example.com")
    third.instance.stop()


def test_no_password_is_in_the_state_files(tmp_path):
    port = instance.free_port()
    emulator = open_world(tmp_path, "w", port)
    pool = Pool(emulator)
    pool.user()
    emulator.instance.stop()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert pool.id.encode() in kept
    assert b"Secret-123" not in kept
