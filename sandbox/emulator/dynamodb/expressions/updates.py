"""Update and projection expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from sandbox.emulator.dynamodb.expressions.nodes import (
    Call,
    Operand,
    Operation,
    Value,
    read_path,
    starts_path,
)
from sandbox.emulator.dynamodb.expressions.tokens import ExpressionError, TokenStream, Unsure

CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


def read(source: str) -> Operand:
    """Read a whole update expression; raises ExpressionError for a syntax error."""
    stream = TokenStream(source)
    seen: set[str] = set()
    actions: list[Operand] = []
    while True:
        token = stream.next
        if not token.is_word(*CLAUSES):
            raise stream.syntax_error()
        clause = stream.take().text.upper()
        if clause in seen:
            raise ExpressionError(
                f'The "{clause}" section can only be used once in an update expression;'
            )
        seen.add(clause)
        actions.append(_read_action(stream, clause))
        while stream.next.is_sign(","):
            stream.take()
            actions.append(_read_action(stream, clause))
        if stream.next.kind == "end":
            return Operation("UPDATE", tuple(actions))


def read_projection(source: str) -> Operand:
    """Read a projection expression: paths with commas between them."""
    stream = TokenStream(source)
    found: list[Operand] = [read_path(stream)]
    while stream.next.is_sign(","):
        stream.take()
        found.append(read_path(stream))
    if stream.next.kind != "end":
        raise stream.syntax_error()
    return Operation("PROJECTION", tuple(found))


def _read_action(stream: TokenStream, clause: str) -> Operand:
    path = read_path(stream)
    if clause == "REMOVE":
        return Operation(clause, (path,))
    if clause == "SET":
        stream.take_sign("=")
        return Operation(clause, (path, _read_sum(stream)))
    if stream.next.kind != "value":
        raise stream.syntax_error()
    return Operation(clause, (path, Value(stream.take().text)))


def _read_sum(stream: TokenStream) -> Operand:
    left = _read_operand(stream)
    if stream.next.is_sign("+", "-"):
        return Operation(stream.take().text, (left, _read_operand(stream)))
    return left


def _read_operand(stream: TokenStream) -> Operand:
    token = stream.next
    if token.kind == "value":
        return Value(stream.take().text)
    if token.is_sign("("):
        raise Unsure
    if not starts_path(token):
        raise stream.syntax_error()
    if token.kind == "word" and stream.peek(1).is_sign("("):
        stream.take()
        stream.take()
        operands = [_read_operand(stream)]
        while stream.next.is_sign(","):
            stream.take()
            operands.append(_read_operand(stream))
        stream.take_sign(")")
        return Call(token.text, tuple(operands))
    return read_path(stream)
