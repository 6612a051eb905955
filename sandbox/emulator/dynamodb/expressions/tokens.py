"""Words of an expression, and the error that names one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORD = re.compile(
    r"\s*(?:(?P<value>:[A-Za-z0-9_]+)|(?P<name>#[A-Za-z0-9_]+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9]+)|(?P<sign><=|>=|<>|[=<>(),.\[\]+\-])|(?P<other>\S))"
)
END = "<EOF>"


class ExpressionError(Exception):
    """What is wrong with an expression, without the `Invalid ...Expression: ` in front."""


class Unsure(Exception):
    """The expression may be right in a way these checks do not know; the engine decides."""


@dataclass(frozen=True)
class Token:
    """One word: its kind (`value`, `name`, `word`, `number`, `sign`, `other`, `end`) and place."""

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the keywords, in any case."""
        return self.kind == "word" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether this is one of the signs."""
        return self.kind == "sign" and self.text in signs


class TokenStream:
    """The words of an expression, read one after the other."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = []
        for found in WORD.finditer(source):
            kind = found.lastgroup or "other"
            self._tokens.append(Token(kind, found[kind], *found.span(kind)))
        self._position = 0

    @property
    def next(self) -> Token:
        """The word that comes next, without taking it."""
        return self.peek(0)

    def peek(self, ahead: int) -> Token:
        """The word `ahead` places further."""
        position = self._position + ahead
        if position < len(self._tokens):
            return self._tokens[position]
        return Token("end", END, len(self._source), len(self._source))

    def take(self) -> Token:
        """The next word; the stream moves on."""
        token = self.next
        self._position += 1
        return token

    def take_sign(self, sign: str) -> Token:
        """Take `sign` or raise AWS's syntax error."""
        if not self.next.is_sign(sign):
            raise self.syntax_error()
        return self.take()

    def syntax_error(self) -> ExpressionError:
        """The error about the next word, shown with its neighbours."""
        token = self.next
        first = self._tokens[self._position - 1] if self._position else token
        last = self.peek(1) if token.kind != "end" else token
        near = self._source[first.start : last.end].strip()
        return ExpressionError(f'Syntax error; token: "{token.text}", near: "{near}"')


@cache
def reserved_words() -> frozenset[str]:
    """The words that cannot be attribute names in an expression, in capitals.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
    """
    file = Path(__file__).with_name("reserved_words.txt")
    return frozenset(file.read_text().split())
