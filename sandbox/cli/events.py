"""The world's recent requests on the command line: who, what, and why it was refused."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Annotated, Any

import typer

PAUSE_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add `sandbox events`."""
    app.command()(events)


def events(
    denied: Annotated[
        bool, typer.Option("--denied", help="Only requests that were refused.")
    ] = False,
    service: Annotated[
        str | None, typer.Option("--service", help="Only one service: s3, dynamodb, iam...")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, newest last.")
    ] = 30,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing new ones until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line instead of a table.")
    ] = False,
) -> None:
    """Recent requests: time, caller, action, resource, answer, and the rule that decided."""
    from sandbox.stack import current

    query: dict[str, Any] = {"denied": 1 if denied else None, "service": service}
    found = current.get("/events", limit=limit, **query)
    _show(found["events"], as_json, first=True, denied=denied)
    last = found["last"]
    while follow:
        time.sleep(PAUSE_SECONDS)
        found = current.get("/events", limit=1000, after=last, **query)
        if found["events"]:
            _show(found["events"], as_json, first=False, denied=denied)
        last = max(last, found["last"])


def _show(found: list[dict], as_json: bool, *, first: bool, denied: bool) -> None:
    if as_json:
        for event in found:
            print(json.dumps(event), flush=True)
        return
    from rich.console import Console

    console = Console()
    if first and not found:
        what = "refused request" if denied else "request"
        console.print(f"No {what} has been recorded in this world yet.")
        return
    console.print(_table(found, header=first, width=console.width))


def _table(found: list[dict], *, header: bool, width: int) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=header, expand=True, pad_edge=False)
    table.add_column("Time", no_wrap=True, style="dim", width=8)
    table.add_column("Caller", ratio=2, overflow="fold")
    table.add_column("Action", ratio=4, overflow="fold", style="bold")
    table.add_column("Resource", ratio=3, overflow="fold")
    table.add_column("Answer", width=21 if width >= 110 else 12, overflow="fold")
    table.add_column("Decided by", ratio=4, overflow="fold")
    for event in found:
        table.add_row(*_cells(event))
    return table


def _cells(event: dict) -> tuple:
    from rich.text import Text

    moment = datetime.fromisoformat(event["time"])
    failed = event["status"] >= 400
    refused = event["outcome"] in ("explicitDeny", "implicitDeny")
    style = "red" if refused or event["status"] in (401, 403) else "yellow" if failed else "green"
    answer = f"{event['status']} {event['error_code'] or ''}".strip()
    # Where the caller was allowed and the request failed all the same, the service's words say why.
    rule = event["rule"] or ""
    if failed and event["outcome"] in ("allowed", None) and event["error_message"]:
        rule = event["error_message"]
    return (
        moment.strftime("%H:%M:%S"),
        Text(caller_name(event)),
        Text(event["action"]),
        Text(event["resource"].removeprefix("arn:aws:s3:::") or "-"),
        Text(answer, style=style),
        Text(rule, style="red" if refused else ""),
    )


def caller_name(event: dict) -> str:
    """A caller in a word or two: `root`, `alice`, `role deploy/session`, `visitor`."""
    kind, arn = event["caller_type"], event["caller"]
    if kind == "AWSAccount":
        return "unproven" if (event["rule"] or "").startswith("the caller could not") else "visitor"
    if kind == "Root":
        return "root" if event["account"] == "000000000000" else f"root of {event['account']}"
    name = arn.split(":", 5)[-1]
    if kind == "AssumedRole":
        return name.replace("assumed-role/", "role ")
    return name.removeprefix("user/").removeprefix("federated-user/")
