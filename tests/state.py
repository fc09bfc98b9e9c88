"""Everything a store answers, through its ports: to compare two stores of any kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from governance_pipeline.store.ports import Store


def state(
    store: Store, nights: Iterable[date], datasets: Iterable[str], models: Iterable[str]
) -> dict[str, Any]:
    """What the store holds about these nights, datasets and models."""
    days = sorted(nights)
    with store.begin() as unit:
        incidents = unit.incidents.list()
        reviews = unit.reviews.list()
        return {
            "nights": list(unit.nights.between(days[0], days[-1])),
            "measurements": {day: list(unit.measurements.of_night(day)) for day in days},
            "risks": {day: list(unit.risks.of_night(day)) for day in days},
            "profiles": {(name, day): unit.profiles.get(name, day) for name in datasets for day in days},
            "lineage": {day: list(unit.lineage.of_night(day)) for day in days},
            "incidents": list(incidents),
            "incident events": {i.id: list(unit.incidents.events(i.id)) for i in incidents},
            "alerts": list(unit.outbox.list()),
            "reviews": list(reviews),
            "review events": {review: list(unit.reviews.events(review)) for review, _ in reviews},
            "versions": {model: list(unit.versions.of_model(model)) for model in models},
        }
