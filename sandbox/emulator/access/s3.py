"""Access to S3: policies, then access control lists, under Object Ownership and Block Public Access.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
"""

from __future__ import annotations

from typing import Any

from sandbox.emulator.access import buckets, identities
from sandbox.emulator.access.actions.requirement import Requirement
from sandbox.emulator.access.canonical import canonical_id
from sandbox.emulator.access.conditions import RequestConditions
from sandbox.emulator.access.policy.document import Policy, Statement
from sandbox.emulator.access.policy.evaluation import (
    Decision,
    Outcome,
    Policies,
    Source,
    evaluate,
)
from sandbox.emulator.access.policy.public import statement_is_public
from sandbox.emulator.access.principal import Kind, Principal

# The owner's root can always repair a bucket policy that locks everybody out.
ROOT_ALWAYS = {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}
# Action -> (whose ACL, permission).
ACL_PERMISSIONS = {
    "s3:ListBucket": ("bucket", "READ"),
    "s3:ListBucketVersions": ("bucket", "READ"),
    "s3:ListBucketMultipartUploads": ("bucket", "READ"),
    "s3:PutObject": ("bucket", "WRITE"),
    "s3:DeleteObject": ("bucket", "WRITE"),
    "s3:GetBucketAcl": ("bucket", "READ_ACP"),
    "s3:PutBucketAcl": ("bucket", "WRITE_ACP"),
    "s3:GetObject": ("object", "READ"),
    "s3:GetObjectVersion": ("object", "READ"),
    "s3:GetObjectAttributes": ("object", "READ"),
    "s3:GetObjectVersionAttributes": ("object", "READ"),
    "s3:GetObjectAcl": ("object", "READ_ACP"),
    "s3:GetObjectVersionAcl": ("object", "READ_ACP"),
    "s3:PutObjectAcl": ("object", "WRITE_ACP"),
    "s3:PutObjectVersionAcl": ("object", "WRITE_ACP"),
}


def decide(principal: Principal, requirement: Requirement, context: Any) -> Decision:
    """Whether `principal` may do one S3 action on a bucket or object."""
    action, resource = requirement.action, requirement.resource
    bucket = None
    if resource.startswith("arn:aws:s3:::"):
        bucket = buckets.find(buckets.name_and_key(resource)[0])
    owner = bucket.bucket_account_id if bucket is not None else principal.account
    root = principal.kind is Kind.ROOT
    mine = owner == principal.account and not principal.anonymous
    policy = buckets.policy_of(bucket) if bucket is not None else None
    if root and mine and (policy is None or action in ROOT_ALWAYS):
        return Decision(Outcome.ALLOWED, Source.ROOT, action, resource)
    policies = Policies() if principal.anonymous else identities.policies_of(principal)
    restricted = False
    if policy is not None:
        if (
            not mine
            and buckets.policy_is_public(bucket)
            and buckets.blocks(bucket, "RestrictPublicBuckets")
        ):
            policy, restricted = _without_public_grants(policy, principal), True
        policies.resource = [policy]
    conditions = RequestConditions(
        context,
        principal,
        resource=resource,
        resource_account=owner,
        extra=requirement.context,
    )
    found = evaluate(
        principal.caller(), action, resource, policies, conditions, resource_account=owner
    )
    if found.allowed or found.outcome is Outcome.EXPLICIT_DENY or bucket is None:
        return found
    by_acl = _by_acl(principal, requirement, bucket, policies, conditions, owner)
    if by_acl is not None:
        return by_acl
    if restricted:
        return Decision(
            Outcome.IMPLICIT_DENY,
            Source.RESOURCE,
            action,
            resource,
            note="Block Public Access: RestrictPublicBuckets keeps the public bucket policy from "
            "other accounts and visitors",
        )
    return found


def _without_public_grants(policy: Policy, principal: Principal) -> Policy:
    """What is left of a public policy under RestrictPublicBuckets: only its denials."""

    def stays(statement: Statement) -> bool:
        return statement.effect == "Deny" or principal.kind is Kind.SERVICE

    return Policy(
        policy.name, tuple(s for s in policy.statements if stays(s)), policy.version, policy.source
    )


def _by_acl(
    principal: Principal,
    requirement: Requirement,
    bucket: Any,
    policies: Policies,
    conditions: RequestConditions,
    owner: str,
) -> Decision | None:
    """The grant of an ACL that allows the action, else None."""
    wanted = ACL_PERMISSIONS.get(requirement.action)
    if wanted is None:
        return None
    where, permission = wanted
    if where == "bucket":
        acl = bucket.acl
    else:
        _name, key = buckets.name_and_key(requirement.resource)
        version: Any = requirement.context.get("s3:versionid") or conditions.get("s3:versionid")
        found = buckets.stored_object(bucket, key or "", version)
        if found is None:
            # Nobody was granted anything on what is not there; whoever may list learns that it is not.
            return None
        acl = buckets.object_acl(bucket, found)
    if not buckets.acls_enabled(bucket):
        return None
    ignored = buckets.blocks(bucket, "IgnorePublicAcls")
    own_id = None if principal.anonymous else canonical_id(principal.account)
    for grant in buckets.grants(acl):
        if grant.permission not in (permission, "FULL_CONTROL"):
            continue
        by = None
        if grant.grantee == buckets.ALL_USERS and not ignored:
            by = "AllUsers"
        elif (
            grant.grantee == buckets.AUTHENTICATED_USERS and not ignored and not principal.anonymous
        ):
            by = "AuthenticatedUsers"
        elif (
            own_id
            and grant.grantee == own_id
            and _own_account_allows(principal, requirement, policies, conditions)
        ):
            by = "its account"
        if by:
            return Decision(
                Outcome.ALLOWED,
                Source.ACL,
                requirement.action,
                requirement.resource,
                note=f"allow: the {where}'s ACL grants {grant.permission} to {by}",
            )
    return None


def _own_account_allows(
    principal: Principal,
    requirement: Requirement,
    policies: Policies,
    conditions: RequestConditions,
) -> bool:
    """A grant to an account is a grant to its root, and to whom its IAM policies allow the action."""
    if principal.kind is Kind.ROOT:
        return True
    alone = Policies(
        identity=policies.identity, boundary=policies.boundary, session=policies.session
    )
    return evaluate(
        principal.caller(), requirement.action, requirement.resource, alone, conditions
    ).allowed


def public_statement_label(policy: Policy) -> str | None:
    """The label of the first public statement, for messages."""
    for statement in policy.statements:
        if statement_is_public(statement):
            return statement.label
    return None


def missing_key_visible(principal: Principal, bucket_arn: str, context: Any) -> Decision:
    """Whether the caller may learn that an object does not exist: needs s3:ListBucket."""
    return decide(principal, Requirement("s3:ListBucket", bucket_arn), context)
