"""Loading the services of the labs before they are asked for.

A service's first request otherwise pays for its imports, its model and its parser (0.3 s and more). They
are loaded in the background, one after the other, as soon as the gateway answers.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from sandbox.emulator.state import restore

LOG = logging.getLogger(__name__)
SERVICES = ("s3", "dynamodb", "sts", "iam")
# Their requests go on to moto, which builds its table of routes at the first one (0.4 s for IAM).
MOTO_SERVICES = ("sts", "iam")


def start() -> None:
    """Begin loading in a thread of its own."""
    threading.Thread(target=_run, name="sandbox-preload", daemon=True).start()


def wanted() -> list[str]:
    """What `SANDBOX_PRELOAD` names, what the world has state of, then the usual ones; none for `none`."""
    named = os.environ.get("SANDBOX_PRELOAD", "").split(",")
    if named == ["none"]:
        return []
    return list(dict.fromkeys(s for s in [*named, *restore.saved_services(), *SERVICES] if s))


def _run() -> None:
    from localstack.runtime import events

    # Not earlier: the hooks of the start import the same modules in the main thread.
    events.infra_ready.wait()
    for service in wanted():
        begun = time.perf_counter()
        try:
            _load(service)
        except Exception as error:
            LOG.warning("could not preload %s: %s", service, error)
        LOG.debug("preloaded %s in %.0f ms", service, (time.perf_counter() - begun) * 1000)


def _load(service: str) -> None:
    from localstack.aws.protocol.parser import create_parser
    from localstack.aws.protocol.serializer import create_serializer
    from localstack.aws.spec import load_service
    from localstack.services.plugins import SERVICE_PLUGINS

    if not SERVICE_PLUGINS.exists(service):
        return
    restore.ensure(service)
    loaded = SERVICE_PLUGINS.require(service)
    model = load_service(service)
    create_parser(model, model.protocol)
    create_serializer(model, model.protocol)
    if service in MOTO_SERVICES:
        from localstack.services.moto import get_moto_routing_table

        get_moto_routing_table(service)
    warm = getattr(getattr(loaded, "_provider", None), "warm", None)
    if warm:
        warm()
