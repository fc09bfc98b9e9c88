"""The parts for machines are what their standards say; the page and the PDF need nothing beside them."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from governance_pipeline.ledger.offline import leaf_hash, node_hash, require_included, tree_root
from governance_pipeline.reports.evidence.charts import chart
from governance_pipeline.reports.evidence.document import document
from governance_pipeline.reports.evidence.identity import file_name, token
from governance_pipeline.reports.evidence.oscal import assessment_results
from governance_pipeline.reports.evidence.page import CONTENTS, page
from governance_pipeline.reports.evidence.sealed import Tree
from governance_pipeline.reports.evidence.view import view
from governance_pipeline.testing import MODEL, NIGHT
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from tests.reports.evidence.support import keys, log, record
from tests.reviews.support import Lab

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DOCUMENTS = Path(__file__).parents[4] / "shared" / "data" / "documents"
HOSTILE = """<script>alert(1)</script>"'&{{ 7*7 }}{% x %}</style>#let x = 1 $a$ *b* \\u{0} @c <d> // e"""


def schema(name: str) -> Any:
    file = DOCUMENTS / name
    if not file.exists():
        pytest.skip(f"the official schema {name} is not in the shared documents")
    return json.loads(file.read_text())


def complaints(found: Any, validator: Draft7Validator) -> list[str]:
    return [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(found)]


def test_the_bill_of_materials_is_cyclonedx_1_6(packed: Path):
    others = [
        (f"http://cyclonedx.org/schema/{name}", Resource.from_contents(schema(f"cyclonedx/{name}")))
        for name in ("spdx.schema.json", "jsf-0.82.schema.json")
    ]
    checker = Draft7Validator(
        schema("cyclonedx/bom-1.6.schema.json"),
        registry=Registry().with_resources(others),
        format_checker=Draft7Validator.FORMAT_CHECKER,
    )
    bom = json.loads((packed / "ml-bom.cdx.json").read_text())
    assert complaints(bom, checker) == []
    assert bom["metadata"]["component"]["type"] == "machine-learning-model"
    wrong = copy.deepcopy(bom)
    wrong["metadata"]["component"]["modelCard"]["considerations"]["useCases"] = "text"
    assert complaints(wrong, checker)


def test_the_bill_of_materials_names_each_thing_once_and_only_things_that_it_has(packed: Path):
    bom = json.loads((packed / "ml-bom.cdx.json").read_text())
    refs = [bom["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in bom["components"])]
    assert len(refs) == len(set(refs))
    for one in bom["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)


def test_the_assessment_results_are_oscal(packed: Path):
    """The schema's patterns are those of ECMAScript, in which a letter is ``\\p{L}``."""
    text = json.dumps(schema("oscal/oscal_assessment-results_schema.json"))
    plain = text.replace("\\\\p{L}", "[^\\\\W\\\\d_]").replace("\\\\p{N}", "\\\\d")
    checker = Draft7Validator(without_ids(json.loads(plain), top=True))
    results = json.loads((packed / "assessment-results.oscal.json").read_text())
    assert complaints(results, checker) == []
    wrong = copy.deepcopy(results)
    wrong["assessment-results"]["results"][0]["findings"][0]["target"]["target-id"] = "9 no token"
    assert complaints(wrong, checker)


def without_ids(found: Any, *, top: bool = False) -> Any:
    """NIST gives each definition an ``$id`` that is only a fragment, which moves what it refers to."""
    if isinstance(found, dict):
        return {key: without_ids(value) for key, value in found.items() if top or key != "$id"}
    return [without_ids(one) for one in found] if isinstance(found, list) else found


def test_every_reference_of_the_assessment_results_leads_somewhere(packed: Path):
    results = json.loads((packed / "assessment-results.oscal.json").read_text())["assessment-results"]
    result = results["results"][0]
    seen = {one["uuid"] for one in result["observations"]}
    parts = {one["uuid"] for one in result["local-definitions"]["components"]}
    assert results["import-ap"]["href"].removeprefix("#") in {
        r["uuid"] for r in results["back-matter"]["resources"]
    }
    for one in result["findings"]:
        assert {related["observation-uuid"] for related in one["related-observations"]} <= seen
    assert {subject["subject-uuid"] for one in result["observations"] for subject in one["subjects"]} <= parts
    assert len(seen) == len(result["observations"])


def test_a_clause_without_enough_evidence_is_not_satisfied(lived: Lab):
    before = record(lived)
    lacking = Measurement(NIGHT, Entity.model(MODEL), "bias", Outcome.INSUFFICIENT, "Too few.", "P-8")
    after = replace(before, night=replace(before.night, measured=(lacking,)))
    found = assessment_results(after)["assessment-results"]["results"][0]["findings"]
    assert [one["target"]["status"] for one in found] == [{"state": "not-satisfied", "reason": "other"}]


def test_a_standard_tool_verifies_what_is_signed(lived: Lab, packed: Path):
    """securesystemslib is what in-toto and TUF verify with."""
    trusted = [
        SSlibKey(one.id, "ed25519", "ed25519", {"public": one.public.hex()}) for one in keys(lived).values()
    ]
    other = SSlibKey(trusted[0].keyid, "ed25519", "ed25519", {"public": "00" * 32})
    signed = [packed / "MANIFEST.dsse.json", *(packed / "permits").glob("*.json")]
    assert len(signed) == 2
    for file in signed:
        envelope = json.loads(file.read_text())
        Envelope.from_dict(copy.deepcopy(envelope)).verify(trusted, 1)
        with pytest.raises(VerificationError):
            Envelope.from_dict(copy.deepcopy(envelope)).verify([other], 1)


def test_the_check_with_a_standard_tool_runs_as_the_manual_has_it(lived: Lab, packed: Path):
    manual = Path(__file__).parents[3] / "docs" / "how-to" / "give-evidence-to-an-auditor.md"
    program = manual.read_text().partition("```python\n")[2].partition("```")[0]
    shutil.copy(log(lived).keys.public_path, packed / "keys-from-the-project.json")
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=packed, capture_output=True, text=True, check=True)
    assert len(ran.stdout.splitlines()) == 2
    (packed / "MANIFEST.dsse.json").write_text(
        (packed / "MANIFEST.dsse.json").read_text().replace("A", "B", 1)
    )
    assert subprocess.run(command, cwd=packed, capture_output=True, check=False).returncode == 1


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=40))
def test_each_proof_of_a_tree_leads_to_its_root(leaves: list[bytes]):
    hashed = [leaf_hash(leaf) for leaf in leaves]
    tree = Tree(hashed)
    assert tree.root() == tree_root(hashed)
    for index, leaf in enumerate(hashed):
        require_included(leaf, index, len(hashed), tree.proof(index), tree.root())


