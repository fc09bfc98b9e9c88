"""Each planted fault is found where it was planted, in time, and told once; nothing else is found."""

from __future__ import annotations

from collections import Counter

import pytest

from examples.lending.generator.faults import FAULTS, Fault
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.night import (
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    NightSealed,
    ReviewOpened,
)
from tests.story.conftest import NIGHTS, Story

pytestmark = pytest.mark.story

MEASURED = [fault for fault in FAULTS if fault.indicator != "milestone"]
VERSION_2 = next(fault for fault in FAULTS if fault.indicator == "milestone")
PLANTED = {(fault.entity, fault.indicator) for fault in MEASURED}

# What the README says is seen downstream of the lost owner and of the debt ratio's new unit; everything else
# stays where it was planted.
DOWNSTREAM = {
    ("model:mortgage_approval", "prediction_drift"),
    ("dataset:lending.property_features", "provenance"),
    ("dataset:lending.training_snapshot", "provenance"),
    ("dataset:lending.training_snapshot_2", "provenance"),
    ("model:mortgage_approval", "withdrawals"),
}


def test_all_sixty_nights_were_sealed_with_every_check_received_or_named_as_missing(story: Story):
    seals = story.events(NightSealed)
    assert len(seals) == NIGHTS
    assert all(seal.received == seal.expected and not seal.missing for seal in seals)
    of_version = [seal for seal in seals if story.number(seal.night) >= VERSION_2.first_night]
    assert {seal.expected for seal in seals if seal not in of_version} == {seals[0].expected}
    assert {seal.expected - seals[0].expected for seal in of_version} == {4}  # its snapshot is a dataset too
    assert [event for event in story.events(DatasetScanned) if event.error] == []


@pytest.mark.parametrize("fault", MEASURED, ids=lambda fault: fault.name)
def test_a_fault_is_an_incident_of_its_entity_and_indicator_in_time(story: Story, fault: Fault):
    opened = [
        event
        for event in story.events(IncidentChanged)
        if event.act is IncidentAct.OPENED
        and event.incident.root_incident is None
        and (str(event.incident.entity), event.incident.indicator) == (fault.entity, fault.indicator)
    ]
    assert opened, f"{fault.title} was never found"
    first = min(opened, key=lambda event: event.night)
    assert fault.first_night <= story.number(first.night) <= fault.last_night
    assert fault.facet_hint in f"{first.incident.facet} {first.incident.sentence}"
    assert first.incident.root == first.incident.entity


@pytest.mark.parametrize("fault", MEASURED, ids=lambda fault: fault.name)
def test_before_a_fault_begins_its_indicator_breaches_on_no_night(story: Story, fault: Fault):
    early = [
        event.measurement
        for number in range(1, fault.first_night)
        for event in story.events(IndicatorMeasured, number)
        if (str(event.measurement.entity), event.measurement.indicator) == (fault.entity, fault.indicator)
        and event.measurement.outcome.is_breach
    ]
    assert early == []


@pytest.mark.parametrize("fault", MEASURED, ids=lambda fault: fault.name)
def test_the_owner_of_a_fault_receives_one_message_about_it_and_nobody_else_does(story: Story, fault: Fault):
    known = story.incidents()
    about = [
        message
        for message in story.delivered
        if message["incident"]
        and (str(known[message["incident"]].entity), known[message["incident"]].indicator)
        == (fault.entity, fault.indicator)
    ]
    assert [message["recipient"] for message in about] == [fault.owner]
    (message,) = about
    for section in (
        "WHAT BROKE",
        "SINCE",
        "WHAT FOLLOWS",
        "WHAT TO DO NEXT",
        "WHERE TO LOOK",
        "WHY YOU ARE TOLD",
    ):
        assert section in message["body"]


def test_one_message_is_received_per_root_cause_and_none_twice(story: Story):
    about_incidents = [message for message in story.delivered if message["incident"]]
    assert len(about_incidents) == len(MEASURED)
    assert max(Counter(message["key"] for message in story.delivered).values()) == 1
    known = story.incidents()
    assert all(known[message["incident"]].root_incident is None for message in about_incidents)


def test_every_incident_of_sixty_nights_leads_back_to_a_planted_fault(story: Story):
    known = story.incidents()
    for incident in known.values():
        root = known[incident.root_incident] if incident.root_incident else incident
        assert root.root_incident is None
        assert (str(root.entity), root.indicator) in PLANTED, incident.sentence


def test_clean_datasets_and_models_breach_on_no_night(story: Story):
    allowed = PLANTED | DOWNSTREAM
    strange = [
        (night.number, event.measurement.sentence)
        for night in story.nights
        for event in night.events
        if isinstance(event, IndicatorMeasured)
        and event.measurement.outcome.is_breach
        and (str(event.measurement.entity), event.measurement.indicator) not in allowed
    ]
    assert strange == []


def test_the_models_scores_move_with_the_debt_ratio_and_are_not_told_again(story: Story):
    (moved,) = [one for one in story.incidents().values() if one.indicator == "prediction_drift"]
    cause = story.incidents()[moved.root_incident]
    assert (str(cause.entity), cause.facet) == ("dataset:lending.applicant_features", "debt_ratio")
    assert not [message for message in story.delivered if message["incident"] == moved.id]


def test_nothing_is_opened_again_and_nothing_closes_that_was_not_repaired(story: Story):
    """All faults last. The one incident that may close is about the night the schema changed."""
    incidents = story.incidents().values()
    assert {incident.times_opened for incident in incidents} == {1}
    closed = {(i.entity.name, i.indicator, i.facet) for i in incidents if i.status is IncidentStatus.RESOLVED}
    assert closed <= {("lending.applications", "quality", "schema_change")}


def test_the_new_version_opens_its_review_on_its_night_for_the_functions_the_playbook_names(story: Story):
    """By hand from playbook/reviews.yaml: a critical model asks engineering, business, compliance, legal and
    ethics; breaches of recency (the vendor) add vendor management, those of consent and retention privacy.
    """
    opened = [
        e
        for e in story.events(ReviewOpened)
        if f"version:{e.milestone.model}/{e.milestone.version}" == VERSION_2.entity
    ]
    (event,) = opened
    assert story.number(event.milestone.night) == VERSION_2.first_night
    assert event.milestone.kind == VERSION_2.facet_hint
    assert set(event.functions) == {
        "engineering", "business", "compliance", "legal", "ethics", "vendor_management", "privacy",
    }  # fmt: skip


def test_the_review_is_told_once_to_the_models_owner_and_once_to_each_who_may_decide(story: Story):
    (event,) = [e for e in story.events(ReviewOpened) if e.milestone.version == "2"]
    about = [m for m in story.delivered if m["incident"] is None and event.review in m["key"]]
    told = Counter(message["recipient"] for message in about)
    assert told == Counter(
        {
            VERSION_2.owner: 1,
            "anika.sorensen": 1,
            "carla.nunes": 1,
            "samuel.adeyemi": 1,
            "helen.brandt": 1,
            "mei.tanaka": 1,
            "grace.okonkwo": 1,
            "piotr.zielinski": 1,
        }
    )


def test_no_message_names_a_person_of_the_data(story: Story):
    import re

    text = "\n".join(message["body"] + message["subject"] for message in story.delivered)
    assert not re.search(r"\b[ASRCMW]\d{7,8}\b", text)
