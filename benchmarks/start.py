"""Starting and stopping, memory, first calls, saving and restoring."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

from benchmarks.clients import client
from benchmarks.measure import Figure, spread
from sandbox.stack import instance

STARTS = 5


def run(home: Path, seconds: float) -> list[Figure]:
    """Figures of the group."""
    return [*_starts(home), *_first_calls(home), *_save_and_restore(home)]


def _memory(started: instance.Instance) -> float:
    return psutil.Process(started.pid).memory_info().rss / 2**20


def _starts(home: Path) -> list[Figure]:
    ready, stopped, idle, warm = [], [], [], []
    for _ in range(STARTS):
        os.environ["SANDBOX_PRELOAD"] = "none"
        begun = time.perf_counter()
        started = instance.start("start", ephemeral=True, home=home)
        ready.append(time.perf_counter() - begun)
        idle.append(_memory(started))
        begun = time.perf_counter()
        started.stop()
        stopped.append(time.perf_counter() - begun)
        del os.environ["SANDBOX_PRELOAD"]
    for _ in range(2):
        started = instance.start("start", ephemeral=True, home=home)
        for service, call in _CALLS.items():
            call(client(service, started.endpoint))
        warm.append(_memory(started))
        started.stop()
    return [
        spread("start", "up, until it answers", ready, "s"),
        spread("start", "down", stopped, "s"),
        spread("start", "memory, no service loaded", idle, "MB"),
        spread("start", "memory, s3 dynamodb iam sts warm", warm, "MB"),
    ]


_CALLS = {
    "s3": lambda c: c.list_buckets(),
    "dynamodb": lambda c: c.list_tables(),
    "sts": lambda c: c.get_caller_identity(),
    "iam": lambda c: c.list_users(),
}


def _first_calls(home: Path) -> list[Figure]:
    """The first call two seconds after the start, when the background loading is over."""
    times: dict[str, list[float]] = {service: [] for service in _CALLS}
    for _ in range(3):
        started = instance.start("first", ephemeral=True, home=home)
        time.sleep(2)
        for service, call in _CALLS.items():
            made = client(service, started.endpoint)
            begun = time.perf_counter()
            call(made)
            times[service].append((time.perf_counter() - begun) * 1000)
        started.stop()
    return [
        spread("start", f"first call to {service}", measured, "ms")
        for service, measured in times.items()
    ]


def _save_and_restore(home: Path) -> list[Figure]:
    started = instance.start("kept", port=instance.free_port(), home=home)
    s3 = client("s3", started.endpoint)
    s3.create_bucket(Bucket="bench-kept")
    for number in range(1000):
        s3.put_object(Bucket="bench-kept", Key=f"object-{number}", Body=b"x" * 1000)
    iam = client("iam", started.endpoint)
    for number in range(20):
        iam.create_user(UserName=f"user-{number}")
    begun = time.perf_counter()
    started.stop()
    saved = time.perf_counter() - begun
    begun = time.perf_counter()
    started = instance.start("kept", port=started.port, home=home)
    client("s3", started.endpoint).head_object(Bucket="bench-kept", Key="object-7")
    client("iam", started.endpoint).get_user(UserName="user-7")
    restored = time.perf_counter() - begun
    started.stop()
    return [
        Figure("start", "down with 1000 objects and 20 users", saved, "s"),
        Figure("start", "up and first read of both", restored, "s"),
    ]
