"""The mailbox on the command line: what the sandbox's services sent, and the codes in it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer

MOST = 500


def register(app: typer.Typer) -> None:
    """Add `sandbox mail`."""
    app.command()(mail)


def mail(
    to: Annotated[
        str | None, typer.Option("--to", help="Only messages to this address or number.")
    ] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Print the newest confirmation code alone.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MOST, help="How many, newest first.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Mail and text messages that services sent; nothing of it left this machine.

    With --code the exit code is 1 when there is no message with a code.
    """
    from sandbox.stack import current

    query: dict[str, Any] = {"to": to, "code": 1 if code else None}
    found = current.get("/mail", limit=1 if code else limit, **query)["messages"]
    if code:
        if not found:
            whom = f" to {to}" if to else ""
            print(f"sandbox: No message{whom} with a code has arrived yet.", file=sys.stderr)
            raise typer.Exit(1)
        print(json.dumps({"code": found[0]["code"]}) if as_json else found[0]["code"])
        return
    if as_json:
        print(json.dumps(found, indent=2))
        return
    _show(found, to)


def _show(found: list[dict], to: str | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not found:
        console.print(f"No message{f' to {to}' if to else ''} has arrived in this world yet.")
        return
    for message in reversed(found):
        moment = datetime.fromisoformat(message["time"])
        title = message["subject"] or ("text message" if message["kind"] == "sms" else "mail")
        line = Text.assemble(
            (f"{moment:%Y-%m-%d %H:%M:%S}", "dim"), "  ", (message["to"], "bold"), "  ", title
        )
        console.print(line)
        for row in message["text"].strip().splitlines():
            console.print(Text(f"    {row}"))
