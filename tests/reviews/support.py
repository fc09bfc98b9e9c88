"""The small project after a night, with version 2 in review, and people who decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.profile import ConsentTally, Profile
from governance_pipeline.reviews.gate import GateReport, evaluate_gate
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table, decide, eligible, list_reviews
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import (
    AS_OF,
    MODEL,
    NIGHT,
    FakeEngine,
    FixedClock,
    a_charter,
    a_healthy_scan,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Verdict

PEOPLE = (
    ("ada", ["engineering"]),
    ("ben", ["engineering"]),
    ("eva", ["engineering"]),
    ("lea", ["legal", "compliance"]),
    ("pia", ["privacy"]),
    ("pax", ["privacy"]),
    ("eli", ["ethics"]),
    ("sam", ["security", "business"]),
)


def people(**until: str) -> Any:
    """The charter: enough people for every function, some of whom have a last day."""
    return a_charter(
        alert_channels=["log"],
        people=[
            {"id": name, "name": name.title(), "mail": f"{name}@example.org", "functions": held,
             "until": until.get(name)}
            for name, held in PEOPLE
        ],
    )  # fmt: skip


@dataclass
class Lab:
    """A project whose clock, data and files a test turns."""

    services: Services
    engine: FakeEngine
    clock: FixedClock
    root: Path

    @property
    def project(self) -> Project:
        return self.services.project

    def change(self, **changes: Any) -> None:
        """Change fields of the project, as if its files had been edited."""
        self.services = replace(self.services, project=replace(self.project, **changes))

    def night(self, night: date = NIGHT) -> list[Any]:
        return list(run_night(self.services, night))

    def gate(self, version: str = "2") -> GateReport:
        return evaluate_gate(self.project, self.services.store, MODEL, version, self.clock())

    def codes(self, version: str = "2") -> list[str]:
        return [reason.code for reason in self.gate(version).reasons]

    def review(self, version: str = "2") -> ReviewState:
        return next(state for _, state in list_reviews(self.services.store) if state.version == version)

    def graph(self) -> Any:
        with self.services.store.begin() as unit:
            return build_graph(self.project, unit.versions.of_model(MODEL))

    def decide(
        self, person: str, function: Function, verdict: Verdict = Verdict.APPROVE, **more: Any
    ) -> ReviewState:
        return decide(
            Table(self.project, self.services.store, self.graph(), self.clock()),
            more.pop("review", None) or self.review().id,
            person=person,
            function=function,
            verdict=verdict,
            reason=more.pop("reason", "I have read the evidence."),
            **more,
        )

    def free(self) -> Mapping[Function, Any]:
        with self.services.store.begin() as unit:
            version = unit.versions.get(MODEL, "2")
        return eligible(self.project, self.graph(), self.review(), version, self.clock().date())

    def approve(self) -> ReviewState:
        """Everybody needed approves."""
        taken: set[str] = set()
        for function, count in self.review().missing.items():
            for person in [p for p in self.free()[function] if p.id not in taken][:count]:
                taken.add(person.id)
                self.decide(person.id, function)
        return self.review()


def lab(root: Path, answers: Mapping[str, Any] | None = None, **changes: Any) -> Lab:
    """The project with versions 1 and 2 registered; no night has been run."""
    register_version(root, "1", stage="production")
    register_version(root, "2")
    engine, clock = FakeEngine(dict(answers or {})), FixedClock()
    project = a_small_project(root, charter=people(), **changes)
    return Lab(a_services(root, project=project, engine=engine, clock=clock), engine, clock, root)


def consent_at(share: float) -> Any:
    """A scan of a table in which this share of 1,000 persons has a valid consent."""

    def scan(plan: Any) -> Profile:
        valid = round(1000 * share)
        tally = ConsentTally("model_training", "consent", 1000, valid=valid, withdrawn=1000 - valid,
                             rows=1000, rows_valid=valid)  # fmt: skip
        return replace(a_healthy_scan(plan), consent=(tally,))

    return scan


def late(hours: float) -> Any:
    """A scan of a table whose newest row is this old."""

    def scan(plan: Any) -> Profile:
        from datetime import timedelta

        return replace(a_healthy_scan(plan), watermark=plan.as_of - timedelta(hours=hours))

    return scan


__all__ = ["AS_OF", "Lab", "consent_at", "lab", "late", "people"]
