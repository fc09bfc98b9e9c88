"""When things happen: the schedule, catching up on missed nights, milestones, sending alerts.

Dagster's schedules drop ticks while the daemon is down, and a failed check alerts nobody; so which nights
are due is asked of the project's own store, and alerts leave through the project's own outbox.

Nights run one at a time and oldest first: a night is compared with the one before it, and once a later
night is sealed an earlier one only corrects its numbers.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from time import monotonic

import dagster as dg

from assets.checks import CheckBook
from assets.resources import GovernanceResource
from assets.stages import stage_specs
from governance_pipeline.charter.project import Project
from governance_pipeline.nightly import last_due_night, missed_nights, open_new_reviews
from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.outbox import DispatchReport, dispatch
from governance_pipeline.stages.services import Services

NIGHTLY = "nightly"
ONE_AT_A_TIME = {"governance/night": "one at a time"}  # deploy/dagster/*/dagster.yaml limits this tag to 1
PARTITION_TAG = "dagster/partition"
MOST_ATTEMPTS = 3
CATCH_UP_SECONDS = 60
MILESTONE_SECONDS = 300
ALERT_SECONDS = 60
DISPATCH_SECONDS = 30.0  # Dagster gives a sensor 60 s

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
    dg.DagsterRunStatus.SUSPENDED,
]


def nightly_job(project: Project) -> dg.JobDefinition:
    """The whole night: its assets, and the checks on the tables it measures."""
    assets = dg.AssetSelection.assets(*(spec.key for spec in stage_specs(project)))
    checks = dg.AssetSelection.checks(*(spec.key for spec in CheckBook(project).specs()))
    return dg.define_asset_job(  # type: ignore[return-value]  # Dagster resolves it to a job
        NIGHTLY,
        selection=assets | checks,
        config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},  # the run's log keeps every event
        tags=ONE_AT_A_TIME,
        description="Measures one night.",
    )


def nightly_schedule(project: Project) -> dg.ScheduleDefinition:
    """The cron of governance.yaml, in its time zone; measures the day that has just ended."""
    schedule = project.settings.schedule

    @dg.schedule(
        name="every_night",
        job_name=NIGHTLY,
        cron_schedule=schedule.cron,
        execution_timezone=schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Measures the day that has just ended.",
    )
    def every_night(
        context: dg.ScheduleEvaluationContext, governance: GovernanceResource
    ) -> dg.RunRequest | dg.SkipReason:
        night = context.scheduled_execution_time.date() - timedelta(days=1)
        if night < schedule.start:
            return dg.SkipReason(f"the first night of this project is {schedule.start}")
        with governance.open() as services:
            missed = missed_nights(services, night)
        request = next_night(context.instance, missed)
        if isinstance(request, dg.SkipReason) or request.partition_key == night.isoformat():
            return request
        return dg.SkipReason(
            f"{request.partition_key} comes first; catch_up requests both, one after the other"
        )

    return every_night


@dg.sensor(
    job_name=NIGHTLY,
    minimum_interval_seconds=CATCH_UP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests nights that are due and were never sealed, one at a time, oldest first.",
)
def catch_up(
    context: dg.SensorEvaluationContext, governance: GovernanceResource
) -> dg.RunRequest | dg.SkipReason:
    with governance.open() as services:
        missed = missed_nights(services, last_due_night(services))
    return next_night(context.instance, missed)


def next_night(instance: dg.DagsterInstance, missed: Sequence[date]) -> dg.RunRequest | dg.SkipReason:
    """A run for the oldest of the ``missed`` nights that has not failed ``MOST_ATTEMPTS`` times; none
    while a night is under way.

    Its run key counts the attempts, so that Dagster too takes each request once.
    """
    if instance.get_run_records(dg.RunsFilter(job_name=NIGHTLY, statuses=UNDER_WAY), limit=1):
        return dg.SkipReason("a night is under way")
    given_up = []
    for night in missed:
        attempts = instance.get_run_records(
            dg.RunsFilter(job_name=NIGHTLY, tags={PARTITION_TAG: night.isoformat()})
        )
        if sum(not record.dagster_run.is_success for record in attempts) < MOST_ATTEMPTS:
            run_key = f"night-{night}-{len(attempts) + 1}"
            return dg.RunRequest(run_key=run_key, partition_key=night.isoformat(), tags=ONE_AT_A_TIME)
        given_up.append(night.isoformat())
    if given_up:
        return dg.SkipReason(
            f"failed {MOST_ATTEMPTS} times, run by hand when the cause is mended: {', '.join(given_up)}"
        )
    return dg.SkipReason("no night is missed")


@dg.sensor(
    minimum_interval_seconds=MILESTONE_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens the review of a model version that was registered since the last night.",
)
def milestones(context: dg.SensorEvaluationContext, governance: GovernanceResource) -> dg.SkipReason:
    with governance.open() as services:
        openings = open_new_reviews(services)
    for opening in openings:
        context.log.info(f"review {opening.review_id} opened: {opening.milestone.sentence}")
    opened = ", ".join(opening.review_id for opening in openings)
    return dg.SkipReason(f"opened {opened}" if opened else "no new model version")


@dg.sensor(
    minimum_interval_seconds=ALERT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends the messages that are due in the outbox.",
)
def alerts(context: dg.SensorEvaluationContext, governance: GovernanceResource) -> dg.SkipReason:
    with governance.open() as services:
        report = send_due(services)
    if report.failed or report.dead:
        context.log.warning(f"{report.failed} to be tried again, {report.dead} given up")
    return dg.SkipReason(f"{report.sent} sent" if report.sent else "nothing to send")


def send_due(services: Services) -> DispatchReport:
    """Dispatch until nothing is due or the time of a sensor is up; the next one goes on."""
    project = services.project
    channels = open_channels(project.settings, project.root, services.environ)
    total, until = DispatchReport(), monotonic() + DISPATCH_SECONDS
    while monotonic() < until:
        one = dispatch(
            services.store, channels, project.charter, services.clock, project.playbook.alerts, limit=1
        )
        if one == DispatchReport():
            break
        total = DispatchReport(total.sent + one.sent, total.failed + one.failed, total.dead + one.dead)
    return total
