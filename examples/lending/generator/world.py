"""Harbour Lending, night by night: what its platform would write, faults included.

world = LendingWorld(Path("demo"), seed=7)
world.prepare()
for night in range(1, world.nights + 1):
    world.land(night)
"""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from governance_pipeline.errors import UsageError

from . import model
from .faults import OWNER_LEAVES, PURGE_STOPS, TYPE_CHANGES, UNIT_CHANGES, VERSION_2
from .jobs import Jobs
from .nights import HISTORY_FIRST, SERVING_FIRST, ZONE, Nights, contract_holidays
from .population import draw_applications
from .records import usable_records
from .scoring import score, with_decisions
from .tables import Arrivals, as_the_newer_form_sends, source_tables
from .warehouse import Warehouse

HERE = Path(__file__).parent
TEMPLATE = HERE.parent
PROJECT_FILES = ("governance.yaml", "charter.yaml", "README.md")
PROJECT_FOLDERS = ("datasets", "models", "playbook", "registry", "sql")
EVER = -(10**6)
SNAPSHOT_DAY = SERVING_FIRST - 1
SNAPSHOT_2 = "training_snapshot_2"
START_LINE = "start: 2026-01-01"
UNTIL_LINE = "until: 2026-12-31"
INCOMES_KEPT_DAYS = 44  # one day less than the contract allows: the purge runs once a day
OPEN_FILES_FROM = -9  # scored applications of this day and later may still wait for a decision
JOB_SOURCES = ("applicants", "applications", "incomes", "properties")
FEATURE_JOBS = ("applicant_features", "property_features")


