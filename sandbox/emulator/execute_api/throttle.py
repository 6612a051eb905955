"""Token buckets: so many requests a second on average, so many at once.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable


class _Bucket:
    __slots__ = ("burst", "rate", "stamp", "tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.stamp = time.monotonic()


_buckets: dict[Hashable, _Bucket] = {}
_lock = threading.Lock()


def take(key: Hashable, rate: float, burst: float) -> bool:
    """Whether one more request fits; `rate` in requests a second of machine time.

    A rate or burst of 0 lets nothing through. Changed limits count at once.
    """
    if rate <= 0 or burst <= 0:
        return False
    with _lock:
        bucket = _buckets.get(key)
        if bucket is None or bucket.rate != rate or bucket.burst != burst:
            bucket = _buckets[key] = _Bucket(rate, burst)
        now = time.monotonic()
        bucket.tokens = min(bucket.burst, bucket.tokens + (now - bucket.stamp) * bucket.rate)
        bucket.stamp = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
