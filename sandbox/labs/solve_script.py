"""`solve.sh` as a lab's format writes it: steps that begin with `# step: ID  TITLE`, command by command."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEADING = re.compile(r"#\s*step:\s*(?P<id>[a-z0-9-]+)(?:\s+(?P<title>.*\S))?\s*$")


@dataclass
class Scene:
    """One command (a pipe, a loop, ...) and the comment before it."""

    comment: str
    code: str


@dataclass
class ScriptStep:
    """One step of the script; the part before the first heading has no id."""

    id: str
    title: str
    scenes: list[Scene] = field(default_factory=list)

    @property
    def has_commands(self) -> bool:
        """Whether there is anything to run."""
        return any(scene.code.strip() for scene in self.scenes)


def parse(text: str) -> list[ScriptStep]:
    """The steps of a script in its order, the preamble (`set -e`) first when there is one.

    A command goes on over lines while a quotation, a loop, a here-document or a `\\` is open. A comment
    belongs to the command after it, or stands alone before a blank line.
    """
    steps = [ScriptStep("", "")]
    lines: list[str] = []
    for line in text.splitlines():
        inside = not _complete("\n".join(lines)) and not _only_comments(lines)
        heading = None if inside else HEADING.match(line)
        if heading:
            _close(steps[-1], lines)
            steps.append(ScriptStep(heading["id"], heading["title"] or heading["id"]))
        elif inside or line.strip():
            if line.startswith("#!"):
                continue
            lines.append(line)
            if not _only_comments(lines) and _complete("\n".join(lines)):
                _close(steps[-1], lines)
        else:
            _close(steps[-1], lines)
    _close(steps[-1], lines)
    return [step for step in steps if step.id or step.scenes]


def _close(step: ScriptStep, lines: list[str]) -> None:
    comment: list[str] = []
    code = list(lines)
    lines.clear()
    while code and (code[0].startswith("#") or not code[0].strip()):
        comment.append(code.pop(0).lstrip("# ").rstrip())
    if code or any(comment):
        step.scenes.append(Scene(" ".join(filter(None, comment)), "\n".join(code)))


def _only_comments(lines: list[str]) -> bool:
    return all(line.lstrip().startswith("#") or not line.strip() for line in lines)


def _complete(code: str) -> bool:
    """Whether `code` can stand alone: no open quotation, loop, continuation or here-document."""
    if not code.strip():
        return True
    open_words, quote, document = 0, "", ""
    for line in code.split("\n"):
        if document:
            document = "" if line.strip() == document else document
            continue
        plain, quote = _without_quotes(line, quote)
        if found := re.search(r"<<-?\s*(['\"]?)(\w+)\1", line if not quote else plain):
            document = found.group(2)
        words = re.findall(r"(?<![\w-])(?:do|done|then|fi|case|esac|\{|\})(?![\w-])", plain)
        open_words += sum(word in ("do", "then", "case", "{") for word in words)
        open_words -= sum(word in ("done", "fi", "esac", "}") for word in words)
        open_words -= len(re.findall(r"(?<![\w-])elif(?![\w-])", plain))
    return not (open_words > 0 or quote or document or code.endswith("\\"))


def _without_quotes(line: str, quote: str) -> tuple[str, str]:
    """The line without quoted text and comments, and the quotation mark that stays open."""
    plain: list[str] = []
    position = 0
    while position < len(line):
        character = line[position]
        if quote:
            if character == "\\" and quote == '"':
                position += 1
            elif character == quote:
                quote = ""
        elif character == "\\":
            position += 1
        elif character in "'\"":
            quote = character
        elif character == "#" and (position == 0 or line[position - 1].isspace()):
            break
        elif line.startswith("${", position):
            end = line.find("}", position)
            position = end if end > 0 else position
        else:
            plain.append(character)
        position += 1
    return "".join(plain), quote