def test_the_proofs_are_those_of_the_standard():
    """RFC 6962, 2.1.3: the audit path of d2 in a tree of seven leaves is [d3, g, h]... by its figure."""
    leaves = [leaf_hash(bytes([n])) for n in range(7)]
    pair = [node_hash(leaves[n], leaves[n + 1]) for n in (0, 2, 4)]
    h, i, j = leaves[5], pair[0], leaves[6]
    k, l_ = node_hash(pair[0], pair[1]), node_hash(pair[2], j)
    assert Tree(leaves).proof(0) == (leaves[1], pair[1], l_)
    assert Tree(leaves).proof(3) == (leaves[2], i, l_)
    assert Tree(leaves).proof(4) == (h, j, k)
    assert Tree(leaves).proof(6) == (pair[2], k)


class Outside(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "link", "base", "form", "img"}:
            self.found.append(tag)
        for name, value in attrs:
            local = name in {"href", "src"} and str(value).startswith("#")
            if name.startswith("on") or (name in {"href", "src", "action", "style"} and not local):
                self.found.append(f"{tag} {name}={value}")


def outside(text: str) -> list[str]:
    parser = Outside()
    parser.feed(text)
    return parser.found


def test_the_page_fetches_and_runs_nothing(packed: Path):
    text = (packed / "index.html").read_text()
    assert outside(text) == []
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_in_a_browser_the_page_asks_for_nothing_keeps_nobody_out_and_fits_a_phone_and_paper(
    packed: Path, tmp_path: Path
):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto((packed / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("document.querySelectorAll('main h2').length") == len(CONTENTS)
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        page.pdf(path=tmp_path / "printed.pdf")
        browser.close()
    assert asked == [(packed / "index.html").as_uri()]
    assert (tmp_path / "printed.pdf").stat().st_size > 10_000


def hostile(found: Any) -> Any:
    """The same shape with every text made hostile, but where it is a class or an anchor of ours."""
    fixed = {"outcome", "mark", "id", "chart", "as_of_date"}
    if isinstance(found, dict):
        return {key: value if key in fixed else hostile(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [hostile(one) for one in found]
    return f"{HOSTILE}{found}" if isinstance(found, str) else found


def test_no_name_becomes_markup_in_the_page_or_the_document(lived: Lab):
    found = record(lived)
    shown = hostile(view(found))
    text = page(shown, [(HOSTILE, HOSTILE)])
    assert outside(text) == []
    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text
    assert "49" not in text.partition("alert(1)")[2][:40], "Jinja read a value"
    assert document(shown, found.as_of).startswith(b"%PDF-")


def test_a_name_in_a_chart_is_text():
    history = [
        Measurement(NIGHT, Entity.model(MODEL), "bias", Outcome.PASS, "x", "P", value=value)
        for value in (1.0, 2.0)
    ]
    assert outside(chart(history, HOSTILE)) == []
    assert "<script" not in chart(history, HOSTILE)


def test_a_chart_leaves_a_gap_where_nothing_was_measured():
    values = [1.0, 2.0, None, 3.0, 4.0]
    history = [
        Measurement(
            NIGHT + timedelta(days=n), Entity.model(MODEL), "bias", Outcome.PASS, "x", "P", value=value
        )
        for n, value in enumerate(values)
    ]
    assert chart(history, "x").count("<polyline") == 2
    assert chart(history[:1], "x") == ""


@given(st.text(min_size=1))
def test_a_file_of_a_pack_stays_in_its_folder_whatever_the_name(name: str):
    file = file_name(name)
    assert Path("/a", file).resolve().parent == Path("/a")
    assert file.isascii()
    assert token(name)[0].isalpha() or token(name)[0] == "_"


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=2, unique=True))
def test_two_names_are_two_files(names: list[str]):
    assert file_name(names[0]) != file_name(names[1])


def test_the_pdf_is_tagged_and_says_what_it_is(packed: Path):
    pdf = (packed / "evidence.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfuaid" in pdf, "it claims PDF/UA"
