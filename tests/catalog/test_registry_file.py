from __future__ import annotations

import hashlib
import json
import os
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.catalog.registry_file import RegistryReading, read_versions
from governance_pipeline.errors import CannotEvaluate, GovernanceError
from governance_pipeline.testing import a_model

ARTEFACT = b"weights: 0.1 0.2"
DIGEST = "sha256:" + hashlib.sha256(ARTEFACT).hexdigest()
MODEL = a_model(registry={"path": "registry/mortgage_approval.yaml"})


def an_entry(**changes: Any) -> dict[str, Any]:
    """A version as a training pipeline registers it; a change to None takes the key away."""
    entry = {
        "version": "1",
        "stage": "production",
        "artefact": "artefacts/model-1.bin",
        "digest": DIGEST,
        "registered_at": "2026-02-03T04:05:06+01:00",
        "registered_by": "ben",
        "trained_by": "ada",
        "snapshot": "lending.training_set",
        "snapshot_digest": "sha256:" + "2" * 64,
        "metrics": {"auc": 0.81, "rows": 1989},
        "environment": {"python": "3.11.9"},
        **changes,
    }
    return {key: value for key, value in entry.items() if value is not None}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "registry" / "artefacts"
    folder.mkdir(parents=True)
    (folder / "model-1.bin").write_bytes(ARTEFACT)
    (folder / "model-2.bin").write_bytes(ARTEFACT)
    return tmp_path


def register(root: Path, *entries: Any, model: Any = "mortgage_approval", **more: Any) -> None:
    text = json.dumps({"model": model, "versions": list(entries), **more}, indent=1)
    (root / "registry" / "mortgage_approval.yaml").write_text(text, encoding="utf-8")


def reading(root: Path, *entries: Any) -> RegistryReading:
    register(root, *entries)
    return read_versions(MODEL, root)


def test_a_version_is_read_as_it_was_registered(root: Path) -> None:
    found = reading(root, an_entry())
    assert found.problems == ()
    (version,) = found.versions
    assert (version.model, version.version, version.stage) == ("mortgage_approval", "1", "production")
    assert version.registered_at == datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert (version.registered_by, version.trained_by) == ("ben", "ada")
    assert (version.digest, version.artefact) == (DIGEST, "artefacts/model-1.bin")
    assert (version.snapshot, version.snapshot_digest) == ("lending.training_set", "sha256:" + "2" * 64)
    assert version.metrics == {"auc": 0.81, "rows": 1989}
    assert version.environment == {"python": "3.11.9"}


def test_yaml_is_read_as_well_and_a_bare_number_is_a_version(root: Path) -> None:
    (root / "registry" / "mortgage_approval.yaml").write_text(
        "model: mortgage_approval\n"
        "versions:\n"
        "  - version: 2\n"
        "    stage: candidate\n"
        "    artefact: artefacts/model-2.bin\n"
        f"    digest: {DIGEST}\n"
        "    registered_at: 2026-02-03T04:05:06Z\n"
    )
    (version,) = read_versions(MODEL, root).versions
    assert (version.version, version.stage) == ("2", "candidate")
    assert version.registered_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_versions_come_oldest_registration_first_by_instant_not_by_text(root: Path) -> None:
    later = an_entry(version="b", registered_at="2026-02-03T04:00:00+00:00")
    earlier = an_entry(version="a", registered_at="2026-02-03T05:00:00+02:00")
    found = reading(root, later, earlier)
    assert [version.version for version in found.versions] == ["a", "b"]


def test_a_registry_without_versions_is_empty_and_right(root: Path) -> None:
    assert reading(root) == RegistryReading()


def test_an_absolute_registry_path_is_read_and_named_from_the_project(root: Path) -> None:
    register(root, an_entry(digest="sha256:" + "0" * 64))
    absolute = a_model(registry={"path": str(root / "registry" / "mortgage_approval.yaml")})
    (problem,) = read_versions(absolute, root).problems
    assert problem.startswith("registry/mortgage_approval.yaml:")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"digest": "sha256:" + "0" * 64}, "is not the one that was registered as version 1"),
        ({"digest": "md5:abc"}, "expected sha256: and 64 hexadecimal digits"),
        ({"digest": None}, "'digest' is missing"),
        ({"artefact": "artefacts/gone.bin"}, "artefacts/gone.bin of version 1 cannot be read: No such file"),
        ({"artefact": "artefacts"}, "cannot be read: it is not a file"),
        ({"artefact": "/etc/hostname"}, "must be relative to the registry file"),
        ({"artefact": ""}, "'artefact' cannot be ''; expected some text"),
        ({"registered_at": "2026-02-03T04:05:06"}, "expected a date and time with its offset"),
        ({"registered_at": "2026-02-03"}, "expected a date and time with its offset"),
        ({"registered_at": "yesterday"}, "expected a date and time with its offset"),
        ({"registered_at": 1770000000}, "expected a date and time with its offset"),
        ({"version": 1.1}, "'version' cannot be the number 1.1; expected text (put it in quotes)"),
        ({"version": True}, "'version' cannot be true; expected text"),
        ({"version": "1 2"}, "expected a short name without spaces"),
        ({"version": ""}, "expected a short name without spaces"),
        ({"stage": None}, "'stage' is missing"),
        ({"metrics": {"auc": "good"}}, "'auc' cannot be 'good'; expected a number"),
        ({"stag": "x"}, "did you mean 'stage'?"),
    ],
)
def test_a_version_with_a_problem_is_left_out_and_told_with_file_and_line(
    root: Path, changes: dict[str, Any], said: str
) -> None:
    found = reading(root, an_entry(**changes), an_entry(version="2", artefact="artefacts/model-2.bin"))
    assert [version.version for version in found.versions] == ["2"]
    assert found.problems
    for problem in found.problems:
        assert problem.startswith("registry/mortgage_approval.yaml:")
    assert any(said in problem for problem in found.problems), found.problems


