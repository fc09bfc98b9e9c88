"""Evidently's picture of a drift breach: a drill-down for people, never the source of a number.

Made from two bounded samples. It may disagree with the measurement it illustrates: the measurement
rests on all rows, an interval and the whole night's comparisons, the picture on a sample and a line.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance_pipeline.errors import CannotEvaluate

if TYPE_CHECKING:
    import pandas as pd

MINIMUM_GROUP = 11
"""Values that fewer rows hold are drawn as "rarer values" (law 5)."""

RARE = "rarer values"
LINE = 0.2
"""The index from which the picture calls a column drifted; what counts is the measurement."""

NOTE = (
    "A picture from a random sample of the rows, drawn by Evidently. It may differ from the nightly "
    "measurement, which counts all rows and allows for chance; the measurement is what counts."
)

# Markup in a value or a column's name would run in the reader's browser; these only look alike.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "&": "＆"})  # noqa: RUF001  the look-alikes are the point


def write_drift_report(
    reference: pd.DataFrame, current: pd.DataFrame, columns: tuple[str, ...], path: Path, title: str
) -> Path:
    """Write a self-contained HTML page that compares ``columns`` of two samples.

    Args:
        reference: a bounded sample of the training data.
        current: a bounded sample of the night's window.
        columns: what to draw; the caller names feature columns only, never a subject key.
        path: the page; its folder is made, and readers see the old page or the new one, no half.
        title: one line, e.g. the measurement's sentence.

    Returns:
        ``path``.

    Raises:
        CannotEvaluate: no column has values of one type in both samples.
        OSError: the page cannot be written.
    """
    drawn = [column for column in columns if _drawable(reference, current, column)]
    if not drawn:
        raise CannotEvaluate(
            f"no picture can be drawn of {', '.join(columns) or 'no columns'}: the samples hold no values "
            "of one type to compare",
            hint="read the measurement itself; it says what changed",
        )
    then, now = _prepared(reference, current, drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem[:40]}-") as folder:
        draft = Path(folder) / "report.html"
        _run(then, now).save_html(str(draft))
        draft.write_text(_titled(draft.read_text(encoding="utf-8"), title), encoding="utf-8")
        draft.replace(path)
    return path


def _drawable(reference: pd.DataFrame, current: pd.DataFrame, column: str) -> bool:
    if column not in reference or column not in current:
        return False
    then, now = reference[column].dropna(), current[column].dropna()
    return len(then) > 0 and len(now) > 0 and _is_number(then) == _is_number(now)


def _is_number(values: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values)


def _prepared(
    reference: pd.DataFrame, current: pd.DataFrame, columns: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both samples with harmless names, coarse numbers and no rare values."""
    import pandas as pd

    then, now = {}, {}
    for column in columns:
        name = column.translate(_HARMLESS)
        before, after = reference[column], current[column]
        if _is_number(before.dropna()):
            places = _places(before)
            then[name] = before.astype(float).round(places)
            now[name] = after.astype(float).round(places)
        else:
            kept = _frequent(before) | _frequent(after)
            then[name], now[name] = _folded(before, kept), _folded(after, kept)
    return pd.DataFrame(then), pd.DataFrame(now)


def _places(values: pd.Series[Any]) -> int:
    """Decimals that keep a hundredth of a standard deviation: the shape stays, single values do not."""
    deviation = float(values.astype(float).std())
    if not math.isfinite(deviation) or deviation == 0:
        return 2
    return 2 - math.floor(math.log10(deviation))


def _frequent(values: pd.Series[Any]) -> set[str]:
    counts = values.dropna().astype(str).value_counts()
    return {str(value) for value in counts[counts >= MINIMUM_GROUP].index}


def _folded(values: pd.Series[Any], kept: set[str]) -> pd.Series[Any]:
    text = values.dropna().astype(str)
    return (
        text.where(text.isin(kept), RARE).map(lambda value: value.translate(_HARMLESS)).reindex(values.index)
    )


def _run(then: pd.DataFrame, now: pd.DataFrame) -> Any:
    """The finished report. Evidently wants the CURRENT sample first."""
    with _only_its_own_warnings():
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        numbers = [name for name in then if _is_number(then[name])]
        definition = DataDefinition(
            numerical_columns=numbers, categorical_columns=[name for name in then if name not in numbers]
        )
        report = Report(
            [ValueDrift(column=name, method="psi", threshold=LINE) for name in then], include_tests=True
        )
        return report.run(Dataset.from_pandas(now, definition), Dataset.from_pandas(then, definition))


@contextmanager
def _only_its_own_warnings() -> Iterator[None]:
    """Silence what Evidently 0.7 and the Litestar it brings say about themselves when imported; whatever
    concerns our data stays heard.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
        yield


def _titled(page: str, title: str) -> str:
    head = f"<head><title>{escape(title)}</title>"
    note = (
        '<body><header style="font-family: sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em">'
        f"<h1>{escape(title)}</h1><p>{escape(NOTE)}</p></header>"
    )
    return page.replace("<head>", head, 1).replace("<body>", note, 1)
