"""The page of a pack: one file of HTML that needs nothing beside it, and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance_pipeline.reports.evidence.wording import opened

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
CONTENTS = (
    ("glance", "At a glance"),
    ("missing", "What is missing"),
    ("model", "The model"),
    ("accuracy", "How well it does"),
    ("ethics", "Whom it could harm"),
    ("law", "What the law asks"),
    ("data", "The data behind it"),
    ("decisions", "Decisions"),
    ("waivers", "Waivers in force"),
    ("permits", "Permits"),
    ("incidents", "Incidents"),
    ("rollback", "Rolling back"),
    ("lineage", "Where it comes from"),
    ("controls", "Which controls it supports"),
    ("check", "How to check this pack"),
)


def page(shown: Mapping[str, Any], files: Sequence[tuple[str, str]]) -> str:
    """``index.html``: everything in ``shown`` is data, and nothing in it can become markup.

    Args:
        shown: see :func:`~governance_pipeline.reports.evidence.view.view`.
        files: of the pack, each with what it is.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["picture"] = Markup  # our own SVG, in which names are escaped
    templates.filters["coded"] = _coded
    templates.filters["capitalize_first"] = opened
    told = {**shown, "model_facts": shown["facts"], "contents": CONTENTS, "files": files}
    return templates.get_template("index.html.j2").render(told)


def _coded(text: str) -> Markup:
    """Escaped, with what stands between backticks as code."""
    from markupsafe import Markup

    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else Markup("{}").format(part)
        for place, part in enumerate(parts)
    )
