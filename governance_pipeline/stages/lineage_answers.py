"""Answers to questions about lineage, as records: what the command line prints as JSON, and HTTP answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.lineage.drift import Drift, Known, drift
from governance_pipeline.lineage.gaps import Gap, gaps
from governance_pipeline.lineage.impact import starts, steps
from governance_pipeline.lineage.proposals import (
    Change,
    Consequence,
    Rewritten,
    consequences,
    consequences_of_sql,
    require,
    rewritten,
)
from governance_pipeline.lineage.ranking import Affected, affected
from governance_pipeline.lineage.story import Told, tell
from governance_pipeline.reviews.fold import fold
from governance_pipeline.stages.lineage_seen import Seen, recorded, recorded_night
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, Node


@dataclass(frozen=True)
class Lineage:
    """``lineage trace``: the steps and the story, nearest first; ``as_of`` is null for the graph of now."""

    node: str
    as_of: date | None
    steps: list[Edge]
    story: list[Told]
    nodes: list[Node]


@dataclass(frozen=True)
class LineageImpact:
    """``lineage impact``: the steps, nearest first, and what they reach, the most at risk first."""

    node: str
    as_of: date | None
    steps: list[Edge]
    affected: list[Affected]


@dataclass(frozen=True)
class LineageChange:
    """``lineage impact`` with --drop, --retype, --sql or --stop; ``columns`` with --sql only."""

    node: str
    as_of: date | None
    change: str
    columns: list[Rewritten]
    consequences: list[Consequence]
    not_understood: list[str]


@dataclass(frozen=True)
class LineageGaps:
    as_of: date | None
    gaps: list[Gap]


@dataclass(frozen=True)
class LineageDiff:
    """``since``: the night compared with; ``as_of`` is null where it is compared with now."""

    since: date
    as_of: date | None
    differences: list[Drift]


def traced(found: Seen, entity: Entity) -> Lineage:
    """Everything upstream of a node."""
    told = tell(found.graph, entity, nodes=found.nodes, measured=found.measured)
    reached = found.graph.distances(entity, down=False)
    of = [one for one in found.nodes if one.entity in reached]
    above = steps(found.graph, entity, upstream=True)
    return Lineage(str(entity), found.as_of, list(above), list(told), of)


def reached(found: Seen, entity: Entity) -> LineageImpact:
    """Everything downstream of a node."""
    ranked = affected(found.graph, starts(found.graph, entity), found.risks)
    below = steps(found.graph, entity, upstream=False)
    return LineageImpact(str(entity), found.as_of, list(below), list(ranked))


def changed(found: Seen, entity: Entity, change: Change, retype: str | None = None) -> LineageChange:
    """What a change other than of SQL would do.

    Args:
        retype: the new logical type; a column that has it already changes nothing.
    """
    worst = consequences(found.graph, entity, change, found.risks)
    types = [one.facts["type"] for one in found.nodes if one.entity == entity and "type" in one.facts]
    if change is Change.RETYPE and retype in types:
        worst = ()
    what = {Change.DROP: "is dropped", Change.RETYPE: f"becomes {retype}", Change.STOP: "gets no more data"}
    return LineageChange(str(entity), found.as_of, what[change], [], list(worst), [])


def made_by(found: Seen, entity: Entity, sql: str, shown: str) -> LineageChange:
    """What it would do if a dataset, or a column, were made by other SQL.

    Args:
        shown: where the SQL is from, in words.

    Raises:
        UsageError: nothing of the kind is made by SQL.
        NotFound: no contract describes it.
    """
    from governance_pipeline.lineage.new_sql import read_new_sql  # what reads SQL is slow to load

    require(entity, Change.SQL)
    new = read_new_sql(found.project, entity, sql)
    differing = rewritten(found.graph, entity, new)
    reached = consequences_of_sql(found.graph, entity.dataset_name, differing, found.risks)
    return LineageChange(
        str(entity),
        found.as_of,
        f"is made by {shown}",
        list(differing),
        list(reached),
        list(new.not_understood),
    )


def left_open(found: Seen) -> LineageGaps:
    """Origins that nobody knows, labels that got lost, purposes that do not match."""
    models = found.project.models.values()
    told = gaps(found.graph, found.nodes, models, found.project.playbook.purposes)
    return LineageGaps(found.as_of, list(told))


def differing(store: Store, after: Seen, since: date | None, since_review: str | None) -> LineageDiff:
    """What has changed since a night, or a model's last approved review (default: the night before).

    Raises:
        NotFound: no such night is recorded, there is no such model, or it has no approved review.
    """
    if since is not None and since_review is not None:
        raise UsageError("--since and --since-review exclude each other", hint="leave one out")
    if since_review is not None:
        after.project.model(since_review)
    with store.reading() as unit:
        night = _before(unit, since, since_review, after.as_of)
        before = Known(*recorded(unit, night))
    model = Entity.model(since_review) if since_review is not None else None
    told = drift(before, Known(after.graph, after.nodes), of=model)
    return LineageDiff(night, after.as_of, list(told))


def _before(unit: Unit, since: date | None, model: str | None, as_of: date | None) -> date:
    """The night to compare with."""
    if model is not None:
        return _approved(unit, model)
    if since is not None:
        return recorded_night(unit, since).night
    if as_of is None:
        latest = unit.nights.latest()
    else:
        earlier = unit.nights.between(date.min, as_of - timedelta(days=1)) if as_of > date.min else ()
        latest = max(earlier, key=lambda one: one.night, default=None)
    if latest is None:
        raise NotFound("no earlier night is recorded", hint="run `governance nightly` first")
    return latest.night


def _approved(unit: Unit, model: str) -> date:
    """The night that opened the model's last approved review."""
    nights = []
    for review, milestone in unit.reviews.list():
        if milestone.model == model:
            state = fold(unit.reviews.events(review))
            if state.is_approved and state.settled_at is not None:
                nights.append((state.settled_at, milestone.night))
    if not nights:
        raise NotFound(f"no review of {model} is approved", hint="see `governance review list`")
    return recorded_night(unit, max(nights)[1]).night
