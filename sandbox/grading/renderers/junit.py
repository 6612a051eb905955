"""JUnit XML, which CI systems and IDEs read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from sandbox.grading.renderers import words
from sandbox.grading.result import Result

# XML 1.0 has no way to write these characters.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: Result) -> str:
    """One test case per check: failures, errors and skips as JUnit has them."""
    counts = {
        "failures": sum(one.status == "fail" for one in result.checks),
        "errors": sum(one.status == "error" for one in result.checks) + (not result.checks),
        "skipped": sum(one.status == "skip" for one in result.checks),
    }
    suite = ET.Element("testsuite")
    facts = dict(
        name=f"lab-{result.lab.id:02d}",
        tests=str(max(1, len(result.checks))),
        time=f"{result.duration_s:.3f}",
        timestamp=result.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
        **{name: str(count) for name, count in counts.items()},
    )
    for fact, said in facts.items():
        suite.set(fact, said)
    properties = ET.SubElement(suite, "properties")
    for name, value in (("score", result.score), ("max_score", result.max_score)):
        ET.SubElement(
            properties, "property", name=name, value="" if value is None else f"{value:g}"
        )
    for one in result.checks:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"lab-{result.lab.id:02d}.{one.step or 'checks'}",
            name=_clean(one.title),
            time=f"{one.duration_s:.3f}",
        )
        if one.status == "skip":
            ET.SubElement(case, "skipped", message=_clean(words.waits_for(result, one)))
        elif one.status in ("fail", "error"):
            tag = "failure" if one.status == "fail" else "error"
            found = ET.SubElement(case, tag, message=_clean(one.rationale or ""))
            found.text = _clean("\n".join(words.details(one)))
    if not result.checks:
        case = ET.SubElement(suite, "testcase", classname=suite.attrib["name"], name="grading")
        ET.SubElement(case, "error", message=_clean(result.message or "Nothing was scored."))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, "unicode") + "\n"


def _clean(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
