"""What makes an expression wrong beyond its syntax: names, values, functions, operand types."""

from __future__ import annotations

from typing import Any

from sandbox.emulator.dynamodb.errors import invalid
from sandbox.emulator.dynamodb.expressions import conditions, updates
from sandbox.emulator.dynamodb.expressions.nodes import Call, Operand, Operation, Path, Value, walk
from sandbox.emulator.dynamodb.expressions.tokens import ExpressionError, Unsure, reserved_words

READERS = {
    "ConditionExpression": conditions.read,
    "FilterExpression": conditions.read,
    "KeyConditionExpression": conditions.read,
    "UpdateExpression": updates.read,
    "ProjectionExpression": updates.read_projection,
}
# How many operands a function takes.
CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
OPERAND_FUNCTIONS = {"size": 1}
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
PATH_FUNCTIONS = ("attribute_exists", "attribute_not_exists", "if_not_exists")
ORDERED = ("S", "N", "B")
TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")

Values = dict[str, Any]


def check(kind: str, source: Any, names: dict[str, str], values: Values) -> Operand | None:
    """Raise a ValidationException for what is wrong with the expression `source`.

    `kind` is the request's member, such as `ConditionExpression`. Returns what was read, or None where
    the engine has to decide.
    """
    if not isinstance(source, str):
        return None
    try:
        if not source.strip():
            raise ExpressionError("The expression can not be empty;")
        tree = READERS[kind](source)
        for node in walk(tree):
            if isinstance(node, Path):
                _check_path(node, names)
            elif isinstance(node, Value) and node.name not in values:
                raise ExpressionError(
                    "An expression attribute value used in expression is not defined; "
                    f"attribute value: {node.name}"
                )
        _check_functions(tree, kind == "UpdateExpression")
        for node in walk(tree):
            if isinstance(node, Call):
                _check_call(node, values)
            elif isinstance(node, Operation):
                _check_operation(node, values)
        if kind == "KeyConditionExpression":
            _check_key_condition(tree)
        return tree
    except ExpressionError as error:
        text = str(error)
        if not text.startswith(OWN_PREFIXES):
            text = f"Invalid {kind}: {text}"
        raise invalid(text) from None
    except (Unsure, RecursionError):
        return None


# Messages about key conditions that already say where they belong.
OWN_PREFIXES = (
    "Invalid operator used in KeyConditionExpression",
    "Invalid condition in KeyConditionExpression",
    "KeyConditionExpressions ",
    "Query key condition",
    "Conditions can be of length",
)


def attribute_names(tree: Operand, names: dict[str, str]) -> list[str]:
    """The top-level attributes that an expression mentions, in order, each once."""
    found = (names.get(str(node.parts[0]), str(node.parts[0])) for node in _paths(tree))
    return list(dict.fromkeys(found))


def _paths(tree: Operand) -> list[Path]:
    return [node for node in walk(tree) if isinstance(node, Path)]


def _check_path(path: Path, names: dict[str, str]) -> None:
    for part in path.parts:
        if not isinstance(part, str):
            continue
        if part.startswith("#"):
            if part not in names:
                raise ExpressionError(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {part}"
                )
        elif part.upper() in reserved_words():
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {part}")


def _check_functions(tree: Operand, update: bool) -> None:
    known = CONDITION_FUNCTIONS | OPERAND_FUNCTIONS | UPDATE_FUNCTIONS
    as_conditions = _condition_calls(tree)
    for node in walk(tree):
        if not isinstance(node, Call):
            continue
        name = node.function
        if name not in known:
            raise ExpressionError(f"Invalid function name; function: {name}")
        if update and name not in UPDATE_FUNCTIONS:
            raise ExpressionError(
                f"The function is not allowed in an update expression; function: {name}"
            )
        if not update and name in UPDATE_FUNCTIONS:
            raise ExpressionError(
                f"The function is not allowed in a condition expression; function: {name}"
            )
        if not update and (name in CONDITION_FUNCTIONS) != (id(node) in as_conditions):
            raise ExpressionError(
                "The function is not allowed to be used this way in an expression; "
                f"function: {name}"
            )
        if len(node.operands) != known[name]:
            raise ExpressionError(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(node.operands)}"
            )


