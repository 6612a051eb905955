"""What an expression is made of, and reading the parts that all kinds of expressions share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.emulator.dynamodb.expressions.tokens import Token, TokenStream


@dataclass(frozen=True)
class Path:
    """A document path, `a.#b[2]`: attribute names, placeholders and indexes in order."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True)
class Value:
    """A placeholder of a value, `:v`."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function with its operands."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Operation:
    """An operator with what it works on: `=`, `AND`, `BETWEEN`, `+`..."""

    operator: str
    operands: tuple[Operand, ...]
    redundant: bool = field(default=False)


Operand = Path | Value | Call | Operation


def read_path(stream: TokenStream) -> Path:
    """Read a document path."""
    parts: list[str | int] = [_read_name(stream)]
    while True:
        if stream.next.is_sign("."):
            stream.take()
            parts.append(_read_name(stream))
        elif stream.next.is_sign("["):
            stream.take()
            if stream.next.kind != "number":
                raise stream.syntax_error()
            parts.append(int(stream.take().text))
            stream.take_sign("]")
        else:
            return Path(tuple(parts))


def walk(node: Operand) -> Iterator[Operand]:
    """The node and everything below it, in the order of the text."""
    yield node
    if isinstance(node, Call | Operation):
        for operand in node.operands:
            yield from walk(operand)


def starts_path(token: Token) -> bool:
    """Whether a path can begin with this word."""
    return token.kind in ("word", "name")


def _read_name(stream: TokenStream) -> str:
    if not starts_path(stream.next):
        raise stream.syntax_error()
    return stream.take().text
