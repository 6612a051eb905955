"""What checks look at: the `lab` object that every check receives.

`Subject` is shared by all checks of a run (clients, connections, values); each check gets its own
`LabView`, which knows the check's rights and its deadline.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
import tomllib
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.grading.api import Check, Failure
from sandbox.labs.values import Values

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
LARGEST_ANSWERS = 256 * 1024


class CheckEnded(Exception):
    """The check that owns this `lab` has run out of time; it must not go on."""


class Subject:
    """One world and one working folder, with everything that checks share."""

    def __init__(
        self,
        *,
        endpoint: str,
        values: Values,
        work: Path,
        call: Callable[[str, str], Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.port = urllib.parse.urlsplit(endpoint).port or 80
        self.values = values
        self.work = work
        self._call = call
        self._environment = environment
        self._lock = threading.RLock()
        self._clients: dict[Any, Any] = {}
        self._session: Any = None
        self._http: httpx.Client | None = None
        self._answers: dict[str, Any] | Failure | None = None

    def client(self, service: str, acts: bool, **options: Any) -> Any:
        """A boto3 client, made once per service, rights and options."""
        key = (service, acts, tuple(sorted(options.items())))
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make_client(service, acts, **options)
            return self._clients[key]

    def _make_client(
        self,
        service: str,
        acts: bool,
        *,
        region: str = "us-east-1",
        access_key: str = "test",
        secret_key: str = "test",
        token: str | None = None,
        anonymous: bool = False,
        **options: Any,
    ) -> Any:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config

        from sandbox.grading import read_only

        if self._session is None:
            self._session = boto3.Session("test", "test", region_name="us-east-1")
        options.setdefault("s3", {"addressing_style": "path"})
        config = Config(
            connect_timeout=5,
            read_timeout=15,
            retries={"max_attempts": 0},
            max_pool_connections=16,
            proxies={},
            **options,
            **({"signature_version": UNSIGNED} if anonymous else {}),
        )
        made = self._session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=config,
        )
        if not acts:
            read_only.protect(made)
        return made

    @property
    def http(self) -> httpx.Client:
        """A client without credentials, proxies or cookies of the machine."""
        with self._lock:
            if self._http is None:
                from sandbox.grading.loopback import client

                self._http = client()
            return self._http

    @property
    def answers(self) -> dict[str, Any]:
        """`answers.toml`; raises the same Failure for every check when it cannot be read."""
        with self._lock:
            if self._answers is None:
                self._answers = self._read_answers()
            if isinstance(self._answers, Failure):
                raise self._answers
            return self._answers

    def _read_answers(self) -> dict[str, Any] | Failure:
        file = self.work / "answers.toml"
        if file.is_symlink() or not file.is_file():
            return Failure("There is no file answers.toml.", help=f"It belongs in {self.work}")
        try:
            if file.stat().st_size > LARGEST_ANSWERS:
                return Failure("answers.toml is too large to be read.")
            return tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            return Failure(
                f"answers.toml cannot be read: {error}",
                help='One line per answer: key = "text" or key = 12.5',
            )

    def events(self, **filters: Any) -> list[dict[str, Any]]:
        """Recent requests of the world."""
        if self._call is None:
            raise RuntimeError("this run has no way to the sandbox's events")
        wanted = {name: value for name, value in filters.items() if value is not None}
        query = urllib.parse.urlencode(wanted)
        found = self._call("GET", f"/events?{query}" if query else "/events")
        return found["events"] if isinstance(found, dict) else found

    def mailbox(self, **filters: Any) -> list[dict[str, Any]]:
        """Messages of the world's mailbox, newest first."""
        if self._call is None:
            raise RuntimeError("this run has no way to the sandbox's mailbox")
        wanted = {name: value for name, value in filters.items() if value is not None}
        query = urllib.parse.urlencode(wanted)
        return self._call("GET", f"/mail?{query}" if query else "/mail")["messages"]

    def run(self, command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        """A program with the sandbox's settings, in an empty folder."""
        environment = self._environment
        if environment is None:
            from sandbox.stack.environment import variables

            environment = os.environ | variables(self.port)
        with tempfile.TemporaryDirectory(prefix="check-") as folder:
            return subprocess.run(
                list(command),
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=timeout,
                stdin=subprocess.DEVNULL,
            )

    def warm(self, services: Sequence[str]) -> None:
        """Make what checks will ask for first; for a moment when there is nothing else to do."""
        import contextlib

        with contextlib.suppress(Exception):
            _ = self.http
            for service in services:
                self.client(service, False)

    def close(self) -> None:
        """Give connections back."""
        if self._http is not None:
            self._http.close()


class LabView:
    """The `lab` of one check."""

    def __init__(self, subject: Subject, check: Check) -> None:
        self._subject = subject
        self._check = check
        self._deadline = time.monotonic() + check.timeout
        self._ended = False

    @property
    def endpoint(self) -> str:
        """Where the emulator answers, `http://localhost:PORT`."""
        return self._subject.endpoint

    @property
    def port(self) -> int:
        """The endpoint's port."""
        return self._subject.port

    @property
    def values(self) -> Values:
        """The lab's seeded values, as attributes and items."""
        return self._subject.values

    @property
    def work(self) -> Path:
        """The student's folder."""
        return self._subject.work

    @property
    def answers(self) -> dict[str, Any]:
        """The student's `answers.toml`; a Failure where it cannot be read."""
        return self._subject.answers

    def answer(self, key: str) -> Any:
        """One answer; a Failure when it is missing or empty."""
        found = self.answers.get(key)
        if found is None or found == "":
            raise Failure(
                f"The question {key!r} is not answered yet.", help="Write it into answers.toml"
            )
        return found

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client; by default of the account's root, read-only unless the check acts."""
        self._require_time()
        return self._subject.client(service, self._check.acts, **options)

    @property
    def http(self) -> httpx.Client:
        """An HTTP client without credentials; any `*.localhost` is loopback."""
        self._require_time()
        return self._subject.http

    def object_url(self, key: str, bucket: str | None = None, version_id: str | None = None) -> str:
        """The path-style URL of an object, or of one version of it."""
        name = bucket or self.values["bucket"]
        url = f"{self.endpoint}/{name}/{urllib.parse.quote(key)}"
        return url + (f"?versionId={urllib.parse.quote(version_id)}" if version_id else "")

    def website_url(self, path: str = "/", bucket: str | None = None) -> str:
        """A URL of the bucket's website endpoint."""
        name = bucket or self.values["bucket"]
        return f"http://{name}.s3-website.us-east-1.localhost:{self.port}/{path.lstrip('/')}"

    def eventually(self, function: Callable[[], T], seconds: float = 5.0) -> T:
        """Call `function` until it raises no Failure; at the deadline its last Failure counts."""
        deadline = min(time.monotonic() + seconds, self._deadline - 0.5)
        pause = 0.02
        while True:
            try:
                return function()
            except Failure:
                if time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            self._require_time()
            pause = min(pause * 1.5, 0.5)

    def events(self, **filters: Any) -> list[dict[str, Any]]:
        """The world's recent requests, as `sandbox events --json` prints them."""
        self._require_time()
        return self._subject.events(**filters)

    def mailbox(
        self, to: str | None = None, *, after: int = 0, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Messages that services sent, newest first: `id`, `time`, `kind` (`email` or `sms`), `from`,
        `to`, `subject`, `text`, `html`, `code` ("" without one). `after` is the id of the last known one.
        """
        self._require_time()
        return self._subject.mailbox(to=to, after=after, limit=limit)

    def confirmation_code(self, to: str, *, after: int = 0, seconds: float = 5.0) -> str:
        """The newest code that was sent to an address; a Failure when none arrives in time."""

        def newest() -> str:
            found = next((m["code"] for m in self.mailbox(to, after=after) if m["code"]), None)
            if not found:
                raise Failure(
                    f"No confirmation code was sent to {to}.",
                    help="Does the pool verify email addresses (AutoVerifiedAttributes)?",
                )
            return found

        return self.eventually(newest, seconds)

    def run(self, command: Sequence[str], timeout: float = 15) -> subprocess.CompletedProcess[str]:
        """Run a program with the sandbox's settings (only where the check acts)."""
        if not self._check.acts:
            raise PermissionError("lab.run is for checks that say acts=True")
        self._require_time()
        return self._subject.run(command, min(timeout, self._deadline - time.monotonic()))

    def end(self) -> None:
        """Refuse everything from now on: the check's time is over."""
        self._ended = True

    def _require_time(self) -> None:
        if self._ended:
            raise CheckEnded(self._check.id)
