"""Amazon S3: LocalStack's provider with objects on disk and behaviour that follows the clock."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from localstack.aws.api import CommonServiceException, RequestContext, handler
from localstack.aws.api.s3 import (
    BucketLifecycleConfiguration,
    BucketName,
    CopyObjectOutput,
    CopyObjectRequest,
    GetObjectOutput,
    GetObjectRequest,
    HeadObjectOutput,
    HeadObjectRequest,
    InvalidObjectState,
    ObjectKey,
    ObjectVersionId,
    PutBucketLifecycleConfigurationOutput,
    RestoreObjectOutput,
    RestoreRequest,
    StorageClass,
    UploadPartCopyOutput,
    UploadPartCopyRequest,
)
from localstack.services.s3.constants import DEFAULT_BUCKET_ENCRYPTION
from localstack.services.s3.exceptions import MalformedXML
from localstack.services.s3.models import S3Object, s3_stores
from localstack.services.s3.notifications import S3EventNotificationContext
from localstack.services.s3.provider import S3Provider
from localstack.services.s3.utils import extract_bucket_key_version_id_from_copy_source

from sandbox.emulator import clock, world
from sandbox.emulator.access import buckets
from sandbox.emulator.access.s3_operations import AccessOperations
from sandbox.emulator.gateway import origins
from sandbox.emulator.s3 import archive, lifecycle, lifecycle_rules, patches
from sandbox.emulator.s3.storage import FILE_ATTRIBUTE, DiskObjectStore
from sandbox.emulator.state import saver

LOG = logging.getLogger(__name__)
SWEEP_SECONDS = 30.0
LIFECYCLE_SECONDS = 10.0


class SandboxS3Provider(AccessOperations, S3Provider):
    """`s3:sandbox`: persistent objects, lifecycle rules that act, archives that must be restored."""

    def __init__(self) -> None:
        patches.follow_the_clock()
        origins.let_bucket_rules_decide()
        self.object_store = DiskObjectStore(world.directory("s3"))
        super().__init__(storage_backend=self.object_store)
        self._swept = 0.0
        self._lifecycle_lock = threading.Lock()
        saver.after_save("s3", self._sweep)

    def on_after_init(self) -> None:
        """Start LocalStack's parts, then the lifecycle rules."""
        super().on_after_init()
        clock.on_advance(self.run_lifecycle)
        threading.Thread(target=self._run_lifecycle_often, name="s3-lifecycle", daemon=True).start()

    def warm(self) -> None:
        """Build what the first request would wait for: the store with its list of regions."""
        _ = s3_stores["000000000000"]["us-east-1"].buckets

    def on_sandbox_restored(self) -> None:
        """Remove what a killed emulator left: data whose object was never saved."""
        for bucket in buckets.all_buckets():
            # Upstream asks whether a bucket has *the* default encryption, by identity.
            if bucket.encryption_rule == DEFAULT_BUCKET_ENCRYPTION:
                bucket.encryption_rule = DEFAULT_BUCKET_ENCRYPTION
        self.object_store.sweep(live_files(), age=0)

    # Archived objects -----------------------------------------------------------------------------

    @handler("GetObject", expand=False)
    def get_object(self, context: RequestContext, request: GetObjectRequest) -> GetObjectOutput:
        """Refuses an archived object that has not been restored (403 InvalidObjectState)."""
        found = self._find(context, request["Bucket"], request["Key"], request.get("VersionId"))
        if found is not None and not archive.is_readable(found):
            raise InvalidObjectState(
                "The operation is not valid for the object's storage class",
                StorageClass=found.storage_class,
            )
        return super().get_object(context, request)

    @handler("HeadObject", expand=False)
    def head_object(self, context: RequestContext, request: HeadObjectRequest) -> HeadObjectOutput:
        """Carries the present `x-amz-restore`."""
        self._find(context, request["Bucket"], request["Key"], request.get("VersionId"))
        return super().head_object(context, request)

    @handler("CopyObject", expand=False)
    def copy_object(self, context: RequestContext, request: CopyObjectRequest) -> CopyObjectOutput:
        """Refuses an archived source that has not been restored; an old version may be copied onto its key.

        Upstream takes the latter, S3's way of bringing a version back, for a copy that changes nothing.
        """
        self._require_readable_source(context, request["CopySource"])
        bucket, key, version_id = extract_bucket_key_version_id_from_copy_source(
            request["CopySource"]
        )
        if (bucket, key) == (request["Bucket"], request["Key"]) and version_id:
            source = self._find(context, bucket, key, version_id)
            if source is not None and not source.is_current and not request.get("StorageClass"):
                request["StorageClass"] = StorageClass.STANDARD
        return super().copy_object(context, request)

    @handler("UploadPartCopy", expand=False)
    def upload_part_copy(
        self, context: RequestContext, request: UploadPartCopyRequest
    ) -> UploadPartCopyOutput:
        """Refuses an archived source that has not been restored."""
        self._require_readable_source(context, request["CopySource"])
        return super().upload_part_copy(context, request)

    def restore_object(
        self,
        context: RequestContext,
        bucket: BucketName,
        key: ObjectKey,
        version_id: ObjectVersionId | None = None,
        restore_request: RestoreRequest | None = None,
        **kwargs,
    ) -> RestoreObjectOutput:
        """Start a retrieval that takes its time on the sandbox clock; 202 first, 200 for a new expiry.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
        """
        _store, s3_bucket = self._get_cross_account_bucket(context, bucket)
        s3_object = s3_bucket.get_object(key=key, version_id=version_id, http_method="POST")
        archive.settle(s3_object)
        if not archive.is_archived(s3_object):
            raise InvalidObjectState(
                "Restore is not allowed for the object's current storage class",
                StorageClass=s3_object.storage_class,
            )
        wanted = restore_request or {}
        days = wanted.get("Days")
        if not days or days < 1:
            raise MalformedXML()
        tier = (wanted.get("GlacierJobParameters") or {}).get("Tier") or wanted.get("Tier")
        tier = tier or "Standard"
        if tier not in archive.RETRIEVAL[s3_object.storage_class]:
            raise CommonServiceException(
                "InvalidArgument",
                f"{tier} retrievals are not available for the {s3_object.storage_class} storage class",
            )
        before = archive.retrieval(s3_object)
        if before and not archive.is_readable(s3_object):
            raise CommonServiceException(
                "RestoreAlreadyInProgress", "Object restore is already in progress", 409
            )
        archive.request(s3_object, tier, days)
        self._notify(
            context,
            s3_bucket=s3_bucket,
            s3_notif_ctx=S3EventNotificationContext.from_request_context_native(
                context, s3_bucket=s3_bucket, s3_object=s3_object
            ),
        )
        return RestoreObjectOutput(StatusCode=200 if before else 202)

    # Lifecycle ------------------------------------------------------------------------------------

    def put_bucket_lifecycle_configuration(
        self,
        context: RequestContext,
        bucket: BucketName,
        checksum_algorithm=None,
        lifecycle_configuration: BucketLifecycleConfiguration | None = None,
        **kwargs,
    ) -> PutBucketLifecycleConfigurationOutput:
        """Refuses what S3 refuses, fills in rule ids."""
        self._get_cross_account_bucket(context, bucket)
        completed = lifecycle_rules.complete(lifecycle_configuration)
        lifecycle_rules.validate(completed)
        return super().put_bucket_lifecycle_configuration(
            context, bucket, checksum_algorithm, completed, **kwargs
        )

    def run_lifecycle(self) -> None:
        """Apply every bucket's rules as of now."""
        with self._lifecycle_lock:
            for bucket in buckets.all_buckets():
                store = s3_stores[bucket.bucket_account_id][bucket.bucket_region]
                try:
                    outcome = lifecycle.run(store, bucket, clock.now())
                except Exception:
                    LOG.exception("lifecycle of bucket %s", bucket.name)
                    continue
                if outcome:
                    LOG.info("lifecycle of bucket %s: %s", bucket.name, outcome)
                    self._expiration_cache[bucket.name].clear()
                    saver.mark("s3")

    def _run_lifecycle_often(self) -> None:
        while True:
            time.sleep(LIFECYCLE_SECONDS)
            self.run_lifecycle()

    # ----------------------------------------------------------------------------------------------

    def _find(
        self, context: RequestContext, bucket: str, key: str, version_id: str | None
    ) -> S3Object | None:
        """The object with its restore state up to date; None when upstream shall word the error."""
        try:
            _store, s3_bucket = self._get_cross_account_bucket(context, bucket)
            found = s3_bucket.get_object(key=key, version_id=version_id)
        except Exception:
            return None
        archive.settle(found)
        return found

    def _require_readable_source(self, context: RequestContext, source: str) -> None:
        bucket, key, version_id = extract_bucket_key_version_id_from_copy_source(source)
        found = self._find(context, bucket, key, version_id)
        if found is not None and not archive.is_readable(found):
            raise CommonServiceException(
                "ObjectNotInActiveTierError",
                "The source object of the COPY action is not in the active tier and is only stored in "
                "Amazon S3 Glacier.",
                403,
            )

    def _sweep(self) -> None:
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            self.object_store.sweep(live_files())


def live_files() -> Iterator[str]:
    """The names of all data files that an object, a version or a part of an upload refers to."""
    for bucket in buckets.all_buckets():
        for s3_object in bucket.objects.values(with_versions=True):
            if name := getattr(s3_object, FILE_ATTRIBUTE, None):
                yield name
        for upload in list(bucket.multiparts.values()):
            for part in [upload.object, *list(upload.parts.values())]:
                if name := getattr(part, FILE_ATTRIBUTE, None):
                    yield name
