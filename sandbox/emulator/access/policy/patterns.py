"""Wildcards, policy variables and ARNs, as policies write them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

VARIABLE = re.compile(r"\$\{\s*([^}]*?)\s*\}")
LITERALS = {"*": "*", "?": "?", "$": "$"}
# Wildcards that a variable's value contained: they stand for themselves, so they are hidden from the
# pattern until it is compiled.
_HIDE = str.maketrans({"*": "\ue000", "?": "\ue001"})
_SHOW = str.maketrans({"\ue000": "*", "\ue001": "?"})


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = []
    for character in pattern:
        if character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        else:
            parts.append(re.escape(character.translate(_SHOW)))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether `value` fits `pattern`, in which `*` is any text and `?` any one character."""
    if pattern == "*":
        return True
    if "*" not in pattern and "?" not in pattern and "\ue000" not in pattern:
        if "\ue001" in pattern:
            pattern = pattern.translate(_SHOW)
        return pattern.lower() == value.lower() if ignore_case else pattern == value
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


def literal(text: str) -> str:
    """A substituted text as it really is, for operators that know no wildcards."""
    return text.translate(_SHOW)


def substitute(text: str, context: Mapping[str, object], version: str) -> str | None:
    """`text` with its policy variables replaced by the request's values.

    None when a variable has no value and no default: the element then matches nothing. Policies of
    version 2008-10-17 have no variables.
    """
    if "${" not in text or version != "2012-10-17":
        return text
    missing = False

    def value_of(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = found.group(1).partition(",")
        name = name.strip()
        if name in LITERALS:
            return LITERALS[name].translate(_HIDE)
        value = context.get(name.lower())
        if isinstance(value, str):
            return value.translate(_HIDE)
        if default.strip():
            return default.strip().strip("'").translate(_HIDE)
        missing = True
        return ""

    replaced = VARIABLE.sub(value_of, text)
    return None if missing else replaced


def arn_matches(pattern: str, value: str) -> bool:
    """`ArnLike`: the six parts of the ARN are compared one by one, each with wildcards."""
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    if len(wanted) != 6 or len(given) != 6:
        # `*` and `arn:aws:s3:*` end before the last part and stand for all of the rest.
        return len(wanted) < 6 and pattern.endswith("*") and matches(pattern, value)
    return all(matches(part, found) for part, found in zip(wanted, given, strict=True))
