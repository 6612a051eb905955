"""Cross-origin resource sharing that the API itself answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.apigatewayv2.models import Resource

PREFIX = "access-control-"


def preflight(configuration: Resource, headers: dict[str, str]) -> dict[str, str]:
    """The headers of the answer to a browser's question; none when the origin may not call."""
    found = of_answer(configuration, headers)
    if not found:
        return {}
    for name, key in (("AllowMethods", "methods"), ("AllowHeaders", "headers")):
        values = configuration.get(name)
        if values:
            found[f"{PREFIX}allow-{key}"] = _joined(values, name)
    if configuration.get("MaxAge") is not None:
        found[f"{PREFIX}max-age"] = str(configuration["MaxAge"])
    return found


def of_answer(configuration: Resource, headers: dict[str, str]) -> dict[str, str]:
    """The headers of any other answer; none without an origin that may call."""
    origin = headers.get("origin")
    if not origin or not _allowed(configuration.get("AllowOrigins") or (), origin):
        return {}
    everybody = "*" in (configuration.get("AllowOrigins") or ())
    found: dict[str, str] = {
        f"{PREFIX}allow-origin": "*"
        if everybody and not configuration.get("AllowCredentials")
        else origin
    }
    if not everybody:
        found["vary"] = "Origin"
    if configuration.get("AllowCredentials"):
        found[f"{PREFIX}allow-credentials"] = "true"
    if configuration.get("ExposeHeaders"):
        found[f"{PREFIX}expose-headers"] = ",".join(configuration["ExposeHeaders"])
    return found


def _allowed(origins: Any, origin: str) -> bool:
    for allowed in origins:
        if allowed in ("*", origin):
            return True
        # `https://*` and `http://*` allow every host of a scheme.
        if allowed.endswith("://*") and origin.startswith(allowed[:-1]):
            return True
    return False


def _joined(values: list[str], name: str) -> str:
    if name == "AllowMethods" and "*" in values:
        return "GET,OPTIONS,HEAD,POST,PUT,PATCH,DELETE"
    return ",".join(values)


def problem(configuration: Resource) -> str | None:
    """What is wrong with a configuration; None when nothing is."""
    origins = configuration.get("AllowOrigins") or []
    if configuration.get("AllowCredentials") and "*" in origins:
        return "allowCredentials is not supported for origin *."
    for origin in origins:
        if origin != "*" and "://" not in origin:
            return "Invalid format for origin " + origin + ". Origin should be a valid URL."
    return None
