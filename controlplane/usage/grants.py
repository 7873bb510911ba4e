"""What administrators do to a user's counters: add to what a day or month allows, or set it free again."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from controlplane.accounts.models import CustomUser
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict, Invalid, NotFound
from controlplane.usage.limits import Amount, Term, limits_for
from controlplane.usage.models import DailyCounter, UsageCounter, UsageGrant
from controlplane.usage.open_counters import counters_open

# Sums of grants still fit into the counters' columns.
MOST_GRANTED = Amount(messages=10**9, tokens=10**15, cost=Decimal(999_999_999))


def usage_grant(*, user_id: UUID, term: Term, amount: Amount, actor_id: UUID | None) -> UsageGrant:
    """Add to what a user's present day or month allows, in one transaction; it ends with the term.

    Raises NotFound, ValidationError, and Invalid for nothing at all or more than a counter holds.
    """
    if amount == Amount():
        raise Invalid("A grant adds something.", fields={"messages": ["Messages, tokens or cost above 0."]})
    with transaction.atomic():
        counter = _present(user_id, term)
        grant = _note(counter, UsageGrant.Kind.GRANT, amount, actor_id=actor_id)
        with_room = _row(counter).filter(
            granted_messages__lte=MOST_GRANTED.messages - amount.messages,
            granted_tokens__lte=MOST_GRANTED.tokens - amount.tokens,
            granted_cost__lte=MOST_GRANTED.cost - amount.cost,
        )
        if not with_room.update(**_plus(amount)):
            raise Invalid("That is more than can be granted.", fields={"term": ["It has too much already."]})
    return grant


def usage_reset(*, user_id: UUID, term: Term, actor_id: UUID | None) -> UsageGrant:
    """Set the whole limit of a user's present day or month free again, by granting what counts against it.

    What was used stays in the books. A term that has been granted as much already is left alone. One
    transaction. Raises NotFound, and Conflict `nothing_to_reset`.
    """
    with transaction.atomic():
        found = _present(user_id, term)
        counter = _row(found).select_for_update(no_key=True).get()
        used, had = counter.standing, counter.granted
        amount = Amount(
            messages=max(used.messages - had.messages, 0),
            tokens=max(used.tokens - had.tokens, 0),
            cost=max(used.cost - had.cost, Decimal(0)),
        )
        if amount == Amount():
            raise Conflict("Nothing has been used that could be reset.", code="nothing_to_reset")
        _row(counter).update(**_plus(amount))
        return _note(counter, UsageGrant.Kind.RESET, amount, actor_id=actor_id)


def _present(user_id: UUID, term: Term) -> UsageCounter:
    user = CustomUser.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.", code="user_not_found")
    counters = counters_open(user.pk, zone=limits_for(user).zone)
    return counters.day if term == Term.DAY else counters.month


def _row(counter: UsageCounter) -> "QuerySet[Any]":
    rows: QuerySet[Any] = type(counter)._default_manager.filter(pk=counter.pk)
    return rows


def _plus(amount: Amount) -> dict[str, Any]:
    return {
        "granted_messages": F("granted_messages") + amount.messages,
        "granted_tokens": F("granted_tokens") + amount.tokens,
        "granted_cost": F("granted_cost") + amount.cost,
    }


def _note(counter: Any, kind: UsageGrant.Kind, amount: Amount, *, actor_id: UUID | None) -> UsageGrant:
    starts_on = counter.day if isinstance(counter, DailyCounter) else counter.month
    added = {"messages": amount.messages, "tokens": amount.tokens, "cost": amount.cost}
    grant = UsageGrant(
        user_id=counter.user_id,
        kind=kind,
        term=counter.term,
        starts_on=starts_on,
        granted_by_id=actor_id,
        **added,
    )
    if kind == UsageGrant.Kind.GRANT:
        # What is reset may well be more than anybody may grant at once.
        grant.full_clean(exclude=["user"])
    grant.save(force_insert=True)
    entry_add(
        Action.LIMITS_RESET if kind == UsageGrant.Kind.RESET else Action.LIMITS_GRANT,
        subject=grant,
        actor_id=actor_id,
        concerns_id=counter.user_id,
        changes={name: [None, str(value)] for name, value in added.items() if value}
        | {"term": [None, f"{counter.term} {starts_on}"]},
    )
    return grant
