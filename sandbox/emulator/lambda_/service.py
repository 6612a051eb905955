"""The invocation of functions: which version an event is for, and running it.

Takes the place of upstream's `LambdaService` below the provider; the lean way in for other parts of the
emulator is `sandbox.emulator.lambda_.direct`.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from localstack.aws.api.lambda_ import (
    LastUpdateStatus,
    ResourceConflictException,
    ResourceNotFoundException,
    State,
    TooManyRequestsException,
)
from localstack.services.lambda_.api_utils import (
    lambda_arn,
    qualified_lambda_arn,
    qualifier_is_alias,
)
from localstack.services.lambda_.invocation.lambda_models import UpdateStatus, VersionState
from localstack.services.lambda_.invocation.lambda_service import (
    LambdaService,
    destroy_code_if_not_used,
)
from localstack.services.lambda_.invocation.models import lambda_stores

from sandbox.emulator.lambda_ import hot_reload, logs, metrics, role, versions
from sandbox.emulator.lambda_.environment import Chunk, Outcome, Work, log_group
from sandbox.emulator.lambda_.versions import RunningVersion
from sandbox.emulator.state import saver

LOG = logging.getLogger(__name__)
# How long an event waits for a version that is being made.
START_SECONDS = 10.0
JANITOR_SECONDS = 20.0


class SandboxLambdaService(LambdaService):
    """Versions by qualified ARN, made when they are created or first needed after a restart."""

    def __init__(self) -> None:
        self.lambda_running_versions: dict[str, RunningVersion] = {}
        self.lambda_starting_versions: dict[str, RunningVersion] = {}
        self.event_managers: dict[str, Any] = {}
        self.lambda_version_manager_lock = threading.RLock()
        self.task_executor = ThreadPoolExecutor(4, thread_name_prefix="lambda-version")
        self._changed = threading.Condition()
        threading.Thread(target=self._janitor, name="lambda-janitor", daemon=True).start()

    # Versions

    def create_function_version(self, function_version: Any) -> Future[None]:
        """Make a version ready in the background; an older one of the same ARN serves until then."""
        arn = function_version.id.qualified_arn()
        with self.lambda_version_manager_lock:
            if arn in self.lambda_starting_versions:
                raise ResourceConflictException(
                    "The operation cannot be performed at this time. An update is in progress for "
                    f"resource: {function_version.id.unqualified_arn()}",
                    Type="User",
                )
            version = RunningVersion(arn, function_version, _function(function_version.id))
            self.lambda_starting_versions[arn] = version
        return self.task_executor.submit(self._start_lambda_version, version)

    def publish_version(self, function_version: Any) -> None:
        """Make a published version ready before this returns."""
        version = RunningVersion(
            function_version.id.qualified_arn(), function_version, _function(function_version.id)
        )
        with self.lambda_version_manager_lock:
            self.lambda_starting_versions[version.function_arn] = version
        self._start_lambda_version(version)

    def update_version(self, new_version: Any) -> Future[None]:
        """Replace a version by a changed one."""
        return self.create_function_version(new_version)

    def _start_lambda_version(self, version: RunningVersion) -> None:
        try:
            state = version.prepare()
        except Exception as error:
            LOG.exception("cannot prepare %s", version.function_arn)
            state = VersionState(
                state=State.Failed, code="InternalError", reason=f"The code cannot be read: {error}"
            )
        self._finish(version, state)

    def _finish(self, version: RunningVersion, state: VersionState) -> None:
        arn, identity = version.function_arn, version.function_version.id
        active = state.state == State.Active
        with self.lambda_version_manager_lock:
            self.lambda_starting_versions.pop(arn, None)
            function = _function(identity)
            stored = function.versions.get(identity.qualifier) if function else None
            if stored is None:
                # It was deleted meanwhile.
                active = False
            old = self.lambda_running_versions.get(arn)
            if active:
                self.lambda_running_versions[arn] = version
            if stored is not None:
                status = LastUpdateStatus.Successful if active else LastUpdateStatus.Failed
                config = dataclasses.replace(
                    stored.config, state=state, last_update=UpdateStatus(status=status)
                )
                if identity.qualifier != "$LATEST":
                    # Becoming Active is a revision of its own, but not for published versions.
                    object.__setattr__(config, "revision_id", stored.config.revision_id)
                changed = dataclasses.replace(stored, config=config)
                function.versions[identity.qualifier] = changed
                version.function_version = changed
        with self._changed:
            self._changed.notify_all()
        if active and old is not None and old is not version:
            old.stop()
            destroy_code_if_not_used(old.function_version.config.code, function)
        saver.mark("lambda")

    def stop_version(self, qualified_arn: str) -> None:
        """End a deleted version."""
        with self.lambda_version_manager_lock:
            version = self.lambda_running_versions.pop(qualified_arn, None)
        if version is not None:
            version.stop()

    def get_lambda_version_manager(self, function_arn: str) -> RunningVersion:
        """The running version of a qualified ARN; ValueError when there is none."""
        found = self.lambda_running_versions.get(function_arn)
        if found is not None:
            return found
        if function_arn in self.lambda_starting_versions:
            self._await_start(function_arn)
            found = self.lambda_running_versions.get(function_arn)
        return found or self._revive(function_arn)

    def _await_start(self, arn: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        with self._changed:
            self._changed.wait_for(
                lambda: arn not in self.lambda_starting_versions, deadline - time.monotonic()
            )

    def _revive(self, arn: str) -> RunningVersion:
        """A version of the restored world, when it is first needed."""
        _, _, _, region, account, _, name, qualifier = arn.split(":")
        function = lambda_stores[account][region].functions.get(name)
        if function and qualifier in function.aliases:
            # Asked for by operations on provisioned concurrency.
            number = function.aliases[qualifier].function_version
            return self.get_lambda_version_manager(f"{arn.rpartition(':')[0]}:{number}")
        stored = function.versions.get(qualifier) if function else None
        if stored is None:
            raise ValueError(f"there is no version {arn}")
        with self.lambda_version_manager_lock:
            if arn not in self.lambda_running_versions:
                version = RunningVersion(arn, stored, function)
                version.prepare()
                self.lambda_running_versions[arn] = version
                count = _provisioned(function, qualifier)
                if count:
                    version.update_provisioned_concurrency_config(count)
        return self.lambda_running_versions[arn]

    def settle(self) -> None:
        """After a restart nothing is being made any more: pending versions are active."""
        for regions in list(lambda_stores.values()):
            for store in list(regions.values()):
                for function in list(store.functions.values()):
                    for number, stored in list(function.versions.items()):
                        last = stored.config.last_update
                        if stored.config.state.state == State.Active and (
                            last is None or last.status != LastUpdateStatus.InProgress
                        ):
                            continue
                        if stored.config.state.state == State.Failed:
                            continue
                        config = dataclasses.replace(
                            stored.config,
                            state=VersionState(state=State.Active),
                            last_update=UpdateStatus(status=LastUpdateStatus.Successful),
                        )
                        object.__setattr__(config, "revision_id", stored.config.revision_id)
                        function.versions[number] = dataclasses.replace(stored, config=config)

    def update_alias(self, old_alias: Any, new_alias: Any, function: Any) -> None:
        """Move the alias's provisioned environments to the version that it names now."""
        config = function.provisioned_concurrency_configs.get(old_alias.name)
        if config is None or old_alias.function_version == new_alias.function_version:
            return
        old = function.versions[old_alias.function_version].qualified_arn
        new = function.versions[new_alias.function_version].qualified_arn
        self.get_lambda_version_manager(old).update_provisioned_concurrency_config(0)
        self.get_lambda_version_manager(new).update_provisioned_concurrency_config(
            config.provisioned_concurrent_executions
        )

    def can_assume_role(self, role_arn: str, region: str) -> bool:
        """Whether the role exists and trusts Lambda."""
        return role.assumable(role_arn)

    def stop(self) -> None:
        """End all environments."""
        versions.close_all(self.lambda_running_versions)

    def kill_all(self) -> None:
        """End all environments, when the emulator leaves."""
        versions.close_all(self.lambda_running_versions)
        versions.close_all(self.lambda_starting_versions)

    # Events

    def resolve(
        self, name: str, qualifier: str | None, account: str, region: str
    ) -> tuple[str, RunningVersion]:
        """The invoked ARN and the version that gets the event (aliases weighed).

        Raises ResourceNotFoundException, or ResourceConflictException while there is nothing to run.
        """
        invoked_arn = lambda_arn(name, qualifier, account, region)
        function = lambda_stores[account][region].functions.get(name)
        if function is None:
            raise _not_found(invoked_arn)
        number = qualifier or "$LATEST"
        if qualifier_is_alias(number):
            alias = function.aliases.get(number)
            if alias is None:
                raise _not_found(invoked_arn)
            number = alias.function_version
            if alias.routing_configuration:
                for other, weight in alias.routing_configuration.version_weights.items():
                    if random.random() < weight:
                        number = other
        stored = function.versions.get(number)
        if stored is None:
            raise _not_found(invoked_arn)
        try:
            found = self.get_lambda_version_manager(
                qualified_lambda_arn(name, number, account, region)
            )
        except (ValueError, OSError):
            raise versions.pending(stored.config.state.state) from None
        return invoked_arn, found

    def run(self, version: RunningVersion, work: Work, on_chunk: Chunk | None = None) -> Outcome:
        """Run one event now; its log and its metrics follow in batches."""
        hot_reload.check(version)
        identity = version.function_version.id
        try:
            outcome = version.invoke(work, on_chunk)
        except TooManyRequestsException:
            metrics.count(identity, "Throttles")
            raise
        metrics.invoked(identity, outcome)
        logs.write(
            logs.Target(
                identity.account,
                identity.region,
                log_group(version.function_version),
                outcome.log_stream,
                version.function_version.config.role,
                identity.function_name,
            ),
            outcome.events,
        )
        return outcome

    def stop_idle(self, older_than: float) -> None:
        """End environments that were not used for `older_than` seconds."""
        for version in list(self.lambda_running_versions.values()):
            version.close_idle(older_than)

    def _janitor(self) -> None:
        while True:
            time.sleep(JANITOR_SECONDS)
            try:
                self.stop_idle(versions.IDLE_SECONDS)
            except Exception:
                LOG.exception("idle environments could not be ended")


def _provisioned(function: Any, number: str) -> int:
    """How many environments a version has ahead of time, by itself or by an alias."""
    names = [number] + [a.name for a in function.aliases.values() if a.function_version == number]
    return sum(
        config.provisioned_concurrent_executions
        for name, config in function.provisioned_concurrency_configs.items()
        if name in names
    )


def _function(identity: Any) -> Any:
    return lambda_stores[identity.account][identity.region].functions.get(identity.function_name)


def _not_found(arn: str) -> ResourceNotFoundException:
    if arn.count(":") == 6:
        arn = f"{arn}:$LATEST"
    return ResourceNotFoundException(f"Function not found: {arn}", Type="User")
