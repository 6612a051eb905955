"""APIs that were deployed answer after any end of the emulator, from the first request on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from sandbox.stack import instance
from tests.conftest import Emulator
from tests.emulator.apigateway.apis import RestApi, backend, echo, until

# What was acknowledged longer ago than this must be there.
GRACE_SECONDS = 5.0


def kill(emulator: Emulator) -> None:
    pids = [emulator.instance.supervisor_pid, emulator.instance.pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while emulator.instance.alive() and time.monotonic() < deadline:
        instance._reap(pids[0])
        time.sleep(0.01)


def wait_for_save(home: Path, world: str, service: str) -> None:
    """Until the state is written once more, or until it must have been."""
    begun = time.time()
    path = next(iter(home.rglob(f"{world}/state")), home) / f"{service}.state"
    until(lambda: path.exists() and path.stat().st_mtime > begun, GRACE_SECONDS)


def rest(emulator: Emulator) -> tuple[RestApi, str]:
    api = RestApi(emulator).method("/x", apiKeyRequired=True).method("/y").deploy()
    plan = api.client.create_usage_plan(
        name="p",
        apiStages=[{"apiId": api.id, "stage": "prod"}],
        quota={"limit": 2, "period": "MONTH"},
    )["id"]
    key = api.client.create_api_key(name="k", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert api.get("/x", headers={"x-api-key": key["value"]}).status_code == 200
    return api, key["value"]


def test_apis_survive_a_kill_and_a_restart(tmp_path):
    port = instance.free_port()
    emulator = Emulator(instance.start("w", port=port, home=tmp_path))
    with backend(echo) as address:
        client = emulator.client("apigatewayv2")
        made = client.create_api(Name="a", ProtocolType="HTTP", Target=address)
        api, key = rest(emulator)
        api.client.create_domain_name(domainName="api.example.com")
        api.client.create_base_path_mapping(
            domainName="api.example.com", restApiId=api.id, basePath="v1", stage="prod"
        )
        wait_for_save(tmp_path, "w", "apigateway")
        kill(emulator)
        api.emulator = emulator = Emulator(instance.start("w", port=port, home=tmp_path))
        host = {"Host": f"{made['ApiId']}.execute-api.us-east-1.localhost:{port}"}
        assert emulator.anonymous.get("/x", headers=host).json()["method"] == "GET"
    named = emulator.anonymous.get("/v1/y", headers={"Host": "api.example.com"})
    assert named.json() == api.get("/y").json() == {"ok": True}
    codes = [api.get("/x", headers={"x-api-key": key}).status_code for _ in range(2)]
    assert codes == [200, 429]
    emulator.instance.stop()
    api.emulator = emulator = Emulator(instance.start("w", port=port, home=tmp_path))
    reply = api.get("/x", headers={"x-api-key": key})
    assert (reply.status_code, reply.json()) == (429, {"message": "Limit Exceeded"})
    found = emulator.client("apigatewayv2").get_api(ApiId=made["ApiId"])
    assert found["ApiEndpoint"] == made["ApiEndpoint"]
    api.client = emulator.client("apigateway")
    api.method("/z").deploy()
    assert api.get("/z").status_code == 200
    emulator.instance.stop()
