"""The check API and the runner: order, outcomes, limits, rights."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.grading import Failure, check, loading, runner
from sandbox.grading.api import MARK, Check
from sandbox.grading.read_only import WriteRefused, is_read, protect
from sandbox.grading.result import CheckResult
from sandbox.grading.subject import CheckEnded, Subject
from sandbox.labs import Values

SUBJECT = Subject(
    endpoint="http://localhost:1", values=Values({"bucket": "b"}), work=Path("/nowhere")
)


def made(function, **known) -> Check:
    function.__doc__ = function.__doc__ or f"Title of {function.__name__}"
    return getattr(check(**known)(function), MARK)


def named(name: str, body=lambda lab: None, **known) -> Check:
    def function(lab):
        return body(lab)

    function.__name__ = name
    return made(function, **known)


def outcomes(*checks: Check, **known) -> dict[str, CheckResult]:
    return {one.id: one for one in runner.run(checks, SUBJECT, **known)}


def fails(message="no", **known):
    def body(lab):
        raise Failure(message, **known)

    return body


def test_a_check_that_returns_has_passed() -> None:
    found = outcomes(named("a", points=2.5))["a"]
    assert (found.status, found.score, found.max_score) == ("pass", 2.5, 2.5)


def test_a_failure_carries_what_it_says() -> None:
    body = fails("The object is not public.", expected=200, actual=403, help="Look.")
    found = outcomes(named("a", body, hint="Who may read?"))["a"]
    assert (found.status, found.score) == ("fail", 0.0)
    assert (found.rationale, found.expected, found.actual) == (
        "The object is not public.",
        200,
        403,
    )
    assert (found.help, found.hint) == ("Look.", "Who may read?")


def test_falsy_values_are_compared_too() -> None:
    found = outcomes(named("a", fails("no", expected=1, actual=0)))["a"]
    assert found.compared and found.actual == 0
    found = outcomes(named("a", fails("no", expected="x", actual=None)))["a"]
    assert found.compared and found.actual is None
    assert not outcomes(named("a", fails("no")))["a"].compared


def test_a_part_of_the_points_can_be_earned() -> None:
    found = outcomes(named("a", fails("half of it", credit=0.5), points=3))["a"]
    assert (found.status, found.score) == ("fail", 1.5)
    with pytest.raises(ValueError):
        Failure("all of it", credit=1)


def test_what_waits_for_a_failure_is_skipped_and_names_it() -> None:
    found = outcomes(
        named("a"),
        named("b", fails()),
        named("c", needs=["a", "b"]),
        named("d", needs=["c"]),
    )
    assert [one.status for one in found.values()] == ["pass", "fail", "skip", "skip"]
    assert found["c"].blocked_by == ["b"]
    assert found["d"].blocked_by == ["c"]


def test_needs_may_point_forward() -> None:
    order: list[str] = []
    outcomes(
        named("late", lambda lab: order.append("late"), needs=["early"]),
        named("early", lambda lab: order.append("early")),
    )
    assert order == ["early", "late"]


def test_a_broken_check_is_ours_and_not_a_zero() -> None:
    found = outcomes(named("a", lambda lab: 1 / 0), named("b", needs=["a"]))
    assert (found["a"].status, found["a"].score) == ("error", None)
    assert "ZeroDivisionError" in (found["a"].rationale or "")
    assert "1 / 0" in (found["a"].trace or "")
    assert (found["b"].status, found["b"].score) == ("error", None)


def test_a_refusal_by_aws_is_a_failure_in_its_words() -> None:
    def body(lab):
        raise ClientError(
            {
                "Error": {"Code": "NoSuchBucket", "Message": "The specified bucket does not exist"},
                "ResponseMetadata": {"HTTPStatusCode": 404},
            },
            "GetBucketPolicy",
        )

    found = outcomes(named("a", body))["a"]
    assert found.status == "fail"
    assert found.rationale == (
        "GetBucketPolicy was answered with NoSuchBucket: The specified bucket does not exist"
    )


@pytest.mark.parametrize(("code", "status"), [("InternalError", 500), ("NotImplemented", 501)])
def test_a_failure_of_the_emulator_is_ours(code: str, status: int) -> None:
    def body(lab):
        raise ClientError(
            {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject"
        )

    assert outcomes(named("a", body))["a"].status == "error"


def test_a_check_that_does_not_end_is_left_behind() -> None:
    over = threading.Event()
    after: list[str] = []

    def hangs(lab):
        over.wait(5)
        try:
            lab.client("s3")
        except CheckEnded:
            after.append("refused")

    begun = time.monotonic()
    found = outcomes(named("slow", hangs, timeout=0.2), named("quick"))
    assert time.monotonic() - begun < 2
    assert (found["slow"].status, found["quick"].status) == ("error", "pass")
    over.set()
    deadline = time.monotonic() + 2
    while not after and time.monotonic() < deadline:
        time.sleep(0.01)
    assert after == ["refused"]


def test_checks_run_side_by_side_and_acting_ones_alone_at_the_end() -> None:
    together = threading.Barrier(3, timeout=3)
    order: list[str] = []

    def acts(lab):
        order.append(f"begin {threading.active_count()}")
        time.sleep(0.02)
        order.append("end")

    found = outcomes(
        named("x", acts, acts=True),
        named("y", acts, acts=True),
        *[named(f"r{n}", lambda lab: (together.wait(), order.append("read"))[1]) for n in range(3)],
    )
    assert {one.status for one in found.values()} == {"pass"}
    assert [word.split()[0] for word in order] == ["read"] * 3 + ["begin", "end"] * 2


def test_results_come_in_the_order_of_the_file_and_each_is_reported() -> None:
    heard: list[str] = []
    checks = [named(f"c{n}", lambda lab: time.sleep(0.01)) for n in range(8)]
    found = runner.run(checks, SUBJECT, report=lambda one: heard.append(one.id))
    assert [one.id for one in found] == [f"c{n}" for n in range(8)]
    assert sorted(heard) == sorted(one.id for one in found)


def test_eventually_polls_until_it_holds_or_the_deadline() -> None:
    times: list[int] = []

    def later(lab):
        def look():
            times.append(1)
            if len(times) < 3:
                raise Failure("not yet")

        lab.eventually(look, seconds=3)

    def never(lab):
        lab.eventually(lambda: fails("still not")(lab), seconds=0.1)

    found = outcomes(named("a", later), named("b", never))
    assert (found["a"].status, len(times)) == ("pass", 3)
    assert (found["b"].status, found["b"].rationale) == ("fail", "still not")


def test_answers_are_read_and_what_is_missing_fails(tmp_path: Path) -> None:
    subject = Subject(endpoint="http://localhost:1", values=Values({}), work=tmp_path)
    check = named("a", lambda lab: lab.answer("cost"))
    assert "no file answers.toml" in (runner.run([check], subject)[0].rationale or "")
    for text, status in (("cost = 4.5", "pass"), ('cost = ""', "fail"), ("cost = = 1", "fail")):
        (tmp_path / "answers.toml").write_text(text)
        fresh = Subject(endpoint="http://localhost:1", values=Values({}), work=tmp_path)
        assert runner.run([check], fresh)[0].status == status
    (tmp_path / "answers.toml").unlink()
    (tmp_path / "answers.toml").symlink_to("/etc/hostname")
    fresh = Subject(endpoint="http://localhost:1", values=Values({}), work=tmp_path)
    assert runner.run([check], fresh)[0].status == "fail"


def test_a_check_without_acts_can_neither_write_nor_run_programs() -> None:
    found = outcomes(
        named("w", lambda lab: lab.client("s3").create_bucket(Bucket="x")),
        named(
            "p",
            lambda lab: lab.client("s3").generate_presigned_url(
                "put_object", Params={"Bucket": "x", "Key": "y"}
            ),
        ),
        named("r", lambda lab: lab.run(["true"])),
    )
    assert [one.status for one in found.values()] == ["error"] * 3
    assert "acts=True" in (found["w"].rationale or "")


@pytest.mark.parametrize(
    ("operation", "parameters", "reads"),
    [
        ("GetObject", {}, True),
        ("DescribeTable", {}, True),
        ("Query", {}, True),
        ("BatchGetItem", {}, True),
        ("SimulatePrincipalPolicy", {}, True),
        ("AssumeRole", {}, True),
        ("ExecuteStatement", {"Statement": "SELECT * FROM t"}, True),
        ("ExecuteStatement", {"Statement": "DELETE FROM t"}, False),
        (
            "BatchExecuteStatement",
            {"Statements": [{"Statement": "select 1"}, {"Statement": "UPDATE t"}]},
            False,
        ),
        ("ExecuteStatement", {}, False),
        ("PutObject", {}, False),
        ("TransactWriteItems", {}, False),
        ("ReceiveMessage", {}, False),
        ("Invoke", {}, False),
        ("TestInvokeMethod", {}, False),
        ("Getaway", {}, False),
        ("DeleteBucket", {}, False),
    ],
)
def test_reads_are_told_from_writes(operation: str, parameters: dict, reads: bool) -> None:
    assert is_read(operation, parameters) is reads


def test_a_protected_client_refuses_before_anything_is_sent() -> None:
    import boto3

    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        endpoint_url="http://127.0.0.1:1",
    )
    protect(client)
    with pytest.raises(WriteRefused):
        client.put_object(Bucket="b", Key="k")


class TestLoading:
    def write(self, folder: Path, text: str) -> list[Path]:
        file = folder / "lab_01_x.py"
        file.write_text("from sandbox.grading import check\n" + text)
        return [file]

    def test_checks_come_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        text = "".join(f"@check()\ndef {name}(lab):\n    'T'\n" for name in ("z", "a", "m"))
        assert [one.id for one in loading.load(self.write(tmp_path, text))] == ["z", "a", "m"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "No check was found"),
            ("@check(needs=['b'])\ndef a(lab):\n    'T'\n", "'b'"),
            ("@check(needs=['a'])\ndef a(lab):\n    'T'\n", "wait for each other"),
            (
                "@check(needs=['b'])\ndef a(lab):\n    'T'\n@check(needs=['a'])\ndef b(lab):\n    'T'\n",
                "wait for each other",
            ),
            ("@check()\ndef a(lab):\n    pass\n", "docstring"),
            ("@check(points=0)\ndef a(lab):\n    'T'\n", "points"),
            ("@check(point=1)\ndef a(lab):\n    'T'\n", "does not load"),
            ("import nonsense_that_is_not_there\n", "does not load"),
            (
                "@check(acts=True)\ndef a(lab):\n    'T'\n@check(needs=['a'])\ndef b(lab):\n    'T'\n",
                "acts",
            ),
        ],
    )
    def test_what_cannot_be_scored_honestly_is_refused(self, tmp_path, text, message) -> None:
        with pytest.raises(loading.CheckFileError, match=message):
            loading.load(self.write(tmp_path, text))

    def test_two_files_share_one_graph_and_ids_stay_unique(self, tmp_path: Path) -> None:
        first = self.write(tmp_path, "@check()\ndef a(lab):\n    'T'\n")
        (tmp_path / "more").mkdir()
        more = self.write(
            tmp_path / "more", "@check(needs=['a'], hidden=True)\ndef b(lab):\n    'T'\n"
        )
        assert [one.id for one in loading.load([*first, *more])] == ["a", "b"]
        with pytest.raises(loading.CheckFileError, match="Two checks"):
            loading.load([*first, *first])
