"""When things happen: the schedule, catching up on missed nights, milestones, sending alerts.

Dagster's schedules drop ticks while the daemon is down and count only materialisations as news, so
which nights are due is asked of the project's own store, and each is requested once.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.checks import check_specs
from assets.indicators import night_specs
from assets.resources import GovernanceResource
from governance_pipeline.charter.project import Project
from governance_pipeline.nightly import last_due_night, missed_nights, open_new_reviews
from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.outbox import dispatch

NIGHTLY = "nightly"
REVIEWS = "open_reviews"
CATCH_UP_SECONDS = 600
CATCH_UP_AT_ONCE = 3
MAX_ATTEMPTS = 3
ALERT_SECONDS = 60
MILESTONE_SECONDS = 300


def nightly_job(project: Project) -> UnresolvedAssetJobDefinition:
    """The whole night: its assets, and the checks on the tables it measures."""
    assets = dg.AssetSelection.assets(*(spec.key for spec in night_specs(project)))
    checks = dg.AssetSelection.checks(*(spec.key for spec in check_specs(project)))
    return dg.define_asset_job(NIGHTLY, selection=assets | checks, description="Measure one night.")


def nightly_schedule(project: Project) -> dg.ScheduleDefinition:
    """The cron of governance.yaml, in its time zone; measures the day that has just ended."""
    schedule = project.settings.schedule

    @dg.schedule(
        name="nightly_schedule",
        job_name=NIGHTLY,
        cron_schedule=schedule.cron,
        execution_timezone=schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs the night after its day has ended.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        night = context.scheduled_execution_time.date() - timedelta(days=1)
        if night < schedule.start:
            return dg.SkipReason(f"the first night is {schedule.start}")
        return dg.RunRequest(run_key=run_key(night, 0), partition_key=night.isoformat())

    return tick


def run_key(night: date, failures: int) -> str:
    """The schedule and the catch-up ask for a night with the same key, so it is run once."""
    return f"night-{night}-{failures}"


@dg.sensor(
    job_name=NIGHTLY,
    minimum_interval_seconds=CATCH_UP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests every due night that was never sealed, oldest first.",
)
def catch_up(
    context: dg.SensorEvaluationContext, governance: GovernanceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    with governance.open() as services:
        missed = missed_nights(services, last_due_night(services))
    requests = [request for night in missed if (request := _request(context, night))][:CATCH_UP_AT_ONCE]
    if requests:
        yield from requests
    else:
        yield dg.SkipReason(
            f"{len(missed)} night(s) missed, none to request now" if missed else "no night is missed"
        )


def _request(context: dg.SensorEvaluationContext, night: date) -> dg.RunRequest | None:
    """A run for ``night`` unless one is under way or it has failed too often already."""
    records = context.instance.get_run_records(
        dg.RunsFilter(job_name=NIGHTLY, tags={"dagster/partition": night.isoformat()})
    )
    if any(not record.dagster_run.is_finished for record in records):
        return None
    failures = sum(1 for record in records if not record.dagster_run.is_success)
    if failures >= MAX_ATTEMPTS:
        context.log.error(f"the night of {night} has failed {failures} times; run it by hand")
        return None
    return dg.RunRequest(run_key=run_key(night, failures), partition_key=night.isoformat())


@dg.op(name=REVIEWS)
def open_reviews(context: dg.OpExecutionContext, governance: GovernanceResource) -> None:
    """Open the review of every version nobody has seen, on the evidence of the last night."""
    with governance.open() as services:
        for opening in open_new_reviews(services):
            context.log.info(f"review {opening.review_id} opened: {opening.milestone.sentence}")


@dg.job(name="reviews", description="Open reviews for new model versions.")
def review_job() -> None:
    open_reviews()


@dg.sensor(
    job_name="reviews",
    minimum_interval_seconds=MILESTONE_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A new model version does not wait for the night: its review opens at once.",
)
def milestones(
    context: dg.SensorEvaluationContext,  # noqa: ARG001 - sensors are called with their context
    governance: GovernanceResource,
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    with governance.open() as services:
        openings = open_new_reviews(services, write=False)
    for opening in openings:
        yield dg.RunRequest(run_key=opening.review_id)
    if not openings:
        yield dg.SkipReason("no new model version")


@dg.sensor(
    job_name="reviews",
    minimum_interval_seconds=ALERT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends what is due in the outbox.",
)
def alert_dispatch(context: dg.SensorEvaluationContext, governance: GovernanceResource) -> dg.SkipReason:
    with governance.open() as services:
        project = services.project
        channels = open_channels(project.settings, project.root, services.environ)
        report = dispatch(services.store, channels, project.charter, services.clock, project.playbook.alerts)
    context.log.info(f"{report.sent} sent, {report.failed} to be tried again, {report.dead} given up")
    return dg.SkipReason(f"{report.sent} alert(s) sent")
