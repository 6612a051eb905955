"""A function version that can be invoked: its environments, on demand and provisioned."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from concurrent.futures import Future
from typing import Any

from localstack.aws.api.lambda_ import (
    InvalidParameterValueException,
    ProvisionedConcurrencyStatusEnum,
    ResourceConflictException,
    State,
)
from localstack.services.lambda_.invocation.lambda_models import (
    ProvisionedConcurrencyState,
    VersionState,
)

from sandbox.emulator.lambda_ import concurrency, role
from sandbox.emulator.lambda_.environment import Chunk, Environment, Outcome, Work

LOG = logging.getLogger(__name__)
# How long an unused environment is kept; AWS does not say, minutes are usual.
IDLE_SECONDS = float(os.environ.get("SANDBOX_LAMBDA_IDLE_SECONDS") or 600)
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."


class RunningVersion:
    """Takes the place of upstream's `LambdaVersionManager`: same attributes, fewer layers."""

    def __init__(self, function_arn: str, function_version: Any, function: Any) -> None:
        self.function_arn = function_arn
        self.function_version = function_version
        self.function = function
        self.state = VersionState(state=State.Pending)
        self.provisioned_state: ProvisionedConcurrencyState | None = None
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._provisioned: list[Environment] = []
        self._all: set[Environment] = set()
        self._session: role.Session | None = None
        self._stopped = False

    def prepare(self) -> VersionState:
        """Unpack the code; the version is then Active."""
        self.function_version.config.code.prepare_for_execution()
        self.state = VersionState(state=State.Active)
        return self.state

    def invoke(self, work: Work, on_chunk: Chunk | None = None) -> Outcome:
        """Run one event in a free environment, or in a new one.

        Raises TooManyRequestsException when there is no concurrency left.
        """
        with self._lock:
            environment = self._provisioned.pop() if self._provisioned else None
        if environment is not None:
            if not environment.session.fresh():
                with self._lock:
                    self._all.discard(environment)
                environment.dispose()
                environment = self._make("provisioned-concurrency")
            try:
                return environment.run(work, on_chunk)
            finally:
                with self._lock:
                    keep = environment in self._all
                    if keep:
                        self._provisioned.append(environment)
                if not keep:
                    environment.dispose()
        with concurrency.on_demand(self.function, self.function_version):
            environment = self._reserve()
            try:
                return environment.run(work, on_chunk)
            finally:
                self._release(environment)

    def close_idle(self, older_than: float | None = None) -> None:
        """End environments that wait for work (for longer than `older_than` seconds)."""
        now = time.monotonic()
        with self._lock:
            over = [e for e in self._idle if older_than is None or now - e.last_used > older_than]
            for environment in over:
                self._idle.remove(environment)
                self._all.discard(environment)
        for environment in over:
            environment.dispose()

    def update_provisioned_concurrency_config(self, count: int) -> Future[None]:
        """Start `count` environments ahead of time, in the background; 0 ends them."""
        with self._lock:
            old, self._provisioned = self._provisioned, []
            self._all.difference_update(old)
            self.provisioned_state = ProvisionedConcurrencyState() if count else None
        done: Future[None] = Future()

        def scale() -> None:
            for environment in old:
                environment.dispose()
            made = []
            try:
                for _ in range(count):
                    environment = self._make("provisioned-concurrency")
                    environment.initialize()
                    made.append(environment)
            except Exception as error:
                LOG.warning("provisioned concurrency of %s: %s", self.function_arn, error)
            with self._lock:
                self._provisioned += made
                state = self.provisioned_state
                if state is not None:
                    state.available = state.allocated = len(made)
                    state.status = (
                        ProvisionedConcurrencyStatusEnum.READY
                        if len(made) == count
                        else ProvisionedConcurrencyStatusEnum.FAILED
                    )
            done.set_result(None)

        threading.Thread(target=scale, name="lambda-provision", daemon=True).start()
        return done

    def stop(self) -> None:
        """End every environment; events that run are finished first."""
        with self._lock:
            self._stopped = True
            idle = [*self._idle, *self._provisioned]
            self._idle, self._provisioned = [], []
            self._all.difference_update(idle)
        for environment in idle:
            environment.dispose()

    def kill(self) -> None:
        """End every environment at once, whatever it does."""
        with self._lock:
            self._stopped = True
            environments = list(self._all)
        for environment in environments:
            environment.close()

    def processes(self) -> list[int]:
        """The runtimes' process ids."""
        with self._lock:
            return [e.pid for e in self._all if e.pid]

    def _reserve(self) -> Environment:
        stale = []
        found = None
        with self._lock:
            while self._idle and found is None:
                candidate = self._idle.pop()
                if candidate.session.fresh():
                    found = candidate
                else:
                    stale.append(candidate)
                    self._all.discard(candidate)
        for environment in stale:
            environment.dispose()
        return found or self._make("on-demand")

    def _release(self, environment: Environment) -> None:
        with self._lock:
            keep = not self._stopped and not environment.closed
            if keep:
                self._idle.append(environment)
            else:
                self._all.discard(environment)
        if not keep:
            environment.dispose()

    def _make(self, initialization: str) -> Environment:
        config, identity = self.function_version.config, self.function_version.id
        session = self._session
        if session is None or not session.fresh():
            session = role.session(config.role, identity.function_name)
            if session is None:
                raise InvalidParameterValueException(CANNOT_ASSUME, Type="User")
            self._session = session
        environment = Environment(self.function_version, session, initialization)
        with self._lock:
            self._all.add(environment)
        return environment


def pending(state: str) -> ResourceConflictException:
    """The refusal of events for a version that is not ready."""
    return ResourceConflictException(
        "The operation cannot be performed at this time. The function is currently in the "
        f"following state: {state}"
    )


def close_all(versions: dict[str, RunningVersion]) -> None:
    """End everything, when the emulator leaves."""
    for version in list(versions.values()):
        with contextlib.suppress(Exception):
            version.kill()
