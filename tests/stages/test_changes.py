"""What changed in feature stores and registries opens reviews, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.catalog.feast_messages import Message
from governance_pipeline.nightly import open_new_reviews, run_night
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.stages import reviewing
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import NIGHT, a_model, a_services, a_small_project
from governance_pipeline.vocabulary.night import ReviewOpened
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind
from tests.catalog.feast_registries import FLOAT, INT64, a_function, a_registry, a_service, a_source, a_view
from tests.catalog.mlflow_server import FakeMlflow, serving

BEFORE = NIGHT - timedelta(days=1)
FEAST = {"feast": {"registry": "registry.db"}}


def of_kind(services: Services, night, kind: MilestoneKind) -> list[Milestone]:
    """The milestones of a kind for which a night opens reviews."""
    events = list(run_night(services, night))
    return [
        event.milestone
        for event in events
        if isinstance(event, ReviewOpened) and event.milestone.kind is kind
    ]


# --- feature views ----------------------------------------------------------------------------------


def write(root: Path, change: Callable[[Message], object] = lambda registry: None) -> None:
    """The registry: a view with two features that the model's service serves, and one that nobody reads."""
    registry = a_registry()
    view = a_view(registry, features={"ratio": FLOAT, "debt": FLOAT})
    view.ttl.seconds = 86400
    a_function(view, "def compute(df): ...")
    a_view(registry, "unread", source=a_source(file_options={"uri": "data/unread.parquet"}))
    a_service(registry, views={"incomes": ["ratio"]})
    change(registry)
    (root / "registry.db").write_bytes(registry.SerializeToString())


def a_store_project(root: Path) -> Services:
    write(root)
    model = a_model().model_copy(update={"feature_service": "lending/approval"})
    project = a_small_project(root, settings={"catalog": [FEAST]}, models={model.name: model})
    return a_services(root, project=project)


def _retyped(registry: Message) -> None:
    registry.feature_views[0].spec.features[0].value_type = INT64


def _another_feature(registry: Message) -> None:
    registry.feature_views[0].spec.features[1].name = "income"


def _another_function(registry: Message) -> None:
    registry.feature_views[0].spec.feature_transformation.user_defined_function.body_text += "#"


def _shorter(registry: Message) -> None:
    registry.feature_views[0].spec.ttl.seconds = 3600


def _gone(registry: Message) -> None:
    del registry.feature_views[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_retyped, "lending/incomes has ratio as INT64, not FLOAT."),
        (_another_feature, "lending/incomes has the new feature income; lost the feature debt."),
        (_another_function, "lending/incomes has another source or another function."),
        (_shorter, "lending/incomes has the ttl 1 h, not 1 d."),
        (_gone, "lending/incomes is gone."),
    ],
)
def test_a_changed_view_opens_a_review_of_the_version_that_reads_it(
    tmp_path: Path, change: Callable[[Message], object], words: str
):
    services = a_store_project(tmp_path)
    assert of_kind(services, BEFORE, MilestoneKind.FEATURE_STORE_CHANGE) == []
    write(tmp_path, change)
    (found,) = of_kind(services, NIGHT, MilestoneKind.FEATURE_STORE_CHANGE)
    assert (found.model, found.version) == ("mortgage_approval", "1")
    assert found.sentence.startswith("1 feature view that mortgage_approval reads changed since the night of")
    assert found.sentence.endswith(words)
    assert of_kind(services, NIGHT, MilestoneKind.FEATURE_STORE_CHANGE) == []  # a night that is run again
    assert not open_new_reviews(services)
    opened = [m for m, _ in list_reviews(services.store) if m.kind is MilestoneKind.FEATURE_STORE_CHANGE]
    assert len(opened) == 1


def _of_another(registry: Message) -> None:
    registry.feature_views[1].spec.features[0].value_type = INT64


def _new_view(registry: Message) -> None:
    a_view(registry, "fresh")


def _renewed_words(registry: Message) -> None:
    spec = registry.feature_views[0].spec
    spec.description, spec.owner, spec.online = "other words", "somebody", True
    spec.tags["team"] = "new"


