"""An event's JSON: what Lambda accepts, and its parser's words for what it does not.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
Lambda reads events with Jackson; suites that were recorded on AWS have its sentences in them.
"""

from __future__ import annotations

import base64
import json
import re

from localstack.aws.api.lambda_ import InvalidRequestContentException, RequestTooLargeException

MOST_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MOST_ASYNCHRONOUS_BYTES = 1024 * 1024
PREFIX = "Could not parse request body into json: Could not parse payload into json: "
SOURCE = "Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
TOKEN = re.compile(rb"[A-Za-z0-9_$]+")
# Python's complaint -> Jackson's about the character at that place.
WANTED = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Extra data": "Expected space separating root-level values",
}


def check_size(payload: bytes, asynchronous: bool) -> None:
    """Raise RequestTooLargeException for more than an invocation of this kind may carry."""
    if asynchronous and len(payload) > MOST_ASYNCHRONOUS_BYTES:
        raise RequestTooLargeException(
            f"{len(payload)} byte payload is too large for the Event invocation type "
            f"(limit {MOST_ASYNCHRONOUS_BYTES} bytes)",
            Type="User",
        )
    if len(payload) > MOST_SYNCHRONOUS_BYTES:
        raise RequestTooLargeException(
            f"Request must be smaller than {MOST_SYNCHRONOUS_BYTES} bytes for the InvokeFunction "
            "operation",
            Type="User",
        )


def checked(payload: bytes | None) -> bytes:
    """The event; an absent one is an empty object. Raises InvalidRequestContentException."""
    if not payload:
        return b"{}"
    try:
        _DECODER.decode(payload.decode())
    except _NotANumber as error:
        raise _refusal(
            f"Non-standard token '{error}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
            payload,
            payload.find(str(error).encode()) + len(str(error)),
        ) from None
    except json.JSONDecodeError as error:
        raise _complaint(payload, error.msg, len(error.doc[: error.pos].encode())) from None
    except UnicodeDecodeError as error:
        raise _undecodable(payload, error.start) from None
    return payload


def check_client_context(text: str) -> None:
    """Raise InvalidRequestContentException for a client context that is no object in base64."""
    if not text:
        return
    try:
        found = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidRequestContentException(
            "Client context must be a valid Base64-encoded JSON object.", Type="User"
        )


class _NotANumber(ValueError):
    """`NaN` and the infinities, which Python would take."""


def _not_a_number(text: str) -> None:
    raise _NotANumber(text)


_DECODER = json.JSONDecoder(parse_constant=_not_a_number)


def _complaint(payload: bytes, kind: str, at: int) -> InvalidRequestContentException:
    rest = payload[at:]
    if not rest.strip() or kind.startswith("Unterminated string"):
        return _end(payload, kind)
    if kind.startswith(("Expecting value", "Illegal trailing comma before end of array")):
        if token := TOKEN.match(rest):
            # The character after the token was read, too.
            end = at + token.end() + (at + token.end() < len(payload))
            text = f"Unrecognized token '{token.group().decode()}': was expecting {VALUES}"
            return _refusal(text, payload, end)
        return _unexpected(payload, at, f"expected a valid value {VALUES}")
    if kind.startswith("Expecting ','"):
        kind = "Array" if _open(payload[:at])[-1:] == ["["] else "Object"
        return _unexpected(payload, at, f"was expecting comma to separate {kind} entries")
    for known, wanted in WANTED.items():
        if kind.startswith(known):
            return _unexpected(payload, at, wanted)
    return _refusal(kind, payload, at)


def _unexpected(payload: bytes, at: int, wanted: str) -> InvalidRequestContentException:
    character = payload[at:].decode(errors="replace")[:1]
    code = ord(character)
    shown = f"'{character}' (code {code})"
    if code < 32 or 127 <= code < 160:
        shown = f"(CTRL-CHAR, code {code})"
    return _refusal(f"Unexpected character ({shown}): {wanted}", payload, at)


def _undecodable(payload: bytes, at: int) -> InvalidRequestContentException:
    byte = payload[at]
    before = payload[:at].strip()
    if not before or before[-1:] in b"[{,:":
        shown = f"(CTRL-CHAR, code {byte})" if byte < 160 else f"'{chr(byte)}' (code {byte})"
        wanted = f"expected a valid value {VALUES}"
        return _refusal(f"Unexpected character ({shown}): {wanted}", payload, at)
    kind = "start" if byte < 0xC0 or byte > 0xF7 else "middle"
    if kind == "middle" and at + 1 < len(payload):
        byte, at = payload[at + 1], at + 1
    return _refusal(f"Invalid UTF-8 {kind} byte 0x{byte:x}", payload, at + 1)


def _end(payload: bytes, kind: str) -> InvalidRequestContentException:
    if kind.startswith("Unterminated string"):
        text = "Unexpected end-of-input in VALUE_STRING"
        return _refusal(text, payload, len(payload))
    opened = _open(payload, places=True)
    if not opened:
        return _refusal("No content to map due to end-of-input", payload, len(payload))
    place = opened[-1]
    name = "Object" if payload[place : place + 1] == b"{" else "Array"
    start = f"start marker at [{SOURCE}; {_location(payload, place)}]"
    text = f"Unexpected end-of-input: expected close marker for {name} ({start})"
    return _refusal(text, payload, len(payload))


def _open(text: bytes, places: bool = False) -> list:
    """The brackets that are still open, or where they stand."""
    found: list = []
    quoted = escaped = False
    for place, byte in enumerate(text):
        letter = chr(byte)
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            found.append(place if places else letter)
        elif letter in "]}" and found:
            found.pop()
    return found


def _location(payload: bytes, at: int) -> str:
    before = payload[:at]
    return f"line: {before.count(10) + 1}, column: {at - before.rfind(10)}"


def _refusal(text: str, payload: bytes, at: int) -> InvalidRequestContentException:
    return InvalidRequestContentException(
        f"{PREFIX}{text}\n at [{SOURCE}; {_location(payload, at)}]", Type="User"
    )
