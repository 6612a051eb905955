"""What S3 knows about buckets that decides access: owner, policy, ACLs, ownership, public access block."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localstack.services.s3.models import s3_stores

from sandbox.emulator.access.canonical import canonical_id
from sandbox.emulator.access.policy import document, public
from sandbox.emulator.access.policy.document import Policy

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
PUBLIC_GROUPS = (ALL_USERS, AUTHENTICATED_USERS)
ENFORCED = "BucketOwnerEnforced"
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of an ACL: a canonical user id or a group's address, and a permission."""

    grantee: str
    permission: str


def _store(account: str) -> Any:
    """The S3 store of an account (one for all its regions).

    The bundles check account and region with patterns at every access, which costs more than the rest of
    a decision; what is there already needs no check.
    """
    regions = dict.get(s3_stores, account)
    store = dict.get(regions, "us-east-1") if regions is not None else None
    return store if store is not None else s3_stores[account]["us-east-1"]


def find(name: str) -> Any | None:
    """The S3Bucket of a name, whichever account owns it."""
    owner = _store("000000000000").global_bucket_map.get(name)
    return None if owner is None else _store(owner).buckets.get(name)


def all_buckets() -> list[Any]:
    """Every S3Bucket of every account, once (the stores of an account's regions share them)."""
    found = {
        id(bucket): bucket
        for _account, _region, store in list(s3_stores.iter_stores())
        for bucket in list(store.buckets.values())
    }
    return list(found.values())


def name_and_key(arn: str) -> tuple[str, str | None]:
    """Bucket and key of an S3 ARN; the key is None for a bucket."""
    name, slash, key = arn.split(":", 5)[5].partition("/")
    return name, key if slash else None


@lru_cache(maxsize=256)
def _parsed(text: str, bucket: str) -> tuple[Policy, bool]:
    policy = document.parse(text, f"bucket policy of {bucket}")
    return policy, public.is_public(policy)


def policy_of(bucket: Any) -> Policy | None:
    """The bucket's policy."""
    return _parsed(bucket.policy, bucket.name)[0] if bucket.policy else None


def policy_is_public(bucket: Any) -> bool:
    """Whether the bucket has a policy that AWS calls public."""
    return bool(bucket.policy) and _parsed(bucket.policy, bucket.name)[1]


def text_is_public(text: str) -> bool:
    """Whether a policy text is public."""
    return public.is_public(document.from_dict(json.loads(text), ""))


def blocks(bucket: Any, setting: str) -> bool:
    """Whether a Block Public Access setting is on, for the bucket or its account."""
    own = bucket.public_access_block or {}
    return bool(own.get(setting)) or account_blocks(bucket.bucket_account_id, setting)


def account_blocks(account: str, setting: str) -> bool:
    """Whether the account's own Block Public Access has the setting on (it is off when never set)."""
    from sandbox.emulator.state import restore

    restore.ensure("s3control")
    import sys

    module = sys.modules.get("moto.s3control.models")
    if module is None:
        return False
    found = module.s3control_backends[account]["aws"].public_access_block
    if found is None:
        return False
    attribute = "".join(f"_{c.lower()}" if c.isupper() else c for c in setting).lstrip("_")
    return str(getattr(found, attribute, "false")).lower() == "true"


def acls_enabled(bucket: Any) -> bool:
    """Whether ACLs have a say: Object Ownership is not "bucket owner enforced"."""
    return (bucket.object_ownership or "ObjectWriter") != ENFORCED


def grants(acl: Any) -> list[Grant]:
    """The lines of an AccessControlPolicy."""
    found = []
    for grant in (acl or {}).get("Grants") or ():
        grantee = grant.get("Grantee") or {}
        name = grantee.get("URI") or grantee.get("ID") or ""
        found.append(Grant(name, grant.get("Permission", "")))
    return found


def acl_is_public(acl: Any) -> bool:
    """Whether an ACL grants anything to everybody or to every AWS account."""
    return any(grant.grantee in PUBLIC_GROUPS for grant in grants(acl))


def stored_object(bucket: Any, key: str, version_id: str | None = None) -> Any | None:
    """The object or version; None for a missing key and for a delete marker."""
    from localstack.services.s3.models import S3DeleteMarker

    try:
        if version_id and hasattr(bucket.objects, "_store"):
            found = (
                bucket.objects.get(key, version_id)
                if _versioned(bucket)
                else (bucket.objects.get(key))
            )
        else:
            found = bucket.objects.get(key)
    except (KeyError, TypeError):
        return None
    return None if found is None or isinstance(found, S3DeleteMarker) else found


def _versioned(bucket: Any) -> bool:
    return type(bucket.objects).__name__ == "VersionedKeyStore"


def object_acl(bucket: Any, found: Any) -> Any:
    """The object's ACL; private to the bucket's owner when it has none."""
    return getattr(found, "acl", None) or {
        "Owner": {"ID": canonical_id(bucket.bucket_account_id)},
        "Grants": [],
    }


def tags(arn: str) -> dict[str, str]:
    """The tags of a bucket or object."""
    name, key = name_and_key(arn)
    store = s3_stores["000000000000"]["us-east-1"]
    owner = store.global_bucket_map.get(name)
    bucket = find(name)
    if bucket is None or owner is None:
        return {}
    tagger = s3_stores[owner][bucket.bucket_region].TAGS
    if key is None:
        return _flat(tagger.list_tags_for_resource(bucket.bucket_arn))
    found = stored_object(bucket, key)
    if found is None:
        return {}
    from localstack.services.s3.utils import get_unique_key_id

    identity = get_unique_key_id(name, key, found.version_id)
    return _flat(tagger.list_tags_for_resource(identity))


def _flat(found: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
