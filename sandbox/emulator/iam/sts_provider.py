"""AWS STS: temporary credentials that are checked, narrowed by session policies, and that expire."""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.sts import (
    AssumedRoleUser,
    AssumeRoleRequest,
    AssumeRoleResponse,
    FederatedUser,
    GetAccessKeyInfoResponse,
    GetCallerIdentityResponse,
    GetFederationTokenResponse,
    GetSessionTokenResponse,
)
from localstack.services.sts.provider import StsProvider

from sandbox.emulator.access import credentials, identities, principal
from sandbox.emulator.access.principal import Kind
from sandbox.emulator.access.refusals import named
from sandbox.emulator.iam import documents, sessions, trust, web_identity

SHORTEST_SECONDS = 900
ROLE_SECONDS = 3600
LONGEST_ROLE_SECONDS = 43200
TOKEN_SECONDS = 43200
LONGEST_TOKEN_SECONDS = 129600
MOST_POLICY_ARNS = 10


class SandboxStsProvider(StsProvider):
    """`sts:sandbox`; upstream issues keys that nothing checks."""

    def get_caller_identity(self, context: RequestContext, **kwargs) -> GetCallerIdentityResponse:
        """Account, ARN and unique id of the caller."""
        caller = principal.of(context)
        return GetCallerIdentityResponse(
            UserId=caller.user_id, Account=caller.account, Arn=caller.arn
        )

    def get_access_key_info(
        self, context: RequestContext, access_key_id: str, **kwargs
    ) -> GetAccessKeyInfoResponse:
        """The account that a key belongs to."""
        found = credentials.find(access_key_id)
        if found is None:
            raise named("ValidationError", f"Invalid value for AccessKeyId: {access_key_id}", 400)
        return GetAccessKeyInfoResponse(Account=found.principal.account)

    @handler("AssumeRole", expand=False)
    def assume_role(
        self, context: RequestContext, request: AssumeRoleRequest
    ) -> AssumeRoleResponse:
        """Credentials of a role's session, when the trust policy and the caller's policies allow.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        arn, name = request["RoleArn"], request["RoleSessionName"]
        sessions.check_names(arn, name)
        caller = principal.of(context)
        tags = sessions.checked_tags(request, caller)
        policies = _session_policies(request, arn.split(":")[4])
        role = trust.authorize(context, caller, arn, request)
        seconds = _role_seconds(request, role, caller)
        issued = sessions.of_role(
            role,
            name,
            seconds,
            policies=policies,
            tags=sessions.merged_tags(tags, caller, role),
            transitive_tags=sessions.transitive_keys(request, caller),
            source_identity=request.get("SourceIdentity") or caller.source_identity,
            mfa=caller.mfa if caller.mfa is not None else False,
        )
        response = AssumeRoleResponse(
            Credentials=issued,
            AssumedRoleUser=AssumedRoleUser(
                AssumedRoleId=f"{role.id}:{name}", Arn=sessions.session_arn(role, name)
            ),
        )
        if request.get("SourceIdentity"):
            response["SourceIdentity"] = request["SourceIdentity"]
        if policies:
            response["PackedPolicySize"] = documents.packed_percent(policies)
        return response

    def get_session_token(
        self,
        context: RequestContext,
        duration_seconds: int | None = None,
        serial_number: str | None = None,
        token_code: str | None = None,
        **kwargs,
    ) -> GetSessionTokenResponse:
        """Temporary credentials with the caller's own rights."""
        caller = principal.of(context)
        _require_long_lived(caller, "GetSessionToken")
        seconds = _token_seconds(duration_seconds, caller)
        issued = sessions.issue(
            caller.account,
            seconds,
            kind=(Kind.ROOT if caller.trusted else caller.kind).value,
            arn=caller.arn,
            user_id=caller.user_id,
            name=caller.name,
            tags=sessions.as_tags(caller.tags),
            mfa=bool(serial_number and token_code),
        )
        return GetSessionTokenResponse(Credentials=issued)

    def get_federation_token(
        self,
        context: RequestContext,
        name: str,
        policy: str | None = None,
        policy_arns: list | None = None,
        duration_seconds: int | None = None,
        tags: list | None = None,
        **kwargs,
    ) -> GetFederationTokenResponse:
        """Credentials of a federated user: the caller's rights, as far as the policies passed allow."""
        caller = principal.of(context)
        _require_long_lived(caller, "GetFederationToken")
        seconds = _token_seconds(duration_seconds, caller)
        request = {"Policy": policy, "PolicyArns": policy_arns}
        policies = _session_policies(request, caller.account) or []
        arn = f"arn:aws:sts::{caller.account}:federated-user/{name}"
        user_id = f"{caller.account}:{name}"
        issued = sessions.issue(
            caller.account,
            seconds,
            kind=Kind.FEDERATED.value,
            arn=arn,
            user_id=user_id,
            name=caller.name,
            policies=policies,
            tags={tag["Key"].lower(): tag for tag in tags or ()},
        )
        return GetFederationTokenResponse(
            Credentials=issued,
            FederatedUser=FederatedUser(FederatedUserId=user_id, Arn=arn),
            PackedPolicySize=documents.packed_percent(policies),
        )

    @handler("AssumeRoleWithWebIdentity", expand=False)
    def assume_role_with_web_identity(self, context: RequestContext, request: Any) -> Any:
        """Credentials for the holder of a token that Cognito signed.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
        """
        arn, name = request["RoleArn"], request["RoleSessionName"]
        sessions.check_names(arn, name)
        identity = web_identity.of_token(request["WebIdentityToken"])
        if identity is None:
            raise named(
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider, please reference "
                "AssumeRoleWithWebIdentity documentation for requirements",
                400,
            )
        policies = _session_policies(request, arn.split(":")[4])
        role = trust.find_role(arn)
        seconds = int(request.get("DurationSeconds") or ROLE_SECONDS)
        if role is not None:
            seconds = _role_seconds(request, role, principal.of(context))
        issued, role = web_identity.assume(context, arn, name, seconds, identity, policies=policies)
        return {
            "Credentials": issued,
            "SubjectFromWebIdentityToken": identity.subject,
            "AssumedRoleUser": {
                "AssumedRoleId": f"{role.id}:{name}",
                "Arn": f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{name}",
            },
            "Provider": identity.prefix,
            "Audience": identity.audience,
        }

    @handler("AssumeRoleWithSAML", expand=False)
    def assume_role_with_saml(self, context: RequestContext, request: Any) -> Any:
        """Refused, as without a SAML provider."""
        raise named("InvalidIdentityToken", "Specified provider doesn't exist", 400)


