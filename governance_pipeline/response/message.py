"""The words of one alert: plain text that its reader can act on without opening anything."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from governance_pipeline.charter.project import Project
from governance_pipeline.response.advice import advice_for
from governance_pipeline.response.effects import Affected
from governance_pipeline.response.routes import Route
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import Incident
from governance_pipeline.vocabulary.risk import RiskScore

SUBJECT_LENGTH = 98
"""RFC 5322 asks for lines of at most 78 and allows 998; most mail programs show about 100."""

LISTED = 10
"""How many of anything a message lists before it says how many more there are."""

_UNPRINTABLE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Story:
    """Everything one message says, whoever it goes to.

    Attributes:
        kind: ``opened``, ``reopened``, ``resolved``, ``snooze_ended`` or ``released`` (its root is
            fixed and it still fails).
        incidents: the root causes it is about, the first one leads.
        followers: incidents opened tonight that follow from them.
        affected: what is downstream.
        risk: of what broke.
        pictures: pages to look at, relative to the project folder.
    """

    kind: str
    night: date
    incidents: tuple[Incident, ...]
    followers: tuple[Incident, ...] = ()
    affected: tuple[Affected, ...] = ()
    risk: RiskScore | None = None
    pictures: tuple[str, ...] = ()

    @property
    def lead(self) -> Incident:
        return self.incidents[0]


_OPENING = {
    "opened": "",
    "reopened": "again: ",
    "resolved": "fixed: ",
    "snooze_ended": "still: ",
    "released": "still: ",
}


def plain(text: str, limit: int = 600) -> str:
    """``text`` on one line, without control, invisible or direction-changing characters."""
    shown = "".join(" " if unicodedata.category(c) in _UNPRINTABLE else c for c in text)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def subject(story: Story, project: Project) -> str:
    """One line under 100 characters: project, what, which kind of trouble."""
    titles = list(dict.fromkeys(advice_for(i.indicator).title for i in story.incidents))
    more = f" (+{len(titles) - 1} more)" if len(titles) > 1 else ""
    ending = f": {_OPENING[story.kind]}{titles[0]}{more}"
    beginning = f"[{project.settings.name}] "
    room = max(SUBJECT_LENGTH - len(beginning) - len(ending), 12)
    return plain(beginning + plain(story.lead.entity.name, room) + ending, SUBJECT_LENGTH)


def body(story: Story, project: Project, route: Route) -> str:
    """The message for one recipient."""
    sections = [f"Hello {plain(route.name)},"]
    if route.notice:
        sections.append(plain(route.notice))
    if story.kind == "resolved":
        sections.append(_listed("FIXED", [_fixed(i) for i in story.incidents]))
    else:
        sections.append(_listed("WHAT BROKE", [plain(i.sentence) for i in story.incidents]))
        sections.append(_listed("SINCE", [_since(story)]))
        sections.append(_listed("WHAT FOLLOWS", _follows(story)))
        sections.append(_listed("WHAT TO DO NEXT", _steps(story)))
    sections.append(_listed("WHERE TO LOOK", _where(story, project)))
    sections.append(_listed("WHY YOU ARE TOLD", _clauses(story, project)))
    return "\n\n".join(section for section in sections if section)


def link(base_url: str, entity: Entity) -> str:
    """The page of what broke: its asset in the Dagster UI, under the key that the code location gives it."""
    if entity.kind in (EntityKind.MODEL, EntityKind.VERSION):
        parts = ["models", entity.name.partition("/")[0]]
    else:
        parts = entity.dataset_name.split(".")
    path = "/".join(quote(part, safe="", errors="replace") for part in parts)
    return f"{base_url.rstrip('/')}/assets/{path}"


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = [f"  {line}" for line in lines[:LISTED]]
    if len(lines) > LISTED:
        shown.append(f"  ... and {len(lines) - LISTED} more")
    return "\n".join([title, *shown])


def _fixed(incident: Incident) -> str:
    nights = "night" if incident.passes == 1 else "nights"
    return (
        f"{plain(incident.entity.name)}: {advice_for(incident.indicator).title}, since {incident.opened}. "
        f"Measured without breach on {incident.passes} {nights}."
    )


def _since(story: Story) -> str:
    first = min(incident.opened for incident in story.incidents)
    nights = (story.night - first).days + 1
    length = "tonight is the first night" if nights == 1 else f"tonight is night {nights}"
    since = f"the night of {first}; {length}"
    if story.kind == "reopened":
        return f"{since}. It has broken {story.lead.times_opened} times so far"
    if story.kind == "snooze_ended":
        return f"{since}. It was snoozed; the snooze is over and it still fails"
    if story.kind == "released":
        return f"{since}. What it was told with is fixed, and it still fails"
    return since


def _follows(story: Story) -> list[str]:
    lines = [f"also failing because of it: {plain(i.sentence)}" for i in story.followers]
    for affected in story.affected:
        owner = f"owner {plain(affected.owner)}" if affected.owner else "nobody owns it"
        risk = f", risk {affected.risk.score:.0f} of 100 ({affected.risk.tier})" if affected.risk else ""
        lines.append(f"{affected.entity.kind} {plain(affected.entity.name)}: {owner}{risk}")
    return lines or ["nothing that we know of reads it"]


def _steps(story: Story) -> list[str]:
    steps = dict.fromkeys(step for i in story.incidents for step in advice_for(i.indicator).steps)
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


def _where(story: Story, project: Project) -> list[str]:
    entity = story.lead.entity
    lines = []
    if entity.kind in (EntityKind.DATASET, EntityKind.COLUMN):
        # Quoted, because people paste it into a shell and a name is only data.
        lines.append(f"governance check {shlex.quote(plain(entity.dataset_name))}")
    lines.append(link(project.settings.base_url, entity))
    lines.extend(f"picture, in the project folder: {plain(picture)}" for picture in story.pictures)
    if story.kind != "resolved":
        lines.extend(f"governance incident ack {incident.id} --as YOUR-ID" for incident in story.incidents)
    return lines


def _clauses(story: Story, project: Project) -> list[str]:
    lines = []
    for indicator in dict.fromkeys(incident.indicator for incident in story.incidents):
        policy = project.playbook.policy(indicator)
        clause = project.playbook.clauses.get(policy.clause) if policy else None
        if policy and clause:
            lines.append(f"playbook {policy.clause}: {plain(clause.title)}")
    if story.risk is not None and story.kind != "resolved":
        lines.append(
            f"risk of {plain(story.lead.entity.name)}: {story.risk.score:.0f} of 100 ({story.risk.tier})"
        )
    return lines or ["every breach is told to its owner"]
