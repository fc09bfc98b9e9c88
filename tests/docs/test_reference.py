"""The reference follows the code."""

from __future__ import annotations

import json
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from governance_pipeline.charter.contract import DatasetKind, LawfulBasis
from governance_pipeline.charter.odcs_terms import ColumnTerms, DatasetTerms
from governance_pipeline.indicators.registry import INDICATORS
from governance_pipeline.vocabulary.outcome import Outcome
from tests.docs.pages import DOCS

REFERENCE = DOCS / "reference"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_generated_parts_are_those_that_the_code_makes_now(generate: ModuleType) -> None:
    assert generate.stale_files(write=False) == [], "run python docs/generate.py"


def test_every_generated_part_stands_on_a_page(generate: ModuleType) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert set(re.findall(r"<!-- generated: ([a-z-]+) -->", text)) == set(generate.parts())


def test_a_changed_part_is_renewed_and_the_words_around_it_are_kept(generate: ModuleType) -> None:
    page = "before\n<!-- generated: x -->\nold\n<!-- end -->\nafter\n"
    fresh = generate.renewed(page, {"x": lambda: "new"})
    assert fresh == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end -->\nafter\n"
    assert generate.renewed(fresh, {"x": lambda: "new"}) == fresh
    with pytest.raises(KeyError):
        generate.renewed(page, {})


def test_every_key_of_the_exported_schemas_is_on_the_page_of_files() -> None:
    text = (REFERENCE / "files.md").read_text(encoding="utf-8")
    for schema in (DOCS / "schema").glob("*.json"):
        content = json.loads(schema.read_text(encoding="utf-8"))
        parts = [content, *content.get("$defs", {}).values()]
        for name in {key for part in parts for key in part.get("properties", {})}:
            assert f"`{name}`" in text, f"{name} of {schema.name}"


def test_every_indicator_outcome_and_custom_property_is_explained() -> None:
    def says(page: str, words: list[str]) -> None:
        text = (REFERENCE / page).read_text(encoding="utf-8")
        assert [word for word in words if f"`{word}`" not in text] == []

    indicators = (REFERENCE / "indicators.md").read_text(encoding="utf-8")
    assert [one.name for one in INDICATORS if f"\n## {one.name}\n" not in indicators] == []
    says("outcomes-and-exit-codes.md", [str(outcome) for outcome in Outcome])
    says("contract.md", [*DatasetTerms.model_fields, *ColumnTerms.model_fields, *DatasetKind, *LawfulBasis])


def test_every_error_has_its_code_and_exit_code_on_the_page_of_outcomes() -> None:
    from governance_pipeline.errors import GovernanceError

    def tree(cls: type[GovernanceError]) -> list[type[GovernanceError]]:
        below = [found for child in cls.__subclasses__() for found in tree(child)]
        return [cls, *below]

    text = (REFERENCE / "outcomes-and-exit-codes.md").read_text(encoding="utf-8")
    ours = [error for error in tree(GovernanceError) if error.__module__ == "governance_pipeline.errors"]
    assert ours
    for error in ours[1:]:
        assert f"| `{error.code}` | {error.exit_code} |" in text, error
