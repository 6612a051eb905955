"""`make bench`: one run over everything, printed as a table with the method under it.

`make bench ARGS="--only s3,dynamodb"` measures parts; `--json FILE` writes the figures, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import apigateway, cognito, dynamodb, labs, lambda_, s3, start
from benchmarks.measure import Figure

GROUPS = {
    "start": start.run,
    "s3": s3.run,
    "dynamodb": dynamodb.run,
    "lambda": lambda_.run,
    "apigateway": apigateway.run,
    "cognito": cognito.run,
    "labs": labs.run,
}
METHOD = """\
Method: embedded sandbox on this machine, ephemeral worlds unless the row says otherwise, client and
emulator share the processors. Latencies are medians of single calls of one boto3 client (10th to 90th
percentile beside them) after three calls for warming up; rates are calls per second of threads, each with its
own connection, over some seconds. Website requests are made with http.client over one connection each.
Memory is the resident set of the emulator process."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default=",".join(GROUPS), help="groups: " + ", ".join(GROUPS))
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each rate")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    out = Console(highlight=False)
    load = os.getloadavg()[0]
    out.print(
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, load {load:.1f} at the start"
    )
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="sandbox-bench-") as home:
        for group in arguments.only.split(","):
            with out.status(f"measuring {group}"):
                figures += GROUPS[group.strip()](Path(home), arguments.seconds)
    out.print(table(figures))
    out.print(METHOD, style="dim")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(f) for f in figures], indent=2))


def table(figures: list[Figure]) -> Table:
    """The figures, grouped."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
    for column in ("", "What", "Median", "10 % - 90 %", "Runs"):
        shown.add_column(column, justify="right" if column in ("Median", "Runs") else "left")
    last = ""
    for figure in figures:
        between = (
            "" if figure.low is None else f"{_number(figure.low)} - {_number(figure.high or 0)}"
        )
        name = f"{figure.name}  [dim]{figure.note}[/]" if figure.note else figure.name
        shown.add_row(
            figure.group if figure.group != last else "",
            name,
            f"{_number(figure.value)} {figure.unit}",
            between,
            str(figure.runs),
        )
        last = figure.group
    return shown


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    main()
