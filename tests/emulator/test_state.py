"""Saved state: what a student was told is done is there after any end of the emulator."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.stack import instance
from sandbox.stack.errors import StackError
from tests.conftest import Emulator

# What was acknowledged longer ago than this must be there.
GRACE_SECONDS = 5.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def open_world(home: Path, world: str, port: int) -> Emulator:
    return Emulator(instance.start(world, port=port, home=home))


def kill(emulator: Emulator) -> None:
    """End supervisor and emulator as a power cut would."""
    pids = [emulator.instance.supervisor_pid, emulator.instance.pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while emulator.instance.alive() and time.monotonic() < deadline:
        instance._reap(pids[0])
        time.sleep(0.01)


def test_two_worlds_on_one_port_keep_their_own(home):
    port = instance.free_port()
    one = open_world(home, "one", port)
    one.client("s3").create_bucket(Bucket="bucket-of-one")
    one.client("iam").create_user(UserName="ann")
    two = open_world(home, "two", port)
    assert two.client("s3").list_buckets()["Buckets"] == []
    two.client("s3").create_bucket(Bucket="bucket-of-two")
    one = open_world(home, "one", port)
    assert [b["Name"] for b in one.client("s3").list_buckets()["Buckets"]] == ["bucket-of-one"]
    assert one.client("iam").get_user(UserName="ann")["User"]["UserName"] == "ann"
    one.instance.stop()


def test_everything_of_s3_survives_a_restart(home):
    port = instance.free_port()
    before = open_world(home, "w", port)
    s3 = before.client("s3")
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_bucket_versioning(Bucket="kept-bucket", VersioningConfiguration={"Status": "Enabled"})
    versions = [
        s3.put_object(Bucket="kept-bucket", Key="k", Body=body, Tagging="a=1")["VersionId"]
        for body in (b"one", b"two")
    ]
    upload = s3.create_multipart_upload(Bucket="kept-bucket", Key="big")["UploadId"]
    part = s3.upload_part(
        Bucket="kept-bucket", Key="big", UploadId=upload, PartNumber=1, Body=b"p" * 5_300_000
    )
    before.advance(3600)
    before.instance.stop()
    after = open_world(home, "w", port)
    s3 = after.client("s3")
    for version, body in zip(versions, (b"one", b"two"), strict=True):
        got = s3.get_object(Bucket="kept-bucket", Key="k", VersionId=version)
        assert got["Body"].read() == body
    assert s3.get_object_tagging(Bucket="kept-bucket", Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"}
    ]
    s3.complete_multipart_upload(
        Bucket="kept-bucket",
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert s3.head_object(Bucket="kept-bucket", Key="big")["ContentLength"] == 5_300_000
    assert after.instance.call("GET", "/clock")["offset_seconds"] >= 3600
    after.instance.stop()


@pytest.mark.slow
def test_twenty_rounds_of_writes_and_kill(home):
    """Random writes, `kill -9` at a random moment, twenty times over the same world."""
    port = instance.free_port()
    dice = random.Random(20)
    # key -> [(moment, body or None for deleted)], every acknowledged write in order
    history: dict[str, list[tuple[float, bytes | None]]] = {}
    for round_number in range(20):
        emulator = open_world(home, "killed", port)
        s3 = emulator.client("s3")
        try:
            s3.create_bucket(Bucket="written-bucket")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou", error
        check_history(s3, history, round_number)
        # Long enough in some rounds for writes to become older than the grace.
        until = time.monotonic() + (dice.uniform(0.2, 1.5) if round_number % 5 else 6.5)
        while time.monotonic() < until:
            key = f"key-{dice.randrange(12)}"
            body = None if dice.random() < 0.2 else dice.randbytes(dice.randrange(1, 20_000))
            try:
                if body is None:
                    s3.delete_object(Bucket="written-bucket", Key=key)
                else:
                    s3.put_object(Bucket="written-bucket", Key=key, Body=body)
            except (BotoCoreError, ClientError):
                break
            history.setdefault(key, [(0.0, None)]).append((time.monotonic(), body))
        killed_at = time.monotonic()
        kill(emulator)
        for key, writes in history.items():
            # What is younger than the grace may be there or not: keep all candidates.
            old = [w for w in writes if w[0] < killed_at - GRACE_SECONDS]
            history[key] = old[-1:] + [w for w in writes if w[0] >= killed_at - GRACE_SECONDS]
    emulator = open_world(home, "killed", port)
    check_history(emulator.client("s3"), history, 20)
    emulator.instance.stop()


def check_history(s3, history, round_number: int) -> None:
    """Each key must be what its last old write made it, or what a younger one did."""
    for key, writes in history.items():
        try:
            found = s3.get_object(Bucket="written-bucket", Key=key)["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            found = None
        assert found in [body for _moment, body in writes], f"round {round_number}: {key}"
        history[key] = [(0.0, found)]


def test_damaged_and_foreign_state_is_refused_and_kept(home, tmp_path):
    port = instance.free_port()
    emulator = open_world(home, "w", port)
    emulator.client("s3").create_bucket(Bucket="some-bucket")
    emulator.instance.stop()
    file = home / "worlds" / "w" / "state" / "s3.state"
    good = file.read_bytes()
    for bad, reason in (
        (good[:-20], "cut off"),
        (good[:-1] + bytes([good[-1] ^ 1]), "changed"),
        (b"something else entirely\n", "not a state file"),
        (good.replace(b'"sandbox_state": 1', b'"sandbox_state": 9', 1), "format 9"),
    ):
        file.write_bytes(bad)
        with pytest.raises(StackError, match=reason):
            instance.start("w", port=port, home=home)
        assert file.read_bytes() == bad
    file.write_bytes(good)
    emulator = open_world(home, "w", port)
    assert emulator.client("s3").list_buckets()["Buckets"][0]["Name"] == "some-bucket"
    emulator.instance.stop()


def test_a_crashed_emulator_is_started_again(home):
    emulator = open_world(home, "w", instance.free_port())
    emulator.client("s3").create_bucket(Bucket="some-bucket")
    time_saved = time.monotonic() + GRACE_SECONDS
    state = home / "worlds" / "w" / "state" / "s3.state"
    while not state.exists() and time.monotonic() < time_saved:
        time.sleep(0.05)
    first = emulator.instance.pid
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if emulator.instance.pid != first and emulator.instance.ready():
            break
        time.sleep(0.05)
    assert emulator.client("s3").list_buckets()["Buckets"][0]["Name"] == "some-bucket"
    emulator.instance.stop()


def test_one_world_is_not_opened_twice(home):
    emulator = open_world(home, "w", instance.free_port())
    with pytest.raises(StackError, match="already open"):
        instance.start("w", port=instance.free_port(), home=home)
    emulator.instance.stop()


def test_a_port_in_use_is_named(home):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StackError, match="in use by another program"):
            instance.start("w", port=other.getsockname()[1], home=home)


def test_two_sandboxes_at_once_do_not_meet(home, tmp_path_factory):
    one = open_world(home, "one", instance.free_port())
    two = open_world(tmp_path_factory.mktemp("other"), "one", instance.free_port())
    for number, emulator in enumerate((one, two)):
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="same-name")
        s3.put_object(Bucket="same-name", Key="k", Body=str(number).encode() * 600_000)
    one.client("s3").delete_object(Bucket="same-name", Key="k")
    got = two.client("s3").get_object(Bucket="same-name", Key="k")["Body"].read()
    assert got == b"1" * 600_000
    one.instance.stop()
    assert two.instance.ready()
    two.instance.stop()


def test_a_full_disk_damages_nothing(home):
    """The state folder on a tiny disk: writes fail with an AWS error, what was saved stays."""
    import subprocess

    disk = home / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=260m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        emulator = open_world(disk, "w", instance.free_port())
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="full-disk")
        s3.put_object(Bucket="full-disk", Key="kept", Body=b"kept")
        with pytest.raises((ClientError, BotoCoreError)):
            for number in range(40):
                s3.put_object(Bucket="full-disk", Key=f"large-{number}", Body=b"x" * 10_000_000)
        assert s3.get_object(Bucket="full-disk", Key="kept")["Body"].read() == b"kept"
        for number in range(40):
            s3.delete_object(Bucket="full-disk", Key=f"large-{number}")
        emulator.instance.stop()
        with pytest.raises(StackError, match="are free below"):
            open_world(disk, "w", instance.free_port())
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
