"""All indicators, in the order they are measured and shown; and those that other packages add.

A new indicator is one module and one line in :data:`INDICATORS`. An outside package adds its own with
an entry point, whose object is an :class:`~governance_pipeline.indicators.base.Indicator`::

    [project.entry-points."governance_pipeline.indicators"]
    water_use = "my_package.water_use:WATER_USE"
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, NotFound
from governance_pipeline.indicators.access import ACCESS
from governance_pipeline.indicators.base import Indicator
from governance_pipeline.indicators.bias import BIAS
from governance_pipeline.indicators.calibration import CALIBRATION
from governance_pipeline.indicators.consent import CONSENT
from governance_pipeline.indicators.drift import DRIFT
from governance_pipeline.indicators.leakage import LEAKAGE
from governance_pipeline.indicators.ownership import OWNERSHIP
from governance_pipeline.indicators.performance import PERFORMANCE
from governance_pipeline.indicators.permits import PERMITS
from governance_pipeline.indicators.prediction_drift import PREDICTION_DRIFT
from governance_pipeline.indicators.provenance import PROVENANCE
from governance_pipeline.indicators.proxy import PROXY
from governance_pipeline.indicators.quality import QUALITY
from governance_pipeline.indicators.recency import RECENCY
from governance_pipeline.indicators.rehearsal import REHEARSAL
from governance_pipeline.indicators.representation import REPRESENTATION
from governance_pipeline.indicators.retention import RETENTION
from governance_pipeline.indicators.twins import TWINS
from governance_pipeline.indicators.withdrawals import WITHDRAWALS
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

GROUP = "governance_pipeline.indicators"
INDICATORS: tuple[Indicator, ...] = (
    RECENCY,
    CONSENT,
    QUALITY,
    RETENTION,
    OWNERSHIP,
    PROVENANCE,
    DRIFT,
    BIAS,
    REPRESENTATION,
    PREDICTION_DRIFT,
    PERFORMANCE,
    CALIBRATION,
    PROXY,
    LEAKAGE,
    TWINS,
    WITHDRAWALS,
    PERMITS,
    REHEARSAL,
    ACCESS,
)


def indicator(name: str) -> Indicator:
    """An indicator by its name, ours or a plug-in's. Raises NotFound, naming the nearest."""
    known = {one.name: one for one in all_indicators()}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
        raise NotFound(f"there is no indicator '{name}'", hint=hint)
    return known[name]


def all_indicators() -> tuple[Indicator, ...]:
    """Ours, then the plug-ins'. Raises CannotEvaluate where a plug-in is broken."""
    return (*INDICATORS, *plugin_indicators())


@cache
def plugin_indicators() -> tuple[Indicator, ...]:
    """The indicators that installed packages add, by name of their entry point; looked for once in the
    life of a process, as going through all installed packages takes longer than many a dataset's scan.

    Raises:
        CannotEvaluate: a plug-in cannot be imported, is no indicator, or takes a name that is taken.
            A night without an indicator somebody relies on would look better than it is.
    """
    found: list[Indicator] = []
    taken = {one.name for one in INDICATORS}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        loaded = _load(entry)
        if loaded.name in taken:
            raise _broken(entry, f"its name '{loaded.name}' is taken by another indicator")
        taken.add(loaded.name)
        found.append(loaded)
    return tuple(found)


def measured_by(playbook: Playbook) -> tuple[Indicator, ...]:
    """The indicators that a night measures: those the playbook has a policy for and does not switch off,
    and plug-ins.
    """
    return tuple(one for one in all_indicators() if playbook.asks_for(one.name))


def expected_keys(
    project: Project, contracts: Iterable[Contract], models: Iterable[ModelSpec]
) -> set[tuple[str, str]]:
    """What a night must bring, by the project's files alone: (entity, indicator) pairs.

    Counted against what was received, so that a measurement that never came is seen. A plug-in that does
    not say what it applies to is measured, and not expected.

    Raises:
        CannotEvaluate: a plug-in is broken.
    """
    readers = tuple(project.models.values())
    datasets, asked = tuple(contracts), tuple(models)
    expected: set[tuple[str, str]] = set()
    for one in measured_by(project.playbook):
        if one.expects_dataset is not None:
            expected |= {
                (str(Entity.dataset(contract.dataset)), one.name)
                for contract in datasets
                if one.expects_dataset(contract, readers)
            }
        if one.expects_model is not None:
            expected |= {
                (str(Entity.model(model.name)), one.name) for model in asked if one.expects_model(model)
            }
    return expected


def expects_dataset(one: Indicator, contract: Contract, models: Sequence[ModelSpec]) -> bool:
    """Whether an indicator applies to a dataset by its contract and the models that read it. A plug-in
    that does not say is taken to apply.
    """
    if one.expects_dataset is not None:
        return one.expects_dataset(contract, models)
    return one.expects_model is None and all(one.name != ours.name for ours in INDICATORS)


def not_run(
    entity: Entity,
    indicator: str,
    night: date,
    reason: str,
    clause: str,
    facet: str = "",
    *,
    cause: str = "",
) -> Measurement:
    """The measurement that could not be made, so that its absence is seen.

    Args:
        entity: what should have been measured.
        indicator: by what.
        night: when.
        reason: why not; an error's text with its hint is fine.
        clause: the playbook clause that is therefore not shown to be kept.
        facet: where only a part is missing.
        cause: ``scan`` when the whole dataset could not be read; the measurements that one failed scan
            prevented are then told as one.
    """
    titles = {one.name: one.title for one in INDICATORS}
    lines = (line.strip().removeprefix("->").strip().rstrip(".") for line in reason.splitlines())
    first, *more = [line for line in lines if line] or ["no reason is known"]
    sentences = (first, *(line[0].upper() + line[1:] for line in more))
    why = " ".join(line if line.endswith("?") else f"{line}." for line in sentences)
    return Measurement(
        night=night,
        entity=entity,
        indicator=indicator,
        outcome=Outcome.NOT_RUN,
        sentence=f"{titles.get(indicator, indicator)} of {entity.name} could not be measured: {why}",
        clause=clause,
        facet=facet,
        details={"cause": cause} if cause else {},
    )


def _load(entry: EntryPoint) -> Indicator:
    try:
        loaded = entry.load()
    except Exception as error:  # importing foreign code can raise anything; it is named and passed on
        raise _broken(entry, f"it cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, Indicator):
        raise _broken(entry, f"'{entry.value}' is no Indicator")
    return loaded


def _broken(entry: EntryPoint, why: str) -> CannotEvaluate:
    package = entry.dist.name if entry.dist else "an installed package"
    return CannotEvaluate(
        f"the indicator plug-in '{entry.name}' of {package} does not work: {why}",
        hint=f"repair or uninstall {package}; without it no night is measured",
    )
