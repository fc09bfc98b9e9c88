"""charter.yaml: whether its people, teams and channels hang together."""

from __future__ import annotations

from collections.abc import Iterator

from governance_pipeline.charter.checks.datasets import known_name
from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.people import Charter, folded
from governance_pipeline.charter.settings import Settings


def check_people(charter: Loaded[Charter], settings: Loaded[Settings] | None) -> Iterator[Problem]:
    """Ids are unique; members, delegates, the steward and channels exist; nobody leaves before coming."""
    value, source = charter.value, charter.source
    people = [person.id for person in value.people]
    yield from known_name(value.steward, people, source, ("steward",), "no person of this charter")
    yield from _unique(charter)
    for index, person in enumerate(value.people):
        path = ("people", index)
        if person.delegate is not None:
            yield from known_name(
                person.delegate, people, source, (*path, "delegate"), "no person of this charter"
            )
        if person.delegate == person.id:
            yield source.problem(
                (*path, "delegate"), "nobody can be their own delegate", expected="another person"
            )
        if person.since and person.until and person.until < person.since:
            yield source.problem(
                (*path, "until"), "the last day lies before the first", expected="a later date"
            )
        for number, absence in enumerate(person.away):
            if absence.until < absence.since:
                yield source.problem(
                    (*path, "away", number), "the last day lies before the first", expected="a later date"
                )
    for index, team in enumerate(value.teams):
        for number, member in enumerate(team.members):
            where = ("teams", index, "members", number)
            yield from known_name(member, people, source, where, "no person of this charter")
    if settings is not None:
        yield from _channels(charter, sorted(settings.value.channels))


def _unique(charter: Loaded[Charter]) -> Iterator[Problem]:
    """An owner id means one person or one team."""
    seen: dict[str, str] = {}
    known: dict[str, str] = {}
    entries = [(("people", i, "id"), one.id) for i, one in enumerate(charter.value.people)]
    entries += [(("teams", i, "id"), one.id) for i, one in enumerate(charter.value.teams)]
    for path, name in entries:
        if name in seen:
            yield charter.source.problem(path, f"the id '{name}' is used twice", expected="an id of its own")
        seen[name] = name
    for index, person in enumerate(charter.value.people):
        other = known.setdefault(folded(person.mail), person.id)
        if other != person.id:
            message = f"the mail address of '{other}' stands here again"
            yield charter.source.problem(("people", index, "mail"), message, expected="an address of its own")
        for number, alias in enumerate(person.aliases):
            other = known.setdefault(folded(alias), person.id)
            if other != person.id:
                where = ("people", index, "aliases", number)
                message = f"'{alias}' is a name of '{other}' already"
                yield charter.source.problem(where, message, expected="names of one person")
    for index, person in enumerate(charter.value.people):
        other = known.get(folded(person.id), person.id)
        if other != person.id:
            message = f"the id '{person.id}' is a name of '{other}' too"
            yield charter.source.problem(("people", index, "id"), message, expected="names of one person")


def _channels(charter: Loaded[Charter], channels: list[str]) -> Iterator[Problem]:
    what = "no channel of governance.yaml"
    for index, name in enumerate(charter.value.alert_channels):
        yield from known_name(name, channels, charter.source, ("alert_channels", index), what)
    for index, team in enumerate(charter.value.teams):
        if team.channel is not None:
            yield from known_name(team.channel, channels, charter.source, ("teams", index, "channel"), what)
