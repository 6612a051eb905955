"""What courses write for version 2 of the `aws` command, in version 1.

Version 1 is the one on PyPI. It takes binary input as it is, which version 2 does when told by
`--cli-binary-format raw-in-base64-out`, and has no pager; so these options of version 2 are accepted. `aws
logs tail`, which version 1 does not have, is here as well, and waiting is shorter. Named under `[plugins]` in the sandbox's own
configuration file; a file of the user's is never changed.
https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html
"""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from awscli.arguments import CustomArgument
from awscli.customizations.commands import BasicCommand

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
POLL_SECONDS = 1.0
WAITER_SECONDS = 1


def awscli_initialize(cli: Any) -> None:
    """The hook of `aws`."""
    cli.register("building-top-level-params", _add_options)
    cli.register("top-level-args-parsed", _check_options)
    cli.register("building-command-table.logs", _add_tail)
    _shorten_waiters()


def _shorten_waiters() -> None:
    """`botocore.waiter.Waiter.wait`: `aws ... wait` looks each second, not each half minute.

    It gives up after the same time as before.
    """
    from botocore.waiter import Waiter

    wait = Waiter.wait

    def wait_by_the_second(self: Any, **request: Any) -> None:
        wanted = request.pop("WaiterConfig", {})
        delay = wanted.get("Delay", self.config.delay)
        tries = wanted.get("MaxAttempts", self.config.max_attempts)
        if delay > WAITER_SECONDS:
            tries, delay = int(tries * delay / WAITER_SECONDS), WAITER_SECONDS
        wait(self, **request, WaiterConfig={"Delay": delay, "MaxAttempts": tries})

    Waiter.wait = wait_by_the_second  # type: ignore[method-assign]


def _add_options(argument_table: dict[str, Any], **_: Any) -> None:
    argument_table["cli-binary-format"] = CustomArgument(
        "cli-binary-format", help_text="As in version 2; input is always taken as it is."
    )
    for name in ("no-cli-pager", "no-cli-auto-prompt"):
        argument_table[name] = CustomArgument(
            name, help_text="As in version 2; without effect.", action="store_true"
        )


def _check_options(parsed_args: Any, **_: Any) -> None:
    if getattr(parsed_args, "cli_binary_format", None) not in (None, "raw-in-base64-out"):
        raise ValueError(
            "this aws takes binary input as it is: leave --cli-binary-format away, or say "
            "raw-in-base64-out"
        )


def _add_tail(command_table: dict[str, Any], session: Any, **_: Any) -> None:
    command_table["tail"] = Tail(session)


class Tail(BasicCommand):
    """`aws logs tail GROUP [--since 10m] [--follow] [--format short]`."""

    NAME = "tail"
    DESCRIPTION = "Shows a log group's events, oldest first."
    ARG_TABLE = [
        {"name": "group_name", "positional_arg": True, "help_text": "The log group."},
        {"name": "since", "default": "10m", "help_text": "From when: 30s, 10m, 2h, 1d, or a time."},
        {"name": "follow", "action": "store_true", "help_text": "Go on showing new events."},
        {
            "name": "format",
            "default": "detailed",
            "choices": ["detailed", "short", "json"],
            "help_text": "detailed names the stream, short does not, json indents JSON messages.",
        },
        {"name": "filter-pattern", "help_text": "Only events that match."},
        {"name": "log-stream-names", "nargs": "+", "help_text": "Only these streams."},
        {"name": "log-stream-name-prefix", "help_text": "Only streams that begin with this."},
    ]

    def _run_main(self, parsed_args: Any, parsed_globals: Any) -> int:
        client = self._session.create_client(
            "logs",
            region_name=parsed_globals.region,
            endpoint_url=parsed_globals.endpoint_url,
            verify=parsed_globals.verify_ssl,
        )
        request = {
            "logGroupName": parsed_args.group_name,
            "startTime": int(_since(parsed_args.since).timestamp() * 1000),
        }
        for option, member in (
            ("filter_pattern", "filterPattern"),
            ("log_stream_names", "logStreamNames"),
            ("log_stream_name_prefix", "logStreamNamePrefix"),
        ):
            if value := getattr(parsed_args, option):
                request[member] = value
        shown: set[str] = set()
        try:
            while True:
                for page in client.get_paginator("filter_log_events").paginate(**request):
                    for event in page["events"]:
                        if event["eventId"] not in shown:
                            shown.add(event["eventId"])
                            print(_line(event, parsed_args.format))
                sys.stdout.flush()
                if not parsed_args.follow:
                    return 0
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            return 130


def _since(text: str) -> datetime:
    relative = re.fullmatch(r"(\d+)([smhdw])", text)
    if relative:
        return datetime.now(UTC) - timedelta(**{UNITS[relative[2]]: int(relative[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"--since {text}: write 30s, 10m, 2h, 1d, or a time in ISO format"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(event: dict[str, Any], form: str) -> str:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    message = event["message"].rstrip("\n")
    if form == "short":
        return f"{moment:%Y-%m-%dT%H:%M:%S} {message}"
    if form == "json":
        try:
            message = json.dumps(json.loads(message), indent=4)
        except ValueError:
            pass
    return f"{moment.isoformat(timespec='milliseconds')} {event['logStreamName']} {message}"