def test_a_problem_names_the_line_it_stands_on(root: Path) -> None:
    register(root, an_entry(), an_entry(version="2", digest="sha256:" + "0" * 64))
    text = (root / "registry" / "mortgage_approval.yaml").read_text().splitlines()
    line = next(number for number, row in enumerate(text, 1) if "0000" in row)
    (problem,) = read_versions(MODEL, root).problems
    assert problem.startswith(f"registry/mortgage_approval.yaml:{line}:")


def test_a_version_registered_twice_is_neither(root: Path) -> None:
    """Which of the two was reviewed? So none may serve."""
    found = reading(root, an_entry(), an_entry(stage="candidate"), an_entry(version="2"))
    assert [version.version for version in found.versions] == ["2"]
    assert len(found.problems) == 2
    assert all("version 1 is registered 2 times" in problem for problem in found.problems)


@pytest.mark.parametrize("stage", ["archived", "retired"])
def test_a_version_out_of_use_may_have_lost_its_artefact(root: Path, stage: str) -> None:
    found = reading(root, an_entry(stage=stage, artefact="artefacts/gone.bin"))
    assert len(found.versions) == 1
    assert found.problems == ()
    wrong = reading(root, an_entry(stage=stage, digest="sha256:" + "0" * 64))
    assert wrong.versions == ()


def test_an_artefact_that_may_not_be_read_is_told(root: Path) -> None:
    os.mkfifo(root / "registry" / "artefacts" / "pipe")
    found = reading(root, an_entry(artefact="artefacts/pipe"))
    assert found.versions == ()
    assert "it is not a file" in found.problems[0]


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def test_a_pickled_artefact_is_hashed_and_never_loaded(root: Path, tmp_path: Path) -> None:
    trace = tmp_path / "it-was-loaded"
    poison = pickle.dumps(Canary(trace))
    (root / "registry" / "artefacts" / "model-1.bin").write_bytes(poison)
    found = reading(root, an_entry(digest="sha256:" + hashlib.sha256(poison).hexdigest()))
    assert len(found.versions) == 1
    assert not trace.exists()
    pickle.loads(poison)
    assert trace.exists(), "the canary itself does not sing"


# --- a registry that is none ------------------------------------------------------------------------


def test_a_registry_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotEvaluate) as error:
        read_versions(MODEL, tmp_path)
    assert "mortgage_approval: the registry file registry/mortgage_approval.yaml is not there" in str(
        error.value
    )
    assert error.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "this is not a model registry"),
        ("[]", "this is not a model registry"),
        ("model: mortgage_approval\nversions: {}", "this is not a model registry"),
        ("model: other\nversions: []", "this registry is of model 'other'"),
        ("versions: []", "this registry is of model"),
        ("model: mortgage_approval\nversions: []\nextra: 1", "the key 'extra' is not known here"),
        ("model: [", "this is not YAML"),
        ("model: &a x\nversions: [*a]", "not allowed"),
        ("model: !!python/object/apply:os.system [id]\nversions: []", "the tag"),
        ("model: x\nmodel: y\nversions: []", "twice"),
        ("\x00", "not YAML"),
    ],
)
def test_a_file_that_is_no_registry_of_the_model_is_refused_by_name(root: Path, text: str, said: str) -> None:
    (root / "registry" / "mortgage_approval.yaml").write_text(text)
    with pytest.raises(CannotEvaluate) as error:
        read_versions(MODEL, root)
    assert "registry/mortgage_approval.yaml" in str(error.value)
    assert said in str(error.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from([*an_entry(), "other"]), json_values, max_size=8) | json_values)
)
def test_no_content_ends_in_anything_but_versions_problems_or_a_plain_refusal(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("registry")
    (folder / "registry").mkdir()
    try:
        found = reading(folder, *entries)
    except GovernanceError:
        return
    assert found.versions == ()
    assert bool(found.problems) == bool(entries)
