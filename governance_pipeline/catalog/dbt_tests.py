"""Which tests of dbt a table and its columns have, and how they ended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from governance_pipeline.catalog.dbt_artifacts import Artifacts, Json, mapping, parents, said

_TESTED = re.compile(r"(?:ref|source)\(([^)]*)\)")
_BAD = ("fail", "error", "warn", "runtime error")


@dataclass
class Tests:
    """Of one table: test names by column ("" for the whole table), and how all of them ended."""

    names: dict[str, list[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """``7 (6 pass, 1 fail: not_null of amount)``."""
        count = sum(len(names) for names in self.names.values())
        outcomes = ", ".join(f"{number} {outcome}" for outcome, number in sorted(self.outcomes.items()))
        broken = f": {', '.join(sorted(self.broken))}" if self.broken else ""
        return f"{count} ({outcomes}{broken})" if outcomes else str(count)


def tests_of(artifacts: Artifacts) -> Mapping[str, Tests]:
    """The tests by the unique id of the table they are on."""
    found: dict[str, Tests] = {}
    for key, node in artifacts.nodes.items():
        if node.get("resource_type") != "test":
            continue
        about = mapping(node.get("test_metadata"))
        name = said(about.get("name")) or said(node.get("name"))
        column = said(node.get("column_name")) or said(mapping(about.get("kwargs")).get("column_name"))
        for table in _tables(node, artifacts):
            tests = found.setdefault(table, Tests())
            tests.names.setdefault(column, []).append(name)
            outcome = artifacts.statuses.get(key)
            if outcome is not None:
                tests.outcomes[outcome] += 1
            if outcome in _BAD:
                tests.broken.append(f"{name} of {column}" if column else name)
    return found


def _tables(node: Json, artifacts: Artifacts) -> list[str]:
    """The table a test is on; a test of two tables (``relationships``) is on the one it is written at, a
    singular test on all that it reads.
    """
    attached = said(node.get("attached_node"))
    read = parents(node)
    if attached or len(read) <= 1:
        return [attached] if attached else read
    model = said(mapping(mapping(node.get("test_metadata")).get("kwargs")).get("model"))
    written = _TESTED.search(model)
    if written is None:
        return read
    name = written[1].split(",")[-1].strip(" '\"")
    return [one for one in read if said(artifacts.nodes.get(one, {}).get("name")) == name] or read
