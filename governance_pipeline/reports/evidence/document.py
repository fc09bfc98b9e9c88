"""The page as PDF, with Typst: one wheel with its fonts, no system package, and the same bytes every time.

It is tagged for screen readers (PDF/UA-1, ISO 14289-1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.reports.evidence.page import TEMPLATES


def document(shown: Mapping[str, Any], as_of: datetime) -> bytes:
    """``evidence.pdf``.

    Args:
        shown: see :func:`~governance_pipeline.reports.evidence.view.view`.
        as_of: what the document says about when it was made.

    Raises:
        CannotEvaluate: it could not be laid out.
    """
    import typst

    source = (TEMPLATES / "document.typ").read_bytes()
    try:
        made = typst.compile(
            source,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"view": json.dumps(shown, ensure_ascii=False)},
            timestamp=int(as_of.timestamp()),
            pdf_standards="ua-1",
        )
    except RuntimeError as error:
        raise CannotEvaluate(f"the PDF could not be laid out: {error}", hint="report it to us") from error
    assert isinstance(made, bytes)
    return made
