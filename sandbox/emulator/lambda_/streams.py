"""Batches of streams that are split in two when the function fails (`BisectBatchOnFunctionError`).

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
Upstream's pollers retry whole batches; with this setting a bad record takes none of the others with it.
"""

from __future__ import annotations

import logging
from typing import Any

from localstack.services.lambda_.event_source_mapping.event_processor import (
    BatchFailureError,
    PartialBatchFailureError,
)
from localstack.services.lambda_.event_source_mapping.pollers.poller import get_batch_item_failures
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.utils.backoff import ExponentialBackoff

LOG = logging.getLogger(__name__)


def forwarder(original: Any) -> Any:
    """upstream's `StreamPoller.forward_events_to_target`, and the other way for mappings that bisect."""

    def forward_events_to_target(poller: Any, shard_id: str, records: Any) -> None:
        if not _bisects(getattr(poller, "esm_uuid", None)):
            original(poller, shard_id, records)
            return
        events = poller.pre_filter(poller.transform_into_events(records, shard_id))
        events = poller.post_filter(poller.filter_events(events))
        if events:
            work_off(poller, shard_id, poller.add_source_metadata(events))

    return forward_events_to_target


def work_off(poller: Any, shard_id: str, events: list[dict[str, Any]]) -> None:
    """Give events to the function until they are done or given up; failed batches are halved first.

    Halving does not count as a retry.
    """
    limit = poller.stream_parameters.get("MaximumRetryAttempts", -1)
    oldest = max(poller.stream_parameters.get("MaximumRecordAgeInSeconds", -1), 0)
    backoff = ExponentialBackoff(max_retries=limit)
    attempts = 0
    error: Any = {}
    while events and not poller._is_shutdown.is_set():
        if poller.max_retries_exceeded(attempts):
            _give_up(poller, shard_id, events, "RetryAttemptsExhausted", error, attempts)
            return
        if oldest:
            events, expired = poller.bisect_events_by_record_age(oldest, events)
            if expired:
                _give_up(poller, shard_id, expired, "RecordAgeExceeded", {}, attempts)
                continue
        if attempts:
            poller._is_shutdown.wait(backoff.next_backoff())
        try:
            poller.processor.process_events_batch(events)
            return
        except PartialBatchFailureError as failure:
            error = failure.error
            numbers = {poller.get_sequence_number(event) for event in events}
            failed = get_batch_item_failures(failure.partial_failure_payload, numbers)
            if failed:
                _, events = poller.bisect_events(min(failed, key=int), events)
        except BatchFailureError as failure:
            error = failure.error
            if len(events) > 1:
                middle = len(events) // 2
                work_off(poller, shard_id, events[:middle])
                work_off(poller, shard_id, events[middle:])
                return
        except Exception as trouble:
            LOG.warning("event source mapping %s: %s", poller.esm_uuid, trouble)
        attempts += 1


def _give_up(
    poller: Any, shard_id: str, events: Any, condition: str, error: Any, attempts: int
) -> None:
    context = poller.processor.generate_event_failure_context(
        abort_condition=condition,
        error=error,
        attempts_count=attempts,
        partner_resource_arn=poller.partner_resource_arn,
    )
    poller.send_events_to_dlq(shard_id, events, context=context)


def _bisects(uuid: str | None) -> bool:
    for regions in list(lambda_stores.values()):
        for store in list(regions.values()):
            mapping = store.event_source_mappings.get(uuid)
            if mapping is not None:
                return bool(mapping.get("BisectBatchOnFunctionError"))
    return False