@pytest.mark.parametrize("change", [lambda registry: None, _of_another, _new_view, _renewed_words])
def test_what_the_model_does_not_read_or_feel_opens_none(tmp_path: Path, change: Callable[[Message], object]):
    services = a_store_project(tmp_path)
    list(run_night(services, BEFORE))
    write(tmp_path, change)
    assert of_kind(services, NIGHT, MilestoneKind.FEATURE_STORE_CHANGE) == []


def test_a_registry_that_cannot_be_read_has_not_changed(tmp_path: Path):
    services = a_store_project(tmp_path)
    list(run_night(services, BEFORE))
    (tmp_path / "registry.db").write_bytes(b"")
    assert of_kind(services, NIGHT, MilestoneKind.FEATURE_STORE_CHANGE) == []


def test_a_place_that_is_read_no_more_has_not_lost_its_views(tmp_path: Path):
    services = a_store_project(tmp_path)
    list(run_night(services, BEFORE))
    settings = services.project.settings.model_copy(update={"catalog": ()})
    without = replace(services, project=replace(services.project, settings=settings))
    assert of_kind(without, NIGHT, MilestoneKind.FEATURE_STORE_CHANGE) == []


# --- aliases ----------------------------------------------------------------------------------------


@pytest.fixture
def fake() -> Iterator[FakeMlflow]:
    with serving(FakeMlflow()) as server:
        at = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
        for version in ("1", "2"):
            server.add_version(version, creation_timestamp=at + int(version))
        server.alias("champion", "1")
        yield server


def a_registered(root: Path, fake: FakeMlflow) -> Services:
    model = a_model(registry={"mlflow": {"connection": "tracking"}})
    settings = {"connections": {"tracking": {"url": fake.url}}}
    return a_services(root, project=a_small_project(root, settings=settings, models={model.name: model}))


def test_an_alias_that_moves_by_night_opens_a_review_once(tmp_path: Path, fake: FakeMlflow):
    services = a_registered(tmp_path, fake)
    assert of_kind(services, BEFORE, MilestoneKind.MOVED_ALIAS) == []
    fake.alias("champion", "2")
    (found,) = of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS)
    assert (found.model, found.version) == ("mortgage_approval", "2")
    assert found.sentence.startswith("The alias champion of mortgage_approval is version 2;")
    assert found.sentence.endswith("it was version 1.")
    assert of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS) == []
    assert not open_new_reviews(services)


def test_an_alias_that_moves_by_day_opens_a_review_and_the_night_opens_no_other(
    tmp_path: Path, fake: FakeMlflow
):
    services = a_registered(tmp_path, fake)
    list(run_night(services, BEFORE))
    fake.alias("champion", "2")
    (opening,) = open_new_reviews(services)
    assert opening.milestone.kind is MilestoneKind.MOVED_ALIAS
    assert not open_new_reviews(services)
    assert of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS) == []


def test_an_alias_given_to_a_known_model_is_one_that_moved(tmp_path: Path, fake: FakeMlflow):
    services = a_registered(tmp_path, fake)
    list(run_night(services, BEFORE))
    fake.alias("shadow", "2")
    (found,) = of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS)
    assert found.sentence.endswith("it was none.")


def test_an_alias_that_moves_to_an_approved_version_needs_no_other_review(
    tmp_path: Path, fake: FakeMlflow, monkeypatch: pytest.MonkeyPatch
):
    services = a_registered(tmp_path, fake)
    list(run_night(services, BEFORE))
    monkeypatch.setattr(
        reviewing,
        "list_reviews",
        lambda store: [
            (milestone, _approved(state) if state.version == "2" else state)
            for milestone, state in list_reviews(store)
        ],
    )
    fake.alias("champion", "2")
    assert of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS) == []


def _approved(state: ReviewState) -> ReviewState:
    return replace(state, required={})


def test_while_the_server_does_not_answer_no_alias_has_moved(tmp_path: Path, fake: FakeMlflow):
    services = a_registered(tmp_path, fake)
    list(run_night(services, BEFORE))
    fake.broken["registered-models/get"] = (500, "")
    assert of_kind(services, NIGHT, MilestoneKind.MOVED_ALIAS) == []
