"""What an indicator is: a pure function from a night's inputs to measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.lineage.gaps import Gap
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.cross_table import Crosses
from governance_pipeline.profiles.profile import Days, Profile
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ModelVersion
from governance_pipeline.vocabulary.subjects import SubjectManifest

Findings = Mapping[date, frozenset[tuple[str, str]]]
"""What earlier nights found: by night, the (entity, facet) whose measured value warned or failed."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The training snapshot's profile for one model version.

    Attributes:
        days: the snapshot's rows by event day, on the profile's grids; empty where they carry none.
    """

    model: ModelSpec
    version: ModelVersion
    profile: Profile
    days: Days = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatasetInputs:
    """Everything an indicator may look at for one dataset on one night.

    Attributes:
        as_of: end of the night (UTC, exclusive).
        tier: the dataset's risk tier.
        previous: last measured night's profile, None on the first.
        baselines: of every model that reads features from this dataset, for the version that
            serves (or, before a first promotion, the newest).
        owned_sources: datasets of kind source that have an active owner tonight.
        read_at: when the table was really read, if later than ``as_of`` (the night runs hours after
            it ends, a missed night days after): rows dated up to then are not from the future.
        gaps: labels that this dataset's columns lost, and purposes that do not match where a model reads it.
        days: at least the last 35 days up to the night, of the columns that a baseline is compared
            with, on its grids; empty where the rows carry no date.
    """

    night: date
    as_of: datetime
    contract: Contract
    tier: str
    profile: Profile
    previous: Profile | None
    playbook: Playbook
    charter: Charter
    graph: LineageGraph
    baselines: tuple[Baseline, ...] = ()
    owned_sources: frozenset[str] = frozenset()
    minimum_group_size: int = 11
    read_at: datetime | None = None
    days: Days = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted across the columns of one version's training snapshot.

    Attributes:
        snapshot: the dataset's name.
        crosses: None where nothing could be counted, for ``problem``.
        serving: whether the version serves; else it is a newer one that may be promoted.
    """

    version: ModelVersion
    snapshot: str
    crosses: Crosses | None
    problem: str = ""
    serving: bool = True


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """How many of the people whom a version has learned from have withdrawn.

    Attributes:
        manifest: None where the version has none yet.
        withdrawn: by the end of the night; None where that could not be counted, for ``problem``.
        serving: whether the version serves; else it is a newer one that may be promoted.
    """

    version: ModelVersion
    manifest: SubjectManifest | None = None
    withdrawn: int | None = None
    problem: str = ""
    serving: bool = True


@dataclass(frozen=True, slots=True)
class Station:
    """A version at a stage.

    Attributes:
        problem: why it should not be there, "" where a permit stands.
        since: when it took the stage; when it was registered, where nobody recorded that.
        rehearsed: when a rollback from it was last rehearsed and could have been done; None for never.
        no_way_back: why the newest rehearsal found that it could not be done, "" where it did not.
    """

    version: str
    stage: str
    problem: str
    since: datetime | None = None
    rehearsed: datetime | None = None
    no_way_back: str = ""


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """Everything an indicator may look at for one model on one night.

    Attributes:
        profiles: of the datasets the model touches that could be scanned, by name.
        version: the version that serves, None where none is registered.
        counted: of the version that serves, and of the newest where its training data differs.
        baseline: the profile of the data the version that serves was trained on; None where there is none.
        withdrawals: of the version that serves, and of a newer one.
        stations: the versions at stages that need a permit or a rehearsed way back.
    """

    night: date
    as_of: datetime
    model: ModelSpec
    version: ModelVersion | None
    profiles: Mapping[str, Profile]
    playbook: Playbook
    charter: Charter
    graph: LineageGraph
    minimum_group_size: int = 11
    counted: tuple[Counted, ...] = ()
    baseline: Profile | None = None
    withdrawals: tuple[Withdrawals, ...] = ()
    stations: tuple[Station, ...] = ()


@dataclass(frozen=True, slots=True)
class NightInputs:
    """Everything an indicator may look at that compares datasets with each other.

    Attributes:
        contracts: of all datasets; ``measured`` the names of those that are measured tonight.
        profiles: of those that could be scanned, by name; of those not asked for tonight, the last
            night's.
    """

    night: date
    as_of: datetime
    contracts: Mapping[str, Contract]
    measured: tuple[str, ...]
    profiles: Mapping[str, Profile]
    playbook: Playbook
    charter: Charter
    graph: LineageGraph
    minimum_group_size: int = 11


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the registry.

    Attributes:
        name: as in the playbook and in every row.
        subject: what it measures.
        measure_dataset, measure_model: the pure function. It yields at least one measurement for every
            entity it applies to and none where it does not apply (e.g. drift of a dataset no model
            reads).
        measure_night: where datasets are compared with each other: all of a night at once.
        expects_dataset: whether it applies, by the contract and the project's models alone; the night's
            seal counts on it. None: it is not expected of any dataset, and measured where it measures.
        expects_model: the same for a model.
        conclude: optional second step over all of a night's measurements of this indicator
            (false-discovery control); returns them with their final outcomes.
        conclude_after: the same for an indicator whose conclusion also rests on what earlier nights
            found; it takes the place of ``conclude``.
        nights_back: how many nights before tonight ``conclude_after`` wants to know.
    """

    name: str
    title: str
    subject: Literal["dataset", "model"]
    measure_dataset: Callable[[DatasetInputs], Iterable[Measurement]] | None = None
    measure_model: Callable[[ModelInputs], Iterable[Measurement]] | None = None
    measure_night: Callable[[NightInputs], Iterable[Measurement]] | None = None
    expects_dataset: Callable[[Contract, Sequence[ModelSpec]], bool] | None = None
    expects_model: Callable[[ModelSpec], bool] | None = None
    conclude: Callable[[list[Measurement], Playbook], list[Measurement]] | None = None
    conclude_after: Callable[[list[Measurement], Playbook, Findings], list[Measurement]] | None = None
    nights_back: Callable[[Playbook], int] | None = None
    tags: frozenset[str] = field(default_factory=frozenset)