class LendingWorld:
    """The sample lender.

    The same ``seed``, ``nights`` and ``last_night`` give the same files, in one process or in several.

    Args:
        root: folder of the project; :meth:`prepare` makes it.
        seed: of every random choice.
        nights: how many nights the sample has; faults planted after them do not happen.
        last_night: date of the last night; yesterday in New York by default.
    """

    def __init__(self, root: Path, *, seed: int, nights: int = 60, last_night: date | None = None) -> None:
        if nights < 1:
            raise UsageError("a sample needs at least one night", hint="ask for 1 night or more")
        self.root = root
        self.seed = seed
        self.nights = nights
        self.last_night = last_night or datetime.now(ZONE).date() - timedelta(days=1)
        holidays = contract_holidays(TEMPLATE / "datasets" / "decisions.odcs.yaml")
        self._calendar = Nights(self.last_night, nights, holidays)
        self._warehouse = Warehouse(root)

    def date(self, night: int) -> date:
        """The date of night 1, 2 ..."""
        return self._calendar.date(night)

    def prepare(self) -> None:
        """Write the project folder and everything that happened before night 1.

        Raises:
            UsageError: the folder is not empty.
        """
        if self.root.exists() and any(self.root.iterdir()):
            raise UsageError(
                f"the folder {self.root} is not empty", hint="remove it, or name a folder that does not exist"
            )
        self._copy_template()
        history = {name: rows.between(EVER, 0) for name, rows in self._sources.items()}
        self._write_history(history)
        features = self._build_history(history)
        self._score_history(history, *features)

    def land(self, night: int) -> None:
        """Write what the platform writes in the night ``night`` (1, 2 ...); again gives the same files.

        Raises:
            UsageError: there is no such night, or the project was not prepared.
        """
        if not 1 <= night <= self.nights:
            raise UsageError(f"there is no night {night}", hint=f"the sample has nights 1 to {self.nights}")
        if not (self.root / model.REGISTRY).exists():
            raise UsageError(f"{self.root} is not a prepared sample project", hint="call prepare() first")
        arrived = {name: rows.between(night, night) for name, rows in self._sources.items()}
        if night >= TYPE_CHANGES:
            arrived["applications"] = as_the_newer_form_sends(arrived["applications"], self._answered)
        for name, rows in arrived.items():
            self._warehouse.write(name, str(self.date(night)), rows)
        self._build_and_score(night, arrived)
        self._add_decisions(arrived["decisions"])
        if night < PURGE_STOPS:
            self._warehouse.purge("incomes", self.date(night), INCOMES_KEPT_DAYS)
        if night == VERSION_2:
            self._retrain(night)

    def close(self) -> None:
        """Close the jobs' database."""
        if "_jobs" in self.__dict__:
            self._jobs.close()
            del self.__dict__["_jobs"]

    @cached_property
    def _drawn(self) -> pd.DataFrame:
        return draw_applications(usable_records(), self._calendar, np.random.default_rng(self.seed))

    @cached_property
    def _sources(self) -> dict[str, Arrivals]:
        return source_tables(self._drawn, self._calendar)

    @cached_property
    def _answered(self) -> frozenset[str]:
        """The applications that say how many dependents there are after the form has changed."""
        return frozenset(self._drawn.loc[~self._drawn["skips_dependents"], "application_id"])

    @cached_property
    def _day_of(self) -> dict[str, int]:
        return dict(zip(self._drawn["application_id"], self._drawn["day"].tolist(), strict=True))

    @cached_property
    def _jobs(self) -> Jobs:
        return Jobs(self.root)

    def _copy_template(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for name in PROJECT_FILES:
            shutil.copyfile(TEMPLATE / name, self.root / name)
        for name in PROJECT_FOLDERS:
            shutil.copytree(TEMPLATE / name, self.root / name)
        self._rewrite("governance.yaml", START_LINE, f"start: {self.date(1)}")
        self._rewrite("charter.yaml", UNTIL_LINE, f"until: {self.date(OWNER_LEAVES - 1)}")

    def _rewrite(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise UsageError(f"the sample's {name} does not contain '{old}' once", hint="restore the file")
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _write_history(self, history: dict[str, pa.Table]) -> None:
        """One archive per source; daily files of the incomes, because those are purged by the day."""
        for name, rows in history.items():
            if name != "incomes":
                self._warehouse.write(name, self._archive(EVER, 0), rows)
        for day in range(1 - INCOMES_KEPT_DAYS, 1):
            self._warehouse.write("incomes", str(self.date(day)), self._sources["incomes"].between(day, day))

    def _build_history(self, history: dict[str, pa.Table]) -> tuple[pa.Table, pa.Table]:
        """Run the jobs over the whole history; take the snapshot and train version 1 on the way."""
        self._jobs.give(history)
        applicant, home = (self._jobs.run(name) for name in FEATURE_JOBS)
        known = {name: self._sources[name].between(EVER, SNAPSHOT_DAY) for name in ("decisions", "consents")}
        self._jobs.give({"applicant_features": applicant, "property_features": home, **known})
        snapshot = self._jobs.run("training_snapshot")
        self._warehouse.write("training_snapshot", str(self.date(SNAPSHOT_DAY)), snapshot)
        self._register(
            "1", SNAPSHOT_DAY, "training_snapshot", stage="production", strength=1.0, balanced=False
        )
        for name, rows in zip(FEATURE_JOBS, (applicant, home), strict=True):
            self._warehouse.write(name, self._archive(EVER, 0), rows)
        self.close()  # the nights' jobs read tonight's rows, not the history
        return applicant, home

    def _score_history(self, history: dict[str, pa.Table], applicant: pa.Table, home: pa.Table) -> None:
        """Version 1 has served since the day after the snapshot; its newest files wait for decisions."""
        scored = self._score(applicant, home, history["applicants"], 0)
        scored = with_decisions(scored, history["decisions"])
        day = np.array([self._day_of[number] for number in scored["application_id"].to_pylist()])
        settled = (day >= SERVING_FIRST) & (day < OPEN_FILES_FROM)
        self._warehouse.write(
            "scored_applications", self._archive(SERVING_FIRST, OPEN_FILES_FROM - 1), scored.filter(settled)
        )
        for one in range(OPEN_FILES_FROM, 1):
            self._warehouse.write("scored_applications", str(self.date(one)), scored.filter(day == one))

    def _build_and_score(self, night: int, arrived: dict[str, pa.Table]) -> None:
        changed = HERE / "applicant_features_night_24.sql"
        original = TEMPLATE / "sql" / "applicant_features.sql"
        shutil.copyfile(
            changed if night >= UNIT_CHANGES else original, self.root / "sql" / "applicant_features.sql"
        )
        self._jobs.give({name: arrived[name] for name in JOB_SOURCES})
        self._jobs.give_files("bureau_scores", self._warehouse.pattern("bureau_scores"))
        applicant, home = (self._jobs.run(name) for name in FEATURE_JOBS)
        for name, rows in zip(FEATURE_JOBS, (applicant, home), strict=True):
            self._warehouse.write(name, str(self.date(night)), rows)
        scored = self._score(applicant, home, arrived["applicants"], night)
        self._warehouse.write("scored_applications", str(self.date(night)), scored)

    def _score(self, applicant: pa.Table, home: pa.Table, people: pa.Table, night: int) -> pa.Table:
        return score(model.deployed(self.root, "1"), "1", applicant, home, people, night=night)

    def _add_decisions(self, decisions: pa.Table) -> None:
        """Tonight's decisions complete the predictions of the days they were asked on."""
        days = {self._day_of[number] for number in decisions["application_id"].to_pylist()}
        for day in sorted(days):
            name = str(self.date(day))
            scored = self._warehouse.read("scored_applications", name)
            self._warehouse.write("scored_applications", name, with_decisions(scored, decisions))

    def _retrain(self, night: int) -> None:
        """Version 2, on a snapshot of its own: its contract, its job and its rows come with it."""
        for folder, name in (("datasets", f"{SNAPSHOT_2}.odcs.yaml"), ("sql", f"{SNAPSHOT_2}.sql")):
            text = (HERE / "version_2" / name).read_text(encoding="utf-8")
            (self.root / folder / name).write_text(
                text.replace("{night}", str(self.date(night))), encoding="utf-8"
            )
        for name in ("training_snapshot", "consents"):
            self._jobs.give_files(name, self._warehouse.pattern(name))
        self._warehouse.write(SNAPSHOT_2, str(self.date(night)), self._jobs.run(SNAPSHOT_2))
        self._register("2", night, SNAPSHOT_2, stage="candidate", strength=0.1, balanced=True)

    def _register(
        self, version: str, day: int, snapshot: str, *, stage: str, strength: float, balanced: bool
    ) -> None:
        file = self._warehouse.file(snapshot, str(self.date(day)))
        at = self._calendar.instant(day, 15 * 3600)
        model.register(
            self.root,
            version,
            file,
            snapshot=snapshot,
            stage=stage,
            at=at,
            strength=strength,
            balanced=balanced,
        )

    def _archive(self, first: int, last: int) -> str:
        return f"{self.date(max(first, HISTORY_FIRST))}_to_{self.date(last)}"
