"""Amazon Cognito identity pools (`cognito-identity`).

https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from localstack.state import StateVisitor

from sandbox.emulator.cognito.identity.credentials import CredentialOperations
from sandbox.emulator.cognito.identity.models import stores
from sandbox.emulator.cognito.identity.pools import IdentityPoolOperations


class SandboxCognitoIdentityProvider(IdentityPoolOperations, CredentialOperations):
    """`cognito-identity:sandbox`."""

    service = "cognito-identity"
    version = "2014-06-30"

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        """Identity pools are saved with the world."""
        visitor.visit(stores)
