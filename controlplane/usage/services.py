"""What administrators do to prices: a new one from a moment on, or taking back one that has not begun."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from controlplane.audit.comparison import ADDED, REMOVED, differences, state_of
from controlplane.audit.models import Action
from controlplane.audit.record import entries_add, entry_add
from controlplane.usage.model_prices import ModelPrice

RECORDED: Final = ("model_name", "provider", "input_mtok", "cached_input_mtok", "output_mtok", "valid_from")


def price_add(
    *,
    model_name: str,
    input_mtok: Decimal,
    output_mtok: Decimal,
    cached_input_mtok: Decimal | None = None,
    provider: str = "",
    valid_from: datetime | None = None,
    actor_id: UUID | None = None,
) -> ModelPrice:
    """Keep a price from a moment on, or from now; US dollars per million tokens.

    A moment that has passed is for correcting bills: rerate_usage then books the difference.
    Raises ValidationError, also when there is a price from that very moment.
    """
    price = ModelPrice(
        model_name=model_name,
        provider=provider,
        input_mtok=input_mtok,
        cached_input_mtok=cached_input_mtok,
        output_mtok=output_mtok,
        valid_from=valid_from or timezone.now(),
    )
    price.full_clean()
    with transaction.atomic():
        price.save(force_insert=True)
        changes = differences({}, state_of(price, RECORDED))
        entry_add(Action.PRICE_CHANGE, subject=price, actor_id=actor_id, changes={**ADDED, **changes})
    return price


def prices_withdraw(*, price_ids: Iterable[int], actor_id: UUID | None = None) -> int:
    """Take back prices that have not begun yet; returns how many. Calls may be billed by the others."""
    with transaction.atomic():
        coming = ModelPrice.objects.filter(pk__in=price_ids, valid_from__gt=timezone.now())
        chosen = list(coming.select_for_update().order_by("pk"))
        subjects = [(price, None) for price in chosen]
        entries_add(Action.PRICE_CHANGE, subjects=subjects, actor_id=actor_id, changes=REMOVED)
        return ModelPrice.objects.filter(pk__in=[price.pk for price in chosen]).delete()[0]
