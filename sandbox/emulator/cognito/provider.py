"""Amazon Cognito user pools (`cognito-idp`)."""

from __future__ import annotations

import threading

from localstack.state import StateVisitor

from sandbox.emulator.cognito import keys
from sandbox.emulator.cognito.models import stores
from sandbox.emulator.cognito.operations.account import AccountOperations
from sandbox.emulator.cognito.operations.administration import AdministrationOperations
from sandbox.emulator.cognito.operations.clients import ClientOperations
from sandbox.emulator.cognito.operations.domains import DomainOperations
from sandbox.emulator.cognito.operations.groups import GroupOperations
from sandbox.emulator.cognito.operations.mfa import MfaOperations
from sandbox.emulator.cognito.operations.pools import PoolOperations
from sandbox.emulator.cognito.operations.refused import RefusedOperations
from sandbox.emulator.cognito.operations.sign_up import SignUpOperations
from sandbox.emulator.cognito.operations.signing_in import SignInOperations


class SandboxCognitoIdpProvider(
    PoolOperations,
    ClientOperations,
    SignUpOperations,
    SignInOperations,
    AccountOperations,
    MfaOperations,
    AdministrationOperations,
    GroupOperations,
    DomainOperations,
    RefusedOperations,  # type: ignore[misc, valid-type]
):
    """`cognito-idp:sandbox`; operations without a method here answer NotImplemented."""

    service = "cognito-idp"
    version = "2016-04-18"

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Pools are saved with the world."""
        visitor.visit(stores)

    def warm(self) -> None:
        """Make the first pool's keys while nobody waits."""
        threading.Thread(target=keys.fill, name="sandbox-cognito-keys", daemon=True).start()
