"""Routing, limits, quotas, media types and mapping, without an emulator."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from sandbox.emulator.apigateway import usage
from sandbox.emulator.apigateway.media import is_binary
from sandbox.emulator.apigatewayv2 import cors, events, selection
from sandbox.emulator.apigatewayv2.routing import Router
from sandbox.emulator.execute_api import addresses, throttle


@pytest.mark.parametrize(
    ("host", "uri", "expected"),
    [
        ("abc.execute-api.us-east-1.localhost:4566", "/prod/x?a=1", ("abc", "/prod/x", None)),
        ("ABC.execute-api.eu-west-1.amazonaws.com", "/", ("abc", "/", None)),
        ("abc-vpce-123.execute-api.us-east-1.amazonaws.com", "/p", ("abc", "/p", None)),
        ("localhost:4566", "/_aws/execute-api/abc/prod/x", ("abc", "/prod/x", None)),
        ("localhost:4566", "/restapis/abc/prod/_user_request_/x", ("abc", "/x", "prod")),
        ("localhost:4566", "/restapis/abc/stages", None),
        ("bucket.s3.amazonaws.com", "/x", None),
    ],
)
def test_addresses(host, uri, expected):
    request = SimpleNamespace(
        headers={"Host": host}, path=uri.partition("?")[0], environ={"RAW_URI": uri}
    )
    found = addresses.of(request)
    assert (found and (found.api_id, found.path, found.stage)) == expected


def test_routes_by_how_well_they_fit():
    router = Router(
        [{"RouteKey": key} for key in ("GET /a/{x+}", "GET /a/{x}/c", "GET /{y}/b/c", "ANY /a/b/c")]
    )
    found, values = router.match("GET", "/a/b/c")
    assert (found["RouteKey"], values) == ("ANY /a/b/c", {})
    assert router.match("GET", "/a/z/c")[0]["RouteKey"] == "GET /a/{x}/c"
    assert router.match("GET", "/a/z%2Fy/q")[1] == {"x": "z/y/q"}
    assert router.match("POST", "/a/z/c") is None


def test_a_bucket_fills_again(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    key = object()
    assert [throttle.take(key, 10, 2) for _ in range(3)] == [True, True, False]
    now[0] += 0.11
    assert [throttle.take(key, 10, 2) for _ in range(2)] == [True, False]
    assert not throttle.take(key, 0, 2)


@pytest.mark.parametrize(
    ("quota", "today", "start"),
    [
        ({"period": "DAY"}, date(2026, 11, 24), date(2026, 11, 24)),
        ({"period": "WEEK"}, date(2026, 11, 24), date(2026, 11, 22)),
        ({"period": "WEEK", "offset": 2}, date(2026, 11, 23), date(2026, 11, 17)),
        ({"period": "MONTH"}, date(2026, 11, 24), date(2026, 11, 1)),
        ({"period": "MONTH", "offset": 27}, date(2026, 11, 24), date(2026, 10, 28)),
    ],
)
def test_the_period_of_a_quota(quota, today, start):
    assert usage.period_start(quota, today) == start


def test_binary_types():
    assert is_binary("image/png; q=1", ["image/*"])
    assert is_binary(None, ["*/*"])
    assert not is_binary("text/html, image/png", ["image/png"])
    assert not is_binary("image/png", [])


def test_json_paths():
    document = {"a": [{"b": 1}], "c": None}
    assert selection.json_path(document, "a[0].b") == 1
    assert selection.json_path(document, "a[1].b") is None
    assert selection.json_path(document, "c.d") is None


def test_origins():
    allowed = {"AllowOrigins": ["https://*"], "AllowCredentials": True}
    assert cors.of_answer(allowed, {"origin": "https://a.b"})["access-control-allow-origin"] == (
        "https://a.b"
    )
    assert cors.of_answer(allowed, {"origin": "http://a.b"}) == {}
    assert cors.problem({"AllowOrigins": ["*"], "AllowCredentials": True})


@pytest.mark.parametrize(
    "payload",
    [b"{", b'{"statusCode": "x"}', b'{"statusCode": 99}', b'{"statusCode": 200, "body": {}}'],
)
def test_answers_that_are_none(payload):
    with pytest.raises(events.Malformed):
        events.response_2(payload)
    with pytest.raises(events.Malformed):
        events.response_1(payload)


def test_a_cached_result_ends_with_the_sandbox_clock(monkeypatch):
    from sandbox.emulator.execute_api import cache

    now = [1000.0]
    monkeypatch.setattr(cache.clock, "time", lambda: now[0])
    kept = cache.TimedCache(most=2)
    kept.put(("api", "prod", "a"), 1, 300)
    now[0] += 299
    assert kept.get(("api", "prod", "a")) == 1
    now[0] += 1
    assert kept.get(("api", "prod", "a")) is None
    kept.put(("api", "prod", "a"), 1, 300)
    kept.put(("api", "dev", "a"), 2, 300)
    kept.flush(("api", "prod"))
    assert kept.get(("api", "prod", "a")) is None
    assert kept.get(("api", "dev", "a")) == 2
