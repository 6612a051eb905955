"""The `sandbox` command: one module per group of verbs, each with a `register(app)`.

No logic stands here; the verbs call `sandbox.stack`, `sandbox.labs` and `sandbox.grading`.
"""

from __future__ import annotations

import importlib
import sys

import typer

# In the order of the help.
GROUPS = (
    "lab",
    "check",
    "watch",
    "hint",
    "reset",
    "solution",
    "demo",
    "submit",
    "grade",
    "report",
    "progress",
    "authoring",
    "stack",
    "clock",
    "events",
    "mail",
)

EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_USAGE, EXIT_SANDBOX = 0, 1, 2, 3

app = typer.Typer(
    name="sandbox",
    help="AWS labs on your own machine: start a lab, work in it, check it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group in GROUPS:
    importlib.import_module(f"sandbox.cli.{_group}").register(app)


def main() -> None:
    """Run the command; what went wrong is one plain line and an exit code, never a traceback."""
    from sandbox.stack.errors import StackError

    try:
        app()
    except StackError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        sys.exit(EXIT_SANDBOX)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
