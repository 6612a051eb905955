"""Lifecycle rules that happen: transitions between storage classes and expirations.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html. Ages are counted on the
sandbox clock and rounded up to the next midnight UTC, as S3 does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localstack.aws.api.s3 import StorageClass
from localstack.services.s3.models import S3Bucket, S3DeleteMarker, S3Multipart, S3Object, S3Store
from localstack.services.s3.provider import generate_version_id
from localstack.services.s3.utils import get_unique_key_id

from sandbox.emulator.s3 import archive

# S3's "waterfall": an object moves down it, never up.
COLDNESS = [
    StorageClass.STANDARD,
    StorageClass.STANDARD_IA,
    StorageClass.INTELLIGENT_TIERING,
    StorageClass.ONEZONE_IA,
    StorageClass.GLACIER_IR,
    StorageClass.GLACIER,
    StorageClass.DEEP_ARCHIVE,
]
# Smaller objects do not pay off in colder classes; S3 leaves them where they are unless a filter names sizes.
LEAST_TRANSITION_BYTES = 128 * 1024
CLASSES_WITH_LEAST_SIZE = (StorageClass.STANDARD_IA, StorageClass.ONEZONE_IA)


@dataclass
class Outcome:
    """What one run did, for logs and tests."""

    transitioned: list[tuple[str, str, str]] = field(default_factory=list)
    expired: list[tuple[str, str]] = field(default_factory=list)
    aborted: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.transitioned or self.expired or self.aborted)


def due_at(start: datetime, days: int) -> datetime:
    """The moment a rule of `days` days acts on something of `start`: the next midnight UTC after them."""
    end = start.astimezone(UTC) + timedelta(days=days)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == end else midnight + timedelta(days=1)


def run(store: S3Store, bucket: S3Bucket, now: datetime) -> Outcome:
    """Apply the bucket's enabled rules as of `now` (aware datetime) and say what happened."""
    outcome = Outcome()
    rules = [rule for rule in bucket.lifecycle_rules or [] if rule.get("Status") == "Enabled"]
    if not rules:
        return outcome
    for key, versions in _versions_by_key(bucket):
        _run_key(store, bucket, rules, key, versions, now, outcome)
    for upload in list(bucket.multiparts.values()):
        for rule in rules:
            if _aborts(rule, upload, now):
                bucket.multiparts.pop(upload.id, None)
                outcome.aborted.append((bucket.name, upload.object.key))
                break
    return outcome


def _run_key(
    store: S3Store,
    bucket: S3Bucket,
    rules: list[dict[str, Any]],
    key: str,
    versions: list[S3Object | S3DeleteMarker],
    now: datetime,
    outcome: Outcome,
) -> None:
    versioned = bucket.versioning_status is not None
    current = versions[-1]
    # Noncurrent versions first, oldest first: a version became noncurrent when its successor came.
    for index, version in enumerate(versions[:-1]):
        since = versions[index + 1].last_modified
        newer_noncurrent = len(versions) - 2 - index
        if _noncurrent_expires(store, bucket, rules, version, since, newer_noncurrent, now):
            if not version.is_locked():
                bucket.objects.pop(object_key=key, version_id=version.version_id)
                _forget_tags(store, bucket, key, version.version_id)
                outcome.expired.append((bucket.name, key))
        elif isinstance(version, S3Object):
            actions = [
                (action["StorageClass"], due_at(since, action.get("NoncurrentDays", 0)))
                for rule in _matching(store, bucket, rules, version)
                for action in rule.get("NoncurrentVersionTransitions", [])
                if newer_noncurrent >= action.get("NewerNoncurrentVersions", 0)
                and _large_enough(bucket, rule, version, action["StorageClass"])
            ]
            _transition(bucket, version, actions, now, outcome)
    if isinstance(current, S3DeleteMarker):
        if _marker_expires(rules, bucket, key, now, current):
            bucket.objects.pop(object_key=key, version_id=current.version_id)
            outcome.expired.append((bucket.name, key))
        return
    for rule in _matching(store, bucket, rules, current):
        expiration = rule.get("Expiration", {})
        due = _action_moment(expiration, current.last_modified)
        if due and now >= due and not (not versioned and current.is_locked()):
            _expire_current(store, bucket, key, current)
            outcome.expired.append((bucket.name, key))
            return
    actions = [
        (action["StorageClass"], due)
        for rule in _matching(store, bucket, rules, current)
        for action in rule.get("Transitions", [])
        if (due := _action_moment(action, current.last_modified))
        and _large_enough(bucket, rule, current, action["StorageClass"])
    ]
    _transition(bucket, current, actions, now, outcome)


def _expire_current(store: S3Store, bucket: S3Bucket, key: str, current: S3Object) -> None:
    status = bucket.versioning_status
    if status is None:
        bucket.objects.pop(key)
        _forget_tags(store, bucket, key, None)
        return
    # Expiring the current version of a versioned bucket adds a delete marker, as DELETE does.
    version_id = generate_version_id(status) or "null"
    if status == "Suspended":
        bucket.objects.pop(object_key=key, version_id="null")
    bucket.objects.set(key, S3DeleteMarker(key=key, version_id=version_id))


