"""Links lead somewhere, pictures are there, and no page knows the machine it was written on."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, pages

NAMES = [str(page.relative_to(ROOT)) for page in pages()]
_OUTSIDE = ("http://", "https://", "mailto:")
_MACHINE = re.compile(r"(?<![\w.$}])/(?:work|home|root|Users|private|tmp/scratch|tmp/bash)\b|[A-Z]:\\")


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_and_pictures_exist(name: str) -> None:
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    for target in links(text):
        if target.startswith(_OUTSIDE):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = page.parent / path if path else page
        assert not Path(path).is_absolute(), target
        assert file.exists(), f"{name} links to {target}"
        assert file.resolve().is_relative_to(ROOT), f"{name} links out of the repository: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{name} links to {target}"


@pytest.mark.parametrize("name", NAMES)
def test_no_page_names_a_path_of_a_machine(name: str) -> None:
    assert _MACHINE.findall((ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_begins_with_one_title(name: str) -> None:
    body = re.sub(
        r"^(`{3,})[^`]*?^\1$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    titles = [line for line in body.splitlines() if re.match(r"# \S", line)]
    assert body.startswith("# ")
    assert len(titles) == 1


def test_every_page_of_the_docs_is_on_the_map() -> None:
    reached = {
        (DOCS / target.partition("#")[0]).resolve() for target in links((DOCS / "README.md").read_text())
    }
    assert [str(page.relative_to(DOCS)) for page in sorted(DOCS.rglob("*.md"))
            if page.name != "README.md" and page.resolve() not in reached] == []  # fmt: skip


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda path: path.name)
def test_a_drawing_is_well_formed_described_and_fits_dark_pages(picture: Path) -> None:
    root = ET.parse(picture).getroot()
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert root.get("viewBox")
    assert {"title", "desc", "style"} <= names
    assert "script" not in names
    assert "prefers-color-scheme: dark" in picture.read_text(encoding="utf-8")


def test_the_reader_of_links_sees_what_github_sees() -> None:
    page = '[a](b.md#c) ![p](x.svg) `[no](no.md)`\n```\n[no](no.md)\n```\n<img src="y.png" alt="">\n'
    assert links(page) == ["b.md#c", "x.svg", "y.png"]
    assert anchors("# One night\n## `a.b`, c!\n## One night\n") == {"one-night", "ab-c", "one-night-1"}
