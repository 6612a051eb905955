"""Condition, filter and key condition expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
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

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
KEYWORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")


def read(source: str) -> Operand:
    """Read a whole expression; raises ExpressionError for a syntax error."""
    stream = TokenStream(source)
    found = _read_or(stream)
    if stream.next.kind != "end":
        raise stream.syntax_error()
    return found


def _read_or(stream: TokenStream) -> Operand:
    found = _read_and(stream)
    while stream.next.is_word("OR"):
        stream.take()
        found = Operation("OR", (found, _read_and(stream)))
    return found


def _read_and(stream: TokenStream) -> Operand:
    found = _read_not(stream)
    while stream.next.is_word("AND"):
        stream.take()
        found = Operation("AND", (found, _read_not(stream)))
    return found


def _read_not(stream: TokenStream) -> Operand:
    if stream.next.is_word("NOT"):
        stream.take()
        return Operation("NOT", (_read_not(stream),))
    return _read_condition(stream)


def _read_condition(stream: TokenStream) -> Operand:
    if stream.next.is_sign("("):
        return _read_parentheses(stream)
    operand = _read_operand(stream)
    token = stream.next
    if token.is_sign(*COMPARATORS):
        stream.take()
        return Operation(token.text, (operand, _read_operand(stream)))
    if token.is_word("BETWEEN"):
        stream.take()
        low = _read_operand(stream)
        if not stream.next.is_word("AND"):
            raise stream.syntax_error()
        stream.take()
        return Operation("BETWEEN", (operand, low, _read_operand(stream)))
    if token.is_word("IN"):
        stream.take()
        stream.take_sign("(")
        return Operation("IN", (operand, *_read_list(stream)))
    if isinstance(operand, Call):
        return operand
    raise stream.syntax_error()


def _read_parentheses(stream: TokenStream) -> Operand:
    stream.take()
    doubled = stream.next.is_sign("(")
    token = stream.next
    if (starts_path(token) or token.kind == "value") and stream.peek(1).is_sign(")"):
        # `(a) = :v`: rare, and the engine reads it.
        raise Unsure
    inner = _read_or(stream)
    stream.take_sign(")")
    if stream.next.is_sign(*COMPARATORS) or stream.next.is_word("BETWEEN", "IN"):
        raise Unsure
    if doubled and isinstance(inner, Operation) and inner.redundant:
        raise ExpressionError("The expression has redundant parentheses;")
    if isinstance(inner, Operation):
        return Operation(inner.operator, inner.operands, redundant=True)
    return inner


def _read_operand(stream: TokenStream) -> Operand:
    token = stream.next
    if token.kind == "value":
        stream.take()
        return Value(token.text)
    if token.is_sign("("):
        raise Unsure
    if not starts_path(token) or token.is_word(*KEYWORDS):
        raise stream.syntax_error()
    if token.kind == "word" and stream.peek(1).is_sign("("):
        stream.take()
        stream.take()
        return Call(token.text, _read_list(stream))
    return read_path(stream)


def _read_list(stream: TokenStream) -> tuple[Operand, ...]:
    found = [_read_operand(stream)]
    while stream.next.is_sign(","):
        stream.take()
        found.append(_read_operand(stream))
    stream.take_sign(")")
    return tuple(found)
