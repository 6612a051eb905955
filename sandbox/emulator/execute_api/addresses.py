"""Which API a request is for, by its host name or its path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# `API.execute-api.REGION.localhost:PORT`, AWS's own form, and LocalStack's without a region.
HOST = re.compile(
    r"^(?P<api>[A-Za-z0-9_-]+?)(?P<vpce>-vpce-[a-z0-9]+)?\.execute-api\.", re.IGNORECASE
)
VPCE_HOST = re.compile(r"^vpce-[^.]+\.execute-api\.", re.IGNORECASE)
PATH = re.compile(r"^/_aws/execute-api/(?P<api>[^/?]+)(?P<rest>.*)$")
OLD_PATH = re.compile(r"^/restapis/(?P<api>[^/?]+)/(?P<stage>[^/?]+)/_user_request_(?P<rest>.*)$")


@dataclass(slots=True)
class Address:
    """An API and the raw path behind it.

    `path` still begins with the stage unless `stage` is set; it is as the client sent it, not decoded.
    `through_vpc` says that the name is one of an interface endpoint in a VPC; `domain` is the custom domain
    name, `base_path` what stood before `path` and led to the API there.
    """

    api_id: str
    path: str
    query: str
    stage: str | None = None
    through_vpc: bool = False
    base_path: str = ""
    domain: str = ""


def of(request: Any) -> Address | None:
    """The address that a request names; None when it is for no API."""
    host = request.headers.get("Host", "")
    by_host = ".execute-api." in host
    if not by_host and not request.path.startswith(("/_aws/execute-api/", "/restapis/")):
        return None
    path, query = target(request)
    if by_host:
        if VPCE_HOST.match(host):
            named = request.headers.get("x-apigw-api-id", "").lower()
            return Address(named, path, query, through_vpc=True)
        found = HOST.match(host)
        if found is None:
            return None
        return Address(found["api"].lower(), path, query, through_vpc=bool(found["vpce"]))
    if found := PATH.match(path):
        return Address(found["api"].lower(), found["rest"] or "/", query)
    if found := OLD_PATH.match(path):
        return Address(found["api"].lower(), found["rest"] or "/", query, found["stage"])
    return None


def target(request: Any) -> tuple[str, str]:
    """The path and the query of a request as the client sent them, not decoded."""
    uri = request.environ.get("RAW_URI") or request.path
    if "://" in uri.split("?", 1)[0]:
        uri = "/" + uri.split("://", 1)[1].partition("/")[2]
    path, _, query = uri.partition("?")
    return path, query


def url(api_id: str, region: str) -> str:
    """The printed address of an API, without a stage."""
    from localstack import config

    port = config.GATEWAY_LISTEN[0].port
    return f"http://{api_id}.execute-api.{region}.localhost:{port}"
