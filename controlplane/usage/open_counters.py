"""Begins the counters of a day and of a month: once for each, however many calls come at midnight."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from controlplane.preferences.models import UserPreference
from controlplane.preferences.zones import zone_named
from controlplane.usage.models.present import Counters, counters_seen


def counters_open(user_id: UUID, *, zone: ZoneInfo) -> Counters:
    """Give a user's present counters with rows, making those that are missing. One transaction.

    Who begins a day holds the preferences, so that it is begun in one zone alone, also while its user moves.
    """
    counters = counters_seen(user_id, zone=zone)
    if counters.have_begun:
        return counters
    with transaction.atomic():
        locked = UserPreference.objects.select_for_update(no_key=True, of=("self",)).filter(pk=user_id)
        chosen = locked.values_list("timezone", flat=True).first()
        counters = counters_seen(user_id, zone=zone if chosen is None else zone_named(chosen))
        if not counters.have_begun:
            # The day first: what reads them takes a month whose day is missing for one that goes on.
            for counter in (counters.day, counters.month):
                counter.save(update_fields=None if counter._state.adding else ["resets_at"])
    return counters
