"""The trace header that finds circles of calls."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from sandbox.emulator.lambda_ import tracing

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_a_first_call_gets_a_whole_header():
    header, hops = tracing.following(None, ARN)
    assert hops == 1
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:1",
        header,
    )


def test_what_came_is_kept_and_the_count_grows():
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    for turn in range(1, 4):
        header, hops = tracing.following(header, ARN)
        assert hops == turn
    assert header.startswith(
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage="
    )


def test_functions_are_counted_apart():
    header, _ = tracing.following(None, ARN)
    header, hops = tracing.following(header, ARN + "2")
    assert hops == 1
    assert tracing.following(header, ARN)[1] == 2


def test_the_seventeenth_turn_is_refused_unless_allowed():
    tracing.check(SimpleNamespace(recursive_loop="Terminate"), 16)
    tracing.check(SimpleNamespace(recursive_loop="Allow"), 17)
    with pytest.raises(tracing.RecursiveInvocationException):
        tracing.check(SimpleNamespace(recursive_loop="Terminate"), 17)


def test_messages_of_a_queue_carry_the_header():
    text = json.dumps({"Records": [{"attributes": {"AWSTraceHeader": "Root=1-a"}}]}).encode()
    assert tracing.of_messages(text) == "Root=1-a"
    for other in (b"{}", b'"AWSTraceHeader"', b'{"Records": [{"attributes": 1}]}'):
        assert tracing.of_messages(other) is None
