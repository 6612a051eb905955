"""The download of code archives: what `GetFunction` and `GetLayerVersion` name as Location."""

from __future__ import annotations

import hmac
from typing import Any

from rolo import Request, Response, Router

from sandbox.emulator.gateway import admin


def register_routes(router: Router) -> None:
    """Add the route; its URLs carry a secret of the archive."""
    admin.open_page(router, "/_sandbox/lambda/code", _download)


def _download(request: Request, **_: Any) -> Response:
    from sandbox.emulator.state import restore

    restore.ensure("lambda")
    from sandbox.emulator.lambda_.code import StoredCode

    wanted, key = request.args.get("id", ""), request.args.get("key", "")
    for code in _archives():
        if isinstance(code, StoredCode) and code.id == wanted:
            if hmac.compare_digest(code.key.encode(), key.encode()):
                return Response(code.archive.read_bytes(), mimetype="application/zip")
            break
    return Response("<Error><Code>AccessDenied</Code></Error>", 403, mimetype="application/xml")


def _archives() -> Any:
    from localstack.services.lambda_.invocation.models import lambda_stores

    for regions in list(lambda_stores.values()):
        for store in list(regions.values()):
            for function in list(store.functions.values()):
                yield from (version.config.code for version in list(function.versions.values()))
            for layer in list(store.layers.values()):
                yield from (version.code for version in list(layer.layer_versions.values()))
