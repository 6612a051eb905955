"""Mail and text messages that services sent, kept with the world.

Nothing leaves the machine: a message to any address or number ends here and is read with
`sandbox mail`, on the page at the endpoint, or by a check.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.emulator import clock, world

MOST_MESSAGES = 5_000
PRUNE_EVERY = 200
LONGEST_BODY = 512 * 1024
# A number of four to eight digits that stands alone; the first one of a message counts.
CODE = re.compile(r"(?<![\w.+-])\d{4,8}(?![\w-])")

Kind = Literal["email", "sms"]

_lock = threading.Lock()
_database: sqlite3.Connection | None = None
_written = 0


@dataclass(frozen=True)
class Message:
    """One message. `time` is seconds since the epoch on the sandbox clock; `code` "" without one."""

    id: int
    time: float
    kind: Kind
    service: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    code: str

    def summary(self) -> dict[str, Any]:
        """Everything but the bodies."""
        from datetime import UTC, datetime

        return {
            "id": self.id,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(),
            "kind": self.kind,
            "service": self.service,
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "code": self.code,
        }

    def as_dict(self) -> dict[str, Any]:
        """The whole message as JSON values."""
        return self.summary() | {"text": self.text, "html": self.html}


def _open() -> sqlite3.Connection:
    global _database
    if _database is None:
        path = world.directory("mail") / "mailbox.sqlite"
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA cache_size = -256")
        database.execute(
            "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, time, kind, "
            "service, sender, recipient, subject, text, html, code)"
        )
        _database = database
    return _database


def deliver(
    to: str,
    *,
    subject: str = "",
    text: str = "",
    html: str = "",
    sender: str,
    service: str,
    kind: Kind = "email",
    code: str | None = None,
) -> int:
    """Put a message into the mailbox; returns its id.

    `code` is the confirmation code in it; None looks for one in the text. A message is there, also
    after a crash of the emulator, when this returns.
    """
    global _written
    if code is None:
        found = CODE.search(text or plain(html))
        code = found[0] if found else ""
    row = (
        clock.time(),
        kind,
        service,
        sender,
        to,
        subject,
        text[:LONGEST_BODY],
        html[:LONGEST_BODY],
        code,
    )
    with _lock:
        database = _open()
        cursor = database.execute(
            "INSERT INTO message (time, kind, service, sender, recipient, subject, text, html, code) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        identity = int(cursor.lastrowid or 0)
        _written += 1
        if _written >= PRUNE_EVERY:
            _written = 0
            database.execute("DELETE FROM message WHERE id <= ?", (identity - MOST_MESSAGES,))
    return identity


def read(
    *, to: str | None = None, code_only: bool = False, after: int = 0, limit: int = 50
) -> list[Message]:
    """The newest messages, newest first; `to` compares addresses without regard to case."""
    conditions, values = ["id > ?"], [after]  # type: tuple[list[str], list[Any]]
    if to:
        conditions.append("lower(recipient) = lower(?)")
        values.append(to)
    if code_only:
        conditions.append("code != ''")
    with _lock:
        rows = (
            _open()
            .execute(
                "SELECT id, time, kind, service, sender, recipient, subject, text, html, code "
                f"FROM message WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",
                (*values, limit),
            )
            .fetchall()
        )
    return [Message(*row) for row in rows]


def find(identity: int) -> Message | None:
    """The message of that id."""
    with _lock:
        row = (
            _open()
            .execute(
                "SELECT id, time, kind, service, sender, recipient, subject, text, html, code "
                "FROM message WHERE id = ?",
                (identity,),
            )
            .fetchone()
        )
    return Message(*row) if row else None


def newest_id() -> int:
    """The id of the newest message, 0 without any."""
    with _lock:
        return int(_open().execute("SELECT COALESCE(MAX(id), 0) FROM message").fetchone()[0])


def plain(html: str) -> str:
    """The text of an HTML body, for lists and for programs."""
    from html import unescape

    text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", "", html)
    text = re.sub(r"(?i)<(br|/p|/div|/li|/h\d|/tr)\b[^>]*>", "\n", text)
    return unescape(re.sub(r"<[^>]*>", "", text)).strip()
