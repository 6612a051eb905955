"""Putting the saved state of a service back, when the service is first needed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import Handler, HandlerChain
from localstack.http import Response

from sandbox.emulator import world
from sandbox.emulator.state import containers, files, pickling

LOG = logging.getLogger(__name__)

_done: set[str] = set()
_broken: dict[str, str] = {}
# One service is loaded at a time, whoever asks: two threads that import modules in a circle (moto's
# services import each other) end in Python 3.11's import deadlock.
_loading = threading.RLock()


def file_of(service: str) -> Path:
    """Where the state of a service is saved."""
    return world.directory("state") / f"{service}{files.SUFFIX}"


def key() -> files.Key:
    """The key of the state folder that this world belongs to."""
    import os

    return files.Key.of_home(Path(os.environ.get("SANDBOX_HOME_DIR") or world.directory().parent))


def verify_all() -> None:
    """Read every state file of the world once; raises DamagedState for the first bad one."""
    seal = key()
    for path in sorted(world.directory("state").glob(f"*{files.SUFFIX}")):
        files.read(path, seal)


def saved_services() -> list[str]:
    """The services that this world has state of."""
    return [path.stem for path in sorted(world.directory("state").glob(f"*{files.SUFFIX}"))]


def is_restored(service: str) -> bool:
    """Whether the service's live state is complete, so that it may be saved."""
    return service in _done


def ensure(service: str) -> None:
    """Load the service and restore its state, once; cheap afterwards.

    Raises CommonServiceException `InternalError` when the file cannot be loaded; it is then never
    overwritten.
    """
    if service in _done:
        return
    with _loading:
        if service in _done:
            return
        if service in _broken:
            raise CommonServiceException("InternalError", _broken[service], status_code=500)
        from localstack.services.plugins import SERVICE_PLUGINS

        if not SERVICE_PLUGINS.exists(service):
            return
        loaded = SERVICE_PLUGINS.require(service)
        path = file_of(service)
        if path.exists():
            try:
                _load(loaded, path)
            except Exception as error:
                LOG.exception("cannot restore %s", service)
                _broken[service] = f"The saved state of {service} could not be restored: {error}"
                raise CommonServiceException(
                    "InternalError", _broken[service], status_code=500
                ) from error
        _done.add(service)


def _load(service, path: Path) -> None:
    saved = pickling.loads(files.read(path, key()))
    live = {containers.content(container)[0]: container for container in containers.of(service)}
    for identity, accounts, shared in saved:
        if identity not in live:
            raise ValueError(f"there is no container {identity} in this version")
        containers.put_back(live[identity], accounts, shared)
    hook = getattr(getattr(service, "_provider", None), "on_sandbox_restored", None)
    if hook:
        hook()


class RestoreHandler(Handler):
    """Makes sure that a service has its saved state before the first request reaches it."""

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.service:
            ensure(context.service.service_name)
