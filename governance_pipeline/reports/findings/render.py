"""The formats of findings, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from governance_pipeline.reports.findings.finding import Report
from governance_pipeline.reports.findings.junit import junit
from governance_pipeline.reports.findings.markdown import markdown
from governance_pipeline.reports.findings.sarif import sarif

FORMATS: Mapping[str, Callable[[Report], str]] = {"junit": junit, "sarif": sarif, "markdown": markdown}
