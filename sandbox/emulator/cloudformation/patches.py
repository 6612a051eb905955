"""The places where LocalStack's CloudFormation is given our parts. Each names what it replaces."""

from __future__ import annotations

from localstack.aws.api.cloudformation import StackStatus
from localstack.services.cloudformation.engine.v2 import change_set_model
from localstack.services.cloudformation.v2 import entities
from localstack.services.cloudformation.v2 import provider as upstream

from sandbox.emulator.cloudformation.deployment import Deployment
from sandbox.emulator.cloudformation.executor import SandboxExecutor


def install() -> None:
    """Put them in; safe to call twice."""
    from sandbox.emulator.lambda_.patches import patch_cloudformation

    patch_cloudformation()
    # `v2.provider.ChangeSetModelExecutor`: its operations make one each.
    upstream.ChangeSetModelExecutor = SandboxExecutor
    # `change_set_model.ResourceProviderExecutor`: it asks a type's schema what a change replaces.
    change_set_model.ResourceProviderExecutor = Deployment
    if not hasattr(entities.Stack, "settle"):
        _settling_stack(entities.Stack)


def _settling_stack(stack: type) -> None:
    """`v2.entities.Stack.set_stack_status`: upstream's operations write their own idea of success last.

    They set CREATE_FAILED or UPDATE_COMPLETE after the executor returned, whatever it did. A stack that
    was settled keeps its status until the next operation begins.
    """
    original = stack.set_stack_status  # type: ignore[attr-defined]

    def set_stack_status(self, status: StackStatus, reason: str | None = None) -> None:
        if str(status).endswith("_IN_PROGRESS"):
            self.settled = False
            self.status_reason = None
        elif getattr(self, "settled", False):
            return
        original(self, status, reason)

    def settle(self, status: StackStatus, reason: str | None = None) -> None:
        """The last word of an operation."""
        self.set_stack_status(status, reason)
        self.settled = True

    stack.set_stack_status = set_stack_status  # type: ignore[attr-defined]
    stack.settle = settle  # type: ignore[attr-defined]
