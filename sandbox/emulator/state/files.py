"""State files: a line of JSON that says what follows, then the pickle, sealed with the home's key.

A pickle runs code when it is loaded, so only files that this sandbox wrote are opened: the seal is an
HMAC with a key that never leaves the state folder.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
SUFFIX = ".state"
KEY_FILE = "state.key"


class DamagedState(Exception):
    """A state file that must not be loaded; the file itself is left as it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The saved state {path} {reason}. It was kept as it is and nothing was started. "
            "Put a good copy in its place, or begin this world afresh with `make reset-N` for its lab."
        )


@dataclass(frozen=True)
class Key:
    """The secret that seals the files of one state folder."""

    secret: bytes

    @classmethod
    def of_home(cls, home: Path) -> Key:
        """Read the key of a state folder, or make it on first use (mode 0600)."""
        path = home / KEY_FILE
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            home.mkdir(parents=True, exist_ok=True)
            partial = home / f".{KEY_FILE}.{os.getpid()}"
            partial.touch(mode=0o600)
            partial.write_bytes(secrets.token_bytes(32))
            try:
                # link, not rename: of two sandboxes that start together the first one's key stays.
                os.link(partial, path)
            except FileExistsError:
                pass
            finally:
                partial.unlink()
            return cls(path.read_bytes())

    def seal(self, header: bytes, payload: bytes) -> str:
        """The HMAC-SHA256 over header and payload, in hex."""
        return hmac.new(self.secret, header + b"\n" + payload, hashlib.sha256).hexdigest()


def write(path: Path, key: Key, service: str, payload: bytes) -> None:
    """Replace the file at once: written beside it, flushed to the disk, renamed."""
    facts = json.dumps(
        {
            "sandbox_state": FORMAT,
            "service": service,
            "length": len(payload),
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
    ).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(facts + b"\n" + key.seal(facts, payload).encode() + b"\n")
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read(path: Path, key: Key) -> bytes:
    """The payload of a state file; raises DamagedState with the reason."""
    with path.open("rb") as file:
        facts, seal = file.readline(4096).rstrip(b"\n"), file.readline(128).strip()
        payload = file.read()
    try:
        described = json.loads(facts)
        version, length = described["sandbox_state"], described["length"]
    except (ValueError, KeyError, TypeError):
        raise DamagedState(path, "is not a state file of this sandbox") from None
    if version != FORMAT:
        raise DamagedState(path, f"has format {version}; this version reads format {FORMAT}")
    if len(payload) != length:
        raise DamagedState(path, f"is cut off ({len(payload)} of {length} bytes)")
    if not hmac.compare_digest(seal.decode(errors="replace"), key.seal(facts, payload)):
        raise DamagedState(path, "was changed or written by another sandbox")
    return payload
