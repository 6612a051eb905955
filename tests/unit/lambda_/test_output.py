"""Cutting what a runtime prints into log events."""

from __future__ import annotations

from sandbox.emulator.lambda_.output import Output


def frame(text: bytes, milliseconds: int = 1000) -> bytes:
    return (
        bytes.fromhex("a55a0003")
        + len(text).to_bytes(4, "big")
        + (milliseconds * 1000).to_bytes(8, "big")
        + text
    )


def messages(*pieces: bytes) -> list[str]:
    output = Output()
    for piece in pieces:
        output.feed(piece)
    return [event.message for event in output.take()]


def test_lines_are_events_wherever_they_are_cut():
    assert messages(b"one\ntw", b"o\nthree") == ["one\n", "two\n", "three\n"]


def test_a_frame_is_one_event_whatever_it_holds():
    text = frame(b"two\nlines")
    for cut in range(len(text)):
        assert messages(text[:cut], text[cut:] + b"after\n") == ["two\nlines\n", "after\n"]


def test_order_is_that_of_the_pipe():
    output = Output()
    output.feed(b"first\n" + frame(b"second", 1))
    first, second = output.take()
    assert (first.message, second.message) == ("first\n", "second\n")
    assert second.timestamp >= first.timestamp


def test_a_print_without_an_end_before_a_frame():
    assert messages(b"no end" + frame(b"framed")) == ["no end\n", "framed\n"]


def test_bytes_that_are_no_text_do_no_harm():
    assert messages(b"\xff\xfe\n") == ["\ufffd\ufffd\n"]


def test_a_line_without_end_is_cut():
    found = messages(b"x" * 600_000)
    assert [len(message.rstrip("\n")) for message in found] == [262144, 262144, 75712] or sum(
        len(message.rstrip("\n")) for message in found
    ) == 600_000
