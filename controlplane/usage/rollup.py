"""Adds up the calls of days that are over, so that reports of a year need not read every call."""

import time
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from controlplane.usage.models import DailyCounter, DailySum, TokenUsage
from controlplane.usage.reading import is_house_paid

COUNTERS_PER_STEP = 100
SECONDS_PER_JOB = 20.0
KIND = ("provider", "model_name", "request_type", "is_house_paid")


def days_roll_up(*, seconds: float = SECONDS_PER_JOB) -> int:
    """Bring the sums of days up to date that are over and were not added up, or have changed since.

    In batches of one transaction each, as far as the time allows; may be stopped at any point, and repeated.
    Returns how many days it added up.
    """
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        step = _roll_up_some()
        done += step
        if step < COUNTERS_PER_STEP:
            break
    return done


def _roll_up_some() -> int:
    over = DailyCounter.objects.filter(is_rolled_up=False, resets_at__lte=timezone.now())
    with transaction.atomic():
        # Whoever books a call of such a day takes its counter's lock as well: each sees what the other did.
        locked = over.order_by("resets_at", "pk").select_for_update(no_key=True, skip_locked=True)
        keys = list(locked.values_list("pk", flat=True)[:COUNTERS_PER_STEP])
        DailySum.objects.filter(counter_id__in=keys).delete()
        DailySum.objects.bulk_create(_sums_of(keys))
        DailyCounter.objects.filter(pk__in=keys).update(is_rolled_up=True)
    return len(keys)


def _sums_of(counter_ids: Iterable[int]) -> list[DailySum]:
    calls = TokenUsage.objects.settled().filter(counter_id__in=counter_ids).order_by()
    kinds = calls.annotate(is_house_paid=is_house_paid()).values("counter_id", *KIND)
    return [
        DailySum(**kind)
        for kind in kinds.annotate(
            calls=Count("pk"),
            failed_calls=Count("pk", filter=Q(outcome=TokenUsage.Outcome.FAILED)),
            unpriced_calls=Count("pk", filter=Q(is_priced=False)),
            tokens_in=Sum("prompt_tokens"),
            tokens_out=Sum("completion_tokens"),
            cost=Sum("total_cost"),
        )
    ]