def _require_long_lived(caller: principal.Principal, operation: str) -> None:
    if caller.issued_at is not None or caller.kind in (Kind.ROLE, Kind.FEDERATED):
        raise named("AccessDenied", f"Cannot call {operation} with session credentials", 403)


def _duration_error(seconds: int, bound: int, word: str):
    return named(
        "ValidationError",
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy "
        f"constraint: Member must have value {word} than or equal to {bound}",
        400,
    )


def _bounded(seconds: int, longest: int) -> int:
    if seconds < SHORTEST_SECONDS:
        raise _duration_error(seconds, SHORTEST_SECONDS, "greater")
    if seconds > longest:
        raise _duration_error(seconds, longest, "less")
    return seconds


def _role_seconds(request: Any, role: Any, caller: principal.Principal) -> int:
    seconds = _bounded(int(request.get("DurationSeconds") or ROLE_SECONDS), LONGEST_ROLE_SECONDS)
    if caller.kind is Kind.ROLE and seconds > ROLE_SECONDS:
        raise named(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
            400,
        )
    if seconds > int(role.max_session_duration or ROLE_SECONDS):
        raise named(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            400,
        )
    return seconds


def _token_seconds(seconds: int | None, caller: principal.Principal) -> int:
    wanted = _bounded(int(seconds or TOKEN_SECONDS), LONGEST_TOKEN_SECONDS)
    # Sessions of the root user last an hour at most; AWS shortens them silently.
    return min(wanted, 3600) if caller.kind is Kind.ROOT else wanted


def _session_policies(request: Any, account: str) -> list[tuple[str, str]] | None:
    """Pairs of text and name; None when no policy was passed."""
    found: list[tuple[str, str]] = []
    if request.get("Policy"):
        documents.check_identity(request["Policy"])
        found.append((request["Policy"], "session policy"))
    arns = [item["arn"] for item in request.get("PolicyArns") or ()]
    if len(arns) > MOST_POLICY_ARNS:
        raise named("ValidationError", "The number of policy ARNs exceeds 10.", 400)
    for arn in arns:
        policy = identities.managed(credentials.iam_backend(account), arn)
        if policy is None:
            raise named("MalformedPolicyDocument", f"Policy {arn} does not exist", 400)
        found.append((policy.source, arn))
    return found or None
