"""playbook/*.yaml: whether clauses, bounds, indicators and reviewers exist and make sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from itertools import pairwise

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.charter.checks.datasets import known_name
from governance_pipeline.charter.controls import controls, find_control, frameworks
from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.indicator_policy import TIERS, Bounds, IndicatorPolicy
from governance_pipeline.charter.model_errors import Located
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Indicators, Playbook, Requirement
from governance_pipeline.charter.yaml_source import PathStep

LEAST_BOUNDS = frozenset({"consent", "provenance"})  # low values are bad there: fail lies below warn
PLUGINS = "governance_pipeline.indicators"


def check_playbook(playbook: Loaded[Playbook], charter: Loaded[Charter] | None) -> Iterator[Problem]:
    """Clauses exist, bounds are in order, indicators have these names, functions have holders."""
    value, source = playbook.value, playbook.source
    clauses, no_clause = list(value.clauses), "no clause of this playbook"
    for path, policy in _policies(value):
        name = str(path[-1])
        yield from known_name(policy.clause, clauses, source, (*path, "clause"), no_clause)
        if name in value.plugins:
            known = [plugin.name for plugin in entry_points(group=PLUGINS)]
            yield from known_name(name, known, source, path, "no indicator of an installed package", key=True)
            continue  # which side of its bounds is bad only the package knows
        yield from _bounds(playbook, name, policy, path)
        for tier, bounds in policy.by_tier.items():
            yield from _bounds(playbook, name, bounds, (*path, "by_tier", tier))
    yield from known_name(value.reviews.clause, clauses, source, ("reviews", "clause"), no_clause)
    for index, name in enumerate(value.reviews.never):
        yield from _indicator(playbook, name, ("reviews", "never", index))
    for name in value.reviews.by_indicator:
        yield from _indicator(playbook, name, ("reviews", "by_indicator", name))
    for name in value.reviews.waivers:
        path = ("reviews", "waivers", name)
        yield from _indicator(playbook, name, path)
        if name in value.reviews.never:
            message = f"'{name}' is among `never`: nobody may waive it"
            yield source.problem(path, message, expected="an indicator that is not in `never`", key=True)
    yield from _controls(playbook)
    yield from _risk_bounds(playbook)
    yield from _signers(playbook)
    if charter is not None:
        yield from _holders(playbook, charter.value)


def check_assessments(questionnaires: Iterable[Loaded[Questionnaire]]) -> Iterator[Problem]:
    """Indicators that stand beside questions exist, and no two questions have one id."""
    for loaded in questionnaires:
        seen: set[str] = set()
        for number, question in enumerate(loaded.value.questions):
            here: tuple[PathStep, ...] = ("questions", number)
            if question.id in seen:
                message = f"the id '{question.id}' is used twice"
                yield loaded.source.problem((*here, "id"), message, expected="an id of its own")
            seen.add(question.id)
            for place, name in enumerate(question.indicators):
                yield from _known_indicator(loaded.source, name, (*here, "indicators", place))


def _policies(playbook: Playbook) -> Iterator[tuple[tuple[PathStep, ...], IndicatorPolicy]]:
    """Every policy there is, with where it stands."""
    for name in Indicators.model_fields:
        policy: IndicatorPolicy | None = getattr(playbook.indicators, name)
        if policy is not None:
            yield ("indicators", name), policy
    for name, policy in playbook.plugins.items():
        yield ("plugins", name), policy


def _bounds(
    playbook: Loaded[Playbook], indicator: str, bounds: Bounds, path: tuple[PathStep, ...]
) -> Iterator[Problem]:
    """A warning that would come after the failure is never given."""
    if bounds.warn is None or bounds.fail is None:
        return
    lowest_is_worst = indicator in LEAST_BOUNDS
    if (bounds.warn < bounds.fail) if lowest_is_worst else (bounds.warn > bounds.fail):
        side = "at or above" if lowest_is_worst else "at or below"
        message = f"'{indicator}' would fail ({bounds.fail:g}) before it warns ({bounds.warn:g})"
        yield playbook.source.problem((*path, "warn"), message, expected=f"warn {side} fail")
    if lowest_is_worst and not (0 <= bounds.fail <= 1 and 0 <= bounds.warn <= 1):
        message = f"the bounds of '{indicator}' are shares"
        yield playbook.source.problem((*path, "warn"), message, expected="numbers from 0 to 1")


def _controls(playbook: Loaded[Playbook]) -> Iterator[Problem]:
    """A control that is misspelt would look covered to whoever wrote it, and to nobody else."""
    for name, clause in playbook.value.clauses.items():
        for place, written in enumerate(clause.controls):
            if find_control(written) is None:
                path = ("clauses", name, "controls", place)
                what = "no control of the frameworks that are known"
                yield from known_name(written, _likely(written), playbook.source, path, what)


def _likely(written: str) -> list[str]:
    """The controls of the framework that is meant; of each framework the first where it is none."""
    meant = [key for key in frameworks() if written.casefold().startswith(f"{key} ".casefold())]
    if meant:
        return [name for name, one in controls().items() if one.framework in meant]
    return [next(n for n, one in controls().items() if one.framework == key) for key in frameworks()]


def _indicator(playbook: Loaded[Playbook], name: str, path: tuple[PathStep, ...]) -> Iterator[Problem]:
    return _known_indicator(playbook.source, name, path)


def _known_indicator(source: Located, name: str, path: tuple[PathStep, ...]) -> Iterator[Problem]:
    known = list(Indicators.model_fields)
    if name not in known:
        known += [plugin.name for plugin in entry_points(group=PLUGINS)]
    yield from known_name(name, known, source, path, "no indicator", key=True)


def _risk_bounds(playbook: Loaded[Playbook]) -> Iterator[Problem]:
    bounds = playbook.value.risk.bounds
    given = [(tier, bounds[tier]) for tier in TIERS if tier in bounds]
    for (lower, low), (upper, high) in pairwise(given):
        if high <= low:
            message = f"the tier {upper} would begin at {high:g}, not above {lower} at {low:g}"
            yield playbook.source.problem(("risk", "bounds", upper), message, expected=f"more than {low:g}")


def _signers(playbook: Loaded[Playbook]) -> Iterator[Problem]:
    """A permit that needs more signatures than there are people with a key can never count."""
    signers = playbook.value.reviews.signers
    if signers is None:
        return
    distinct = len({key.public for key in signers.keys.values()})
    if distinct < signers.needed:
        message = (
            f"a permit needs {signers.needed} people's signatures, and {distinct} have a key of their own"
        )
        expected = f"at least {signers.needed} different keys under `keys`"
        yield playbook.source.problem(("reviews", "signers", "needed"), message, expected=expected)


def _holders(playbook: Loaded[Playbook], charter: Charter) -> Iterator[Problem]:
    """A review that asks for more people of a function than there are can never be decided."""
    reviews = playbook.value.reviews
    asked: list[tuple[tuple[PathStep, ...], tuple[Requirement, ...]]] = [
        (("reviews", "by_tier", tier), needs) for tier, needs in reviews.by_tier.items()
    ]
    asked += [(("reviews", "by_indicator", name), needs) for name, needs in reviews.by_indicator.items()]
    asked += [(("reviews", "by_stage", stage), needs) for stage, needs in reviews.by_stage.items()]
    asked += [(("reviews", "waivers", name, "by"), rule.by) for name, rule in reviews.waivers.items()]
    people, unknown = [person.id for person in charter.people], "no person of charter.yaml"
    signers = reviews.signers
    for person in signers.keys if signers else ():
        key = ("reviews", "signers", "keys", person)
        yield from known_name(person, people, playbook.source, key, unknown, key=True)
    for number, step in enumerate(reviews.escalation):
        here = ("reviews", "escalation", number)
        for function, person in step.stand_ins.items():
            yield from known_name(person, people, playbook.source, (*here, "stand_ins", function), unknown)
        for index, person in enumerate(step.tell):
            yield from known_name(person, people, playbook.source, (*here, "tell", index), unknown)
    for path, needs in asked:
        for index, need in enumerate(needs):
            holders = sum(need.function in person.functions for person in charter.people)
            if holders < need.people:
                asked_for = f"{need.people} of the function {need.function} must decide"
                message = f"{asked_for}, and charter.yaml has {holders}"
                yield playbook.source.problem(
                    (*path, index), message, expected=f"at least {need.people} in charter.yaml"
                )