def _transition(
    bucket: S3Bucket,
    version: S3Object,
    actions: list[tuple[str, datetime]],
    now: datetime,
    outcome: Outcome,
) -> None:
    due = [storage_class for storage_class, moment in actions if now >= moment]
    if not due:
        return
    coldest = max(due, key=_coldness)
    if _coldness(coldest) > _coldness(version.storage_class):
        archive.forget(version)
        version.storage_class = coldest
        outcome.transitioned.append((bucket.name, version.key, coldest))


def _noncurrent_expires(
    store: S3Store,
    bucket: S3Bucket,
    rules: list[dict[str, Any]],
    version: S3Object | S3DeleteMarker,
    since: datetime,
    newer_noncurrent: int,
    now: datetime,
) -> bool:
    for rule in _matching(store, bucket, rules, version):
        expiration = rule.get("NoncurrentVersionExpiration")
        if (
            expiration
            and newer_noncurrent >= expiration.get("NewerNoncurrentVersions", 0)
            and now >= due_at(since, expiration.get("NoncurrentDays", 0))
        ):
            return True
    return False


def _marker_expires(
    rules: list[dict[str, Any]], bucket: S3Bucket, key: str, now: datetime, marker: S3DeleteMarker
) -> bool:
    """A delete marker with nothing under it goes by ExpiredObjectDeleteMarker, or by age."""
    if len(bucket.objects._store.get(key, {})) > 1:
        return False
    for rule in rules:
        if not key.startswith(_prefix(rule)) or _tags(rule):
            continue
        expiration = rule.get("Expiration", {})
        if expiration.get("ExpiredObjectDeleteMarker"):
            return True
        due = _action_moment(expiration, marker.last_modified)
        if due and now >= due:
            return True
    return False


def _aborts(rule: dict[str, Any], upload: S3Multipart, now: datetime) -> bool:
    days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    return (
        days is not None
        and upload.object.key.startswith(_prefix(rule))
        and now >= due_at(upload.initiated, days)
    )


def _action_moment(action: dict[str, Any], start: datetime) -> datetime | None:
    if date := action.get("Date"):
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    if (days := action.get("Days")) is not None:
        return due_at(start, days)
    return None


def _versions_by_key(
    bucket: S3Bucket,
) -> Iterator[tuple[str, list[S3Object | S3DeleteMarker]]]:
    if bucket.versioning_status is None:
        for s3_object in bucket.objects.values():
            yield s3_object.key, [s3_object]
        return
    for key, versions in list(bucket.objects._store.items()):
        if listed := list(versions.values()):
            yield key, listed


def _matching(
    store: S3Store,
    bucket: S3Bucket,
    rules: list[dict[str, Any]],
    version: S3Object | S3DeleteMarker,
) -> Iterator[dict[str, Any]]:
    for rule in rules:
        if not version.key.startswith(_prefix(rule)):
            continue
        wanted = _tags(rule)
        smallest, largest = _sizes(rule)
        if isinstance(version, S3DeleteMarker):
            if not wanted and smallest is None and largest is None:
                yield rule
            continue
        size = version.size or 0
        if smallest is not None and size <= smallest:
            continue
        if largest is not None and size >= largest:
            continue
        if wanted:
            tags = store.TAGS.tags.get(
                get_unique_key_id(bucket.name, version.key, version.version_id), {}
            )
            if any(tags.get(name) != value for name, value in wanted.items()):
                continue
        yield rule


def _conditions(rule: dict[str, Any]) -> dict[str, Any]:
    chosen = rule.get("Filter") or {}
    return chosen.get("And") or chosen


def _prefix(rule: dict[str, Any]) -> str:
    return _conditions(rule).get("Prefix") or rule.get("Prefix") or ""


def _tags(rule: dict[str, Any]) -> dict[str, str]:
    conditions = _conditions(rule)
    tags = conditions.get("Tags") or ([conditions["Tag"]] if conditions.get("Tag") else [])
    return {tag["Key"]: tag["Value"] for tag in tags}


def _sizes(rule: dict[str, Any]) -> tuple[int | None, int | None]:
    conditions = _conditions(rule)
    return conditions.get("ObjectSizeGreaterThan"), conditions.get("ObjectSizeLessThan")


def _large_enough(
    bucket: S3Bucket, rule: dict[str, Any], version: S3Object, storage_class: str
) -> bool:
    if _sizes(rule) != (None, None):
        return True
    varies = bucket.transition_default_minimum_object_size == "varies_by_storage_class"
    if varies and storage_class not in CLASSES_WITH_LEAST_SIZE:
        return True
    return (version.size or 0) >= LEAST_TRANSITION_BYTES


def _coldness(storage_class: str) -> int:
    return COLDNESS.index(storage_class) if storage_class in COLDNESS else 0


def _forget_tags(store: S3Store, bucket: S3Bucket, key: str, version_id: str | None) -> None:
    store.TAGS.tags.pop(get_unique_key_id(bucket.name, key, version_id), None)
