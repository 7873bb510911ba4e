"""What administrators do to prices: a new one from a moment on, or taking back one that has not begun."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from controlplane.usage.model_prices import ModelPrice


def price_add(
    *,
    model_name: str,
    input_mtok: Decimal,
    output_mtok: Decimal,
    cached_input_mtok: Decimal | None = None,
    provider: str = "",
    valid_from: datetime | None = None,
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
    price.save(force_insert=True)
    return price


def prices_withdraw(*, price_ids: Iterable[int]) -> int:
    """Take back prices that have not begun yet; returns how many. Calls may be billed by the others."""
    coming = ModelPrice.objects.filter(pk__in=price_ids, valid_from__gt=timezone.now())
    return coming.delete()[0]
