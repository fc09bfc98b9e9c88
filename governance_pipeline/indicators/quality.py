"""Quality: does the table look as the contract promises, and do its rows keep the contract's rules?

Facets: ``schema`` (against the contract), ``schema_change`` (against the night before),
``duplicate_keys`` where the contract has a primary key, and one per quality rule, named by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.disclosure import part_of, smallest_group
from governance_pipeline.indicators.logical_types import conforms
from governance_pipeline.indicators.quality_rules import judge
from governance_pipeline.indicators.wording import counted, listed
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "quality"
SCHEMA = "schema"
SCHEMA_CHANGE = "schema_change"
DUPLICATE_KEYS = "duplicate_keys"
NONE_ALLOWED = Threshold(warn=None, fail=0.0)


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """Schema, schema change, keys, then every rule of the contract in its order.

    A rule without a result is ``not_run``; a rule over rows of an empty table or of a night without
    rows is ``insufficient``, never kept. The first night has no schema change to speak of.
    """
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(inputs.contract.dataset),
        indicator=NAME,
        clause=inputs.playbook.indicators.quality.clause,
    )
    yield _schema(inputs, record)
    if inputs.previous is not None and inputs.previous.schema:
        yield _schema_change(inputs, dict(inputs.previous.schema), record)
    if inputs.contract.primary_key:
        yield _duplicate_keys(inputs, record)
    yield from _rules(inputs, record)


def _schema(inputs: DatasetInputs, record: partial[Measurement]) -> Measurement:
    contract, found = inputs.contract, dict(inputs.profile.schema)
    record = partial(record, facet=SCHEMA, metric=SCHEMA)
    if not found:
        return record(
            outcome=Outcome.NOT_RUN, sentence=f"The columns of {contract.dataset} could not be read."
        )
    if not contract.columns:
        sentence = f"The contract of {contract.dataset} promises no columns, so none could be checked."
        return record(outcome=Outcome.INSUFFICIENT, sentence=sentence, n=len(found))
    promised = {column.name: column for column in contract.columns}
    missing = [name for name in promised if name not in found]
    unexpected = [name for name in found if name not in promised]
    kept = {
        name: conforms(column.logical_type, found[name], column.options)
        for name, column in promised.items()
        if name in found
    }
    retyped = [name for name, verdict in kept.items() if verdict is False]
    unclear = [name for name, verdict in kept.items() if verdict is None]
    parts = [
        *([f"{_columns(missing)} missing"] if missing else []),
        *(f"{name} holds {found[name]} instead of {promised[name].logical_type}" for name in retyped),
        *([f"{_columns(unexpected)} not in the contract"] if unexpected else []),
        *(
            f"whether {found[name]} is a {promised[name].logical_type} ({name}) is unknown"
            for name in unclear
        ),
    ]
    as_promised = f"{contract.dataset} has the {counted(len(promised), 'column')} its contract promises."
    return record(
        outcome=Outcome.FAIL if missing or retyped else Outcome.WARN if parts else Outcome.PASS,
        sentence=f"{contract.dataset} is not as its contract promises: {'; '.join(parts)}."
        if parts
        else as_promised,
        value=float(len(missing) + len(retyped) + len(unexpected) + len(unclear)),
        unit="columns",
        n=len(promised),
        details={
            "missing": missing,
            "unexpected": unexpected,
            "retyped": {name: [promised[name].logical_type, found[name]] for name in retyped},
            "unclear": unclear,
            "columns": [*missing, *retyped, *unexpected, *unclear],
        },
    )


def _schema_change(
    inputs: DatasetInputs, before: dict[str, str], record: partial[Measurement]
) -> Measurement:
    dataset, now = inputs.contract.dataset, dict(inputs.profile.schema)
    record = partial(record, facet=SCHEMA_CHANGE, metric=SCHEMA)
    if not now:
        return record(outcome=Outcome.NOT_RUN, sentence=f"The columns of {dataset} could not be read.")
    added = [name for name in now if name not in before]
    removed = [name for name in before if name not in now]
    retyped = [name for name in now if name in before and _plain(now[name]) != _plain(before[name])]
    breaking = Outcome(inputs.playbook.indicators.quality.schema_change)
    parts = [
        *([f"{_columns(removed)} gone"] if removed else []),
        *(f"{name} changed from {before[name]} to {now[name]}" for name in retyped),
        *([f"{_columns(added)} new"] if added else []),
    ]
    since = "since the night before" if _is_last_night(inputs) else "since it was last measured"
    return record(
        outcome=breaking if removed or retyped else Outcome.WARN if added else Outcome.PASS,
        sentence=(
            f"The columns of {dataset} changed {since}: {'; '.join(parts)}."
            if parts
            else f"The columns of {dataset} have not changed {since}."
        ),
        value=float(len(added) + len(removed) + len(retyped)),
        unit="columns",
        n=len(now),
        details={
            "added": added,
            "removed": removed,
            "retyped": {name: [before[name], now[name]] for name in retyped},
            "columns": [*removed, *retyped, *added],
        },
    )


def _duplicate_keys(inputs: DatasetInputs, record: partial[Measurement]) -> Measurement:
    contract, profile = inputs.contract, inputs.profile
    record = partial(record, facet=DUPLICATE_KEYS, metric="duplicateValues", n=profile.rows, unit="rows")
    key = listed(contract.primary_key)
    reason = profile.unmeasured.get(DUPLICATE_KEYS)
    missing = set(contract.primary_key) - {name for name, _ in profile.schema}
    if reason or missing:
        why = reason or f"{_columns(sorted(missing))} missing"
        sentence = f"Whether {contract.dataset} repeats a key ({key}) could not be checked: {why}."
        return record(outcome=Outcome.NOT_RUN, sentence=sentence)
    if profile.rows == 0:
        sentence = f"{contract.dataset} holds no rows that could repeat a key ({key})."
        return record(outcome=Outcome.INSUFFICIENT, sentence=sentence)
    said = part_of(profile.duplicate_keys, profile.rows, smallest_group(inputs))
    rows = counted(said, "row") if isinstance(said, int) else f"{said} rows"
    sentence = (
        f"In {contract.dataset} {rows} of {profile.rows:,} repeat a key ({key}) that may occur once only."
    )
    if profile.duplicate_keys == 0:
        sentence = f"No key ({key}) occurs twice in the {counted(profile.rows, 'row')} of {contract.dataset}."
    return record(
        outcome=NONE_ALLOWED.judge(float(profile.duplicate_keys)),
        sentence=sentence,
        value=float(said) if isinstance(said, int) else None,
        threshold=NONE_ALLOWED,
        details={"columns": list(contract.primary_key), "failing": said},
    )


def _rules(inputs: DatasetInputs, record: partial[Measurement]) -> Iterator[Measurement]:
    profile = inputs.profile
    tallies = {tally.rule: tally for tally in profile.rules}
    evidence = profile.rows > 0 and profile.window_rows > 0
    for rule in inputs.contract.rules:
        tally = tallies.get(rule.id)
        verdict = judge(inputs.contract.dataset, rule, tally, evidence=evidence, k=smallest_group(inputs))
        yield record(
            facet=rule.id,
            metric=rule.metric,
            outcome=verdict.outcome,
            sentence=verdict.sentence,
            value=verdict.value,
            unit=verdict.unit,
            n=tally.checked if tally else 0,
            threshold=verdict.threshold,
            details={**(verdict.details or {}), "columns": [rule.column] if rule.column else []},
        )


def _is_last_night(inputs: DatasetInputs) -> bool:
    return inputs.previous is not None and (inputs.night - inputs.previous.night).days == 1


def _plain(engine_type: str) -> str:
    """Whether nulls are allowed is no part of the type: engines report it as they please."""
    return engine_type.strip().lower().lstrip("!")


def _columns(names: list[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


QUALITY = Indicator(
    name=NAME,
    title="Quality",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda _contract, _models: True,
)
