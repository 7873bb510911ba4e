"""The job of the reports: keep the sums of days that are over up to date."""

from celery import shared_task

from controlplane.usage.rollup import days_roll_up


@shared_task(name="usage.roll_up")
def roll_up() -> int:
    """Add up what is over or has changed; what the time does not allow, the next one does."""
    return days_roll_up()
