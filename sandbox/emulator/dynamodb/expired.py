"""What time to live has deleted, and when: streams name the service as the one who did it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from sandbox.emulator import clock, world

# How far a stream record's time may be from the deletion that made it.
TOLERANCE_SECONDS = 5.0

Json = dict[str, Any]

# When the sandbox deleted an item, by (account, region, table, key as JSON), machine time.
_deleted: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
_loaded: set[Path] = set()


def deleted(account: str, region: str, table: str, record: Json) -> bool:
    """Whether a stream record (its `dynamodb` part) is about an item that time to live deleted."""
    _load(_file(account, region), account, region)
    moments = _deleted.get((account, region, table, _key(record["Keys"])), ())
    created = float(record.get("ApproximateCreationDateTime", 0))
    return any(abs(created - moment) <= TOLERANCE_SECONDS for moment in moments)


def note(account: str, region: str, table: str, key: Json) -> None:
    """Remember that the item with this key is deleted now."""
    file = _file(account, region)
    _load(file, account, region)
    # The engine stamps its records with the machine's time.
    moment = clock.time() - clock.offset().total_seconds()
    _deleted[account, region, table, _key(key)].append(moment)
    with file.open("a") as output:
        output.write(json.dumps([table, _key(key), moment]) + "\n")


def _load(file: Path, account: str, region: str) -> None:
    if file in _loaded:
        return
    _loaded.add(file)
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                table, key, moment = json.loads(line)
            except ValueError:
                # The last line of a process that was killed while it wrote.
                continue
            _deleted[account, region, table, key].append(moment)


def _file(account: str, region: str) -> Path:
    return world.directory("dynamodb") / f"{account}-{region}.expired.jsonl"


def _key(key: Json) -> str:
    return json.dumps(key, sort_keys=True)
