"""Amazon Cognito identity pools (`cognito-identity`)."""


class SandboxCognitoIdentityProvider:
    """`cognito-identity:sandbox`."""

    service = "cognito-identity"
    version = "2014-06-30"
