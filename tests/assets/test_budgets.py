"""A thousand and five thousand tables stay within what Dagster carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
import pytest

from assets.automation import NIGHTLY, nightly_job
from assets.checks import MOST_ROLL_UPS, CheckBook
from assets.findings import Findings, Seal
from assets.indicators import MOST_LOGGED, night_asset, report_night
from assets.location import build_definitions
from assets.stages import MOST_OBSERVATIONS
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.indicators.registry import expected_keys
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import NIGHT, FakeEngine, a_services
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.risk import RiskScore
from tests.assets.support import NOW, checks_of, deps_of, generated

EDGES, EVENTS = 18_000, 1_000


@pytest.fixture(scope="module", params=[1000, 5000])
def project(request, tmp_path_factory):
    return generated(tmp_path_factory.mktemp("generated"), request.param)


@pytest.fixture(scope="module")
def defs(project):
    return build_definitions(project, now=NOW)


def a_bad_night(project) -> Findings:
    """Everything is measured; every second table fails and has an incident that opened tonight."""
    pairs = expected_keys(project, project.contracts.values(), project.models.values())
    names = {name: number for number, name in enumerate(project.contracts)}
    measurements = [
        Measurement(
            NIGHT,
            (entity := Entity.parse(text)),
            indicator,
            Outcome.FAIL if names.get(entity.name, 1) % 2 == 0 else Outcome.PASS,
            f"{indicator} of {entity.name}.",
            "P-1",
        )
        for text, indicator in sorted(pairs)
    ]
    failing = sorted({m.entity for m in measurements if m.outcome is Outcome.FAIL})
    return Findings(
        night=NIGHT,
        measurements=measurements,
        risks=[RiskScore(NIGHT, entity, 50.0, "medium") for entity in failing],
        rows=dict.fromkeys(project.contracts, 10_000),
        changes=[(IncidentAct.OPENED, _incident(entity)) for entity in failing],
        seal=Seal(len(measurements), len(measurements)),
    )


def _incident(entity: Entity) -> Incident:
    return Incident(
        f"INC-{entity.name}", entity, "recency", "", IncidentStatus.OPEN, "ada", "late", NIGHT, NIGHT, entity
    )


def test_the_graph_stays_small_enough_to_draw(project, defs):
    specs = defs.resolve_all_asset_specs()
    assert len(specs) > len(project.contracts)
    edges = sum(len(deps_of(spec)) for spec in specs)
    assert len(project.contracts) < edges < EDGES


def test_checks_are_rolled_up_per_namespace_and_indicator(defs):
    checks = checks_of(defs)
    assert 0 < len(checks) <= MOST_ROLL_UPS
    assert {asset.split("/")[0] for asset, _ in checks} == {"governance"}


def test_no_night_can_write_more_than_a_thousand_events(project):
    reports = Counter(
        type(report).__name__ for report in report_night(CheckBook(project), a_bad_night(project))
    )
    assert reports["AssetObservation"] == MOST_OBSERVATIONS
    assert reports["AssetCheckResult"] <= MOST_ROLL_UPS
    # A check and a part of the night each cost Dagster three events: planned, found, and an output. A run
    # and its one step begin, log and end with ten more. The log has a line for the seal, one for the rest.
    parts = reports["MaterializeResult"]
    assert 3 * (parts + MOST_ROLL_UPS) + MOST_OBSERVATIONS + MOST_LOGGED + 2 + 10 <= EVENTS


@dataclass
class Offered:
    """The project's resource, with services that stand ready."""

    services: Services

    @contextmanager
    def open(self) -> Iterator[Services]:
        yield self.services


def test_half_of_a_thousand_tables_gone_is_a_night_of_at_most_a_thousand_events(tmp_path, instance):
    project = generated(tmp_path, 1000)
    gone = dict.fromkeys(list(project.contracts)[::2], CannotEvaluate("the file is gone"))
    services = a_services(tmp_path, project=project, engine=FakeEngine(gone))
    defs = dg.Definitions(
        assets=[night_asset(project)],
        jobs=[nightly_job(project)],
        resources={"governance": dg.ResourceDefinition.hardcoded_resource(Offered(services))},
    )
    run = defs.resolve_job_def(NIGHTLY).execute_in_process(instance=instance, partition_key=NIGHT.isoformat())
    assert run.success
    entries = instance.all_logs(run.run_id)
    assert len(entries) <= EVENTS
    observed = [e for e in entries if e.is_dagster_event and "OBSERVATION" in e.dagster_event_type.value]
    assert len(observed) == MOST_OBSERVATIONS
    assert any("more lines like these" in entry.user_message for entry in entries)


def test_a_roll_up_names_the_worst_tables_and_says_how_many_more(project):
    found = {
        (str(result.asset_key.path[-1]), result.check_name): result
        for result in CheckBook(project).results(a_bad_night(project).measurements)
    }
    check = found["recency", "area_00"]
    tables = len(project.contracts) // 40
    assert not check.passed
    assert check.metadata["measured"].value == f"{tables:,} fail"  # every fortieth table is an even one
    lines = check.metadata["findings"].value.splitlines()
    assert len([line for line in lines if line.startswith("| fail")]) == min(25, tables)
    assert lines[-1] == f"and {tables - 25:,} more" or tables <= 25


def test_every_measurement_of_a_rolled_up_night_is_in_exactly_one_check(project):
    night = a_bad_night(project)
    counted = 0
    for result in CheckBook(project).results(night.measurements):
        counted += sum(
            int(part.split()[0].replace(",", "")) for part in result.metadata["measured"].value.split(", ")
        )
    assert counted == len(night.measurements)
