"""The metrics of functions in CloudWatch, `AWS/Lambda`, summed up per minute.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
CloudWatch is not loaded for their sake: what happened before it was first used is handed over then.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.emulator import clock

LOG = logging.getLogger(__name__)
PUBLISH_SECONDS = 1.0
# Minutes that are kept for a CloudWatch that nobody asks.
MOST_SUMS = 20_000

Key = tuple[str, str, str, str, int]
_sums: dict[Key, list[float]] = {}
_lock = threading.Lock()
_started = False


def invoked(identity: Any, outcome: Any) -> None:
    """Count one event that ran: Invocations, Errors and Duration."""
    _add(identity, "Invocations", 1)
    _add(identity, "Errors", 1 if outcome.is_error else 0)
    _add(identity, "Duration", outcome.duration * 1000)


def count(identity: Any, name: str) -> None:
    """Count one of anything else: Throttles, DeadLetterErrors, AsyncEventsDropped..."""
    _add(identity, name, 1)


def _add(identity: Any, name: str, value: float) -> None:
    global _started
    minute = int(clock.time()) // 60 * 60
    key = (identity.account, identity.region, identity.function_name, name, minute)
    with _lock:
        found = _sums.get(key)
        if found is None:
            if len(_sums) >= MOST_SUMS:
                _sums.pop(next(iter(_sums)))
            _sums[key] = [1, value, value, value]
        else:
            found[0] += 1
            found[1] += value
            found[2] = min(found[2], value)
            found[3] = max(found[3], value)
        if not _started:
            _started = True
            threading.Thread(target=_run, name="lambda-metrics", daemon=True).start()


def _run() -> None:
    from localstack.services.plugins import SERVICE_PLUGINS, ServiceState

    while True:
        time.sleep(PUBLISH_SECONDS)
        if not _sums or SERVICE_PLUGINS.get_state("cloudwatch") != ServiceState.RUNNING:
            continue
        try:
            _publish()
        except Exception as error:
            LOG.warning("metrics of functions could not be published: %s", error)


def _publish() -> None:
    global _sums
    with _lock:
        batch, _sums = _sums, {}
    scopes: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (account, region, function, name, minute), (number, total, least, most) in batch.items():
        statistics = {"SampleCount": number, "Sum": total, "Minimum": least, "Maximum": most}
        for dimensions in ([{"Name": "FunctionName", "Value": function}], []):
            scopes.setdefault((account, region), []).append(
                {
                    "MetricName": name,
                    "Dimensions": dimensions,
                    "Timestamp": datetime.fromtimestamp(minute, UTC),
                    "StatisticValues": statistics,
                    "Unit": "Milliseconds" if name == "Duration" else "Count",
                }
            )
    from localstack.aws.connect import connect_to

    for (account, region), data in scopes.items():
        client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        for at in range(0, len(data), 500):
            client.put_metric_data(Namespace="AWS/Lambda", MetricData=data[at : at + 500])
