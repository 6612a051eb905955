"""What Lambda keeps beside upstream's store: events that wait, runtime management."""

from __future__ import annotations

from dataclasses import dataclass

from localstack.services.stores import AccountRegionBundle, BaseStore, LocalAttribute


@dataclass
class WaitingEvent:
    """An event in a function's queue. Times are seconds on the sandbox clock.

    `attempts` counts runs that failed, `throttles` refusals that do not count as such.
    """

    request_id: str
    payload: bytes
    invoked_arn: str
    version_arn: str
    qualifier: str
    trace: str
    client_context: str
    received: float
    due: float
    attempts: int = 0
    throttles: int = 0


class EventStore(BaseStore):
    """Waiting events by request id; runtime management by qualified ARN."""

    waiting: dict[str, WaitingEvent] = LocalAttribute(default=dict)
    runtime_updates: dict[str, dict[str, str | None]] = LocalAttribute(default=dict)


event_stores = AccountRegionBundle("lambda", EventStore)