def _condition_calls(node: Operand) -> set[int]:
    """The calls that stand where a condition stands, by identity."""
    if isinstance(node, Call):
        return {id(node)}
    if isinstance(node, Operation) and node.operator in ("AND", "OR", "NOT"):
        return set().union(*(_condition_calls(operand) for operand in node.operands))
    return set()


def _check_call(call: Call, values: Values) -> None:
    name, first = call.function, call.operands[0]
    if name in PATH_FUNCTIONS and not isinstance(first, Path):
        raise ExpressionError(
            f"Operator or function requires a document path; operator or function: {name}"
        )
    if name in ("size", "attribute_type") and isinstance(first, Value):
        # AWS accepts it; the engine does not, and would blame the values.
        raise ExpressionError(
            f"{name} of a value (and not of an attribute) is not supported by the sandbox; "
            f"attribute value: {first.name}"
        )
    if name == "begins_with":
        for operand in call.operands:
            _require_type(name, operand, values, ("S", "B"))
    if name == "list_append":
        for operand in call.operands:
            _require_type(name, operand, values, ("L",))
    if name == "attribute_type" and isinstance(call.operands[1], Value):
        _require_type(name, call.operands[1], values, ("S",))
        wanted = values[call.operands[1].name].get("S")
        if wanted not in TYPES:
            raise ExpressionError(
                f"Invalid attribute type name found; type: {wanted}, valid types: "
                f"{{{','.join(TYPES)}}}"
            )
    if (
        name in ("begins_with", "contains")
        and first == call.operands[1]
        and isinstance(first, Path)
    ):
        _refuse_same(name, first)


def _check_operation(operation: Operation, values: Values) -> None:
    operator, operands = operation.operator, operation.operands
    if operator in ("<", "<=", ">", ">=", "BETWEEN"):
        for operand in operands:
            _require_type(operator, operand, values, ORDERED)
    if (
        operator in ("=", "<>", "<", "<=", ">", ">=")
        and operands[0] == operands[1]
        and isinstance(operands[0], Path)
    ):
        _refuse_same(operator, operands[0])


def _refuse_same(operator: str, path: Path) -> None:
    shown = ", ".join(f"[{part}]" if isinstance(part, int) else part for part in path.parts)
    raise ExpressionError(
        "The first operand must be distinct from the remaining operands for this operator or "
        f"function; operator: {operator}, first operand: [{shown}]"
    )


def _require_type(
    operator: str, operand: Operand, values: Values, allowed: tuple[str, ...]
) -> None:
    if not isinstance(operand, Value):
        return
    value = values[operand.name]
    found = next(iter(value), None) if isinstance(value, dict) else None
    if found in TYPES and found not in allowed:
        raise ExpressionError(
            "Incorrect operand type for operator or function; "
            f"operator or function: {operator}, operand type: {found}"
        )


def _check_key_condition(tree: Operand) -> None:
    seen: set[Path] = set()
    for condition in conjunction(tree):
        if isinstance(condition, Operation) and condition.operator in ("OR", "NOT", "IN", "<>"):
            raise ExpressionError(
                f"Invalid operator used in KeyConditionExpression: {condition.operator}"
            )
        if isinstance(condition, Call) and condition.function != "begins_with":
            raise ExpressionError(
                f"Invalid operator used in KeyConditionExpression: {condition.function}"
            )
        if not isinstance(condition, Call | Operation):
            continue
        if any(isinstance(operand, Call) for operand in condition.operands):
            raise ExpressionError("KeyConditionExpressions cannot contain nested operations")
        paths = [operand for operand in condition.operands if isinstance(operand, Path)]
        if not paths:
            raise ExpressionError(
                "Invalid condition in KeyConditionExpression: No key attribute specified"
            )
        if len(paths) > 1:
            raise ExpressionError(
                "Invalid condition in KeyConditionExpression: "
                "Multiple attribute names used in one condition"
            )
        if len(paths[0].parts) > 1:
            raise ExpressionError(
                "KeyConditionExpressions cannot have conditions on nested attributes"
            )
        if paths[0] in seen:
            raise ExpressionError("KeyConditionExpressions must only contain one condition per key")
        seen.add(paths[0])
    if len(seen) > 2:
        raise ExpressionError("Conditions can be of length 1 or 2 only")


def conjunction(tree: Operand) -> list[Operand]:
    """The conditions that are joined by AND."""
    if isinstance(tree, Operation) and tree.operator == "AND":
        return [part for operand in tree.operands for part in conjunction(operand)]
    return [tree]
