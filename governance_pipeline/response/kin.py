"""Breaches that are one piece of news although they began on different nights: pure.

A gap of Black women is part of a gap of Black people. Where both begin on one night the lineage names the
wider as the root. But the part may pass its bound some nights earlier, or flicker at the bound; then its
owner has been told, and the wider gap counts the same decisions again. So a gap that begins is tied to the
gap of a part of its people, or of more people, that stands already, and speaks up when that is resolved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from governance_pipeline.lineage.situation import groups_of
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.incident import Incident, IncidentStatus


def told_as(begun: Incident, earlier: Collection[str], standing: Iterable[Incident]) -> Incident | None:
    """The incident under which the owner already knows of ``begun``; None where it is news.

    Args:
        begun: begins tonight, and has no other root.
        earlier: the ids of incidents that stood before tonight.
        standing: every incident that is not resolved tonight.
    """
    if begun.entity.kind is not EntityKind.MODEL or not groups_of(begun.facet):
        return None
    same = [
        one
        for one in standing
        if (one.entity, one.indicator, one.owner) == (begun.entity, begun.indicator, begun.owner)
    ]
    known = (
        one
        for one in same
        if one.id in earlier
        and one.root_incident is None
        and _overlap(one, begun)
        and all(_overlap(tied, begun) for tied in same if tied.root_incident == one.id and _wider(tied, one))
    )
    return min(known, key=lambda one: (one.opened, one.id), default=None)


def stood(known: Iterable[Incident]) -> frozenset[str]:
    """The ids of those that are not resolved."""
    return frozenset(one.id for one in known if one.status is not IncidentStatus.RESOLVED)


def _overlap(one: Incident, other: Incident) -> bool:
    """Whether one is about all the people that the other is about.

    What was told as a gap of Black women announces the gap of Black people or that of women, whichever
    comes first. The other is news.
    """
    mine, theirs = groups_of(one.facet), groups_of(other.facet)
    return bool(mine) and (mine <= theirs or theirs <= mine)


def _wider(one: Incident, other: Incident) -> bool:
    return groups_of(one.facet) < groups_of(other.facet)
