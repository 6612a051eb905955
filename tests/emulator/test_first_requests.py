"""Requests that arrive the moment the emulator answers, to many services at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sandbox.stack import instance
from tests.conftest import Emulator

CALLS = {
    "s3": lambda c: c.list_buckets(),
    "dynamodb": lambda c: c.list_tables(),
    "iam": lambda c: c.list_users(),
    "sts": lambda c: c.get_caller_identity(),
    "sqs": lambda c: c.list_queues(),
    "sns": lambda c: c.list_topics(),
    "ssm": lambda c: c.describe_parameters(),
    "secretsmanager": lambda c: c.list_secrets(),
    "kms": lambda c: c.list_keys(),
    "logs": lambda c: c.describe_log_groups(),
    "cloudformation": lambda c: c.list_stacks(),
    "cloudtrail": lambda c: c.lookup_events(),
}


def test_all_at_once(sandbox_home):
    emulator = Emulator(instance.start("first", ephemeral=True, home=sandbox_home))
    clients = {service: emulator.client(service, read_timeout=60) for service in CALLS}
    with ThreadPoolExecutor(len(CALLS)) as pool:
        answers = {s: pool.submit(call, clients[s]) for s, call in CALLS.items()}
        for service, answer in answers.items():
            status = answer.result()["ResponseMetadata"]["HTTPStatusCode"]
            assert status == 200, service
    emulator.instance.stop()
