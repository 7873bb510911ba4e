"""Erases rows by their keys to the account: what is kept is named, so that a new table is not forgotten."""

from collections import Counter
from typing import Final

from django.contrib.admin.models import LogEntry
from django.db.models import SET_NULL, ForeignObjectRel, Model

from controlplane.accounts.models import CustomUser

ROWS_PER_BATCH: Final = 500
# Apps and tables that stay under the bare id: bills, receipts, tombstones. They hold no content.
KEPT_APPS: Final = frozenset({"usage", "erasure", "audit"})
KEPT: Final = frozenset({"runs.run", "provider_keys.userapikey", "chat.deletedthread"})
# More than rows goes with these, or they come back by themselves; they have steps of their own.
BY_THEIR_OWN_STEPS: Final = frozenset(
    {"chat.chatsession", "documents.userdocument", "preferences.userpreference"}
)
# They would stay without their user, as their keys say; of an account that goes they go as well.
GO_AS_WELL: Final = frozenset({"token_blacklist.outstandingtoken", "tools.toolcall"})


def rows_erase(user: CustomUser) -> Counter[str]:
    """Delete what belongs to the account and take its name off what stays, in small transactions.

    What a key of the model's would leave without its user (`SET_NULL`) is left so: others' rows that the
    user has only had a hand in. Returns how many rows were deleted, by table.
    """
    gone: Counter[str] = Counter()
    for relation in owning_relations():
        model, name = relation.related_model, relation.field.name
        if relation.on_delete is SET_NULL and model._meta.label_lower not in GO_AS_WELL:
            model._base_manager.filter(**{name: user}).update(**{name: None})
        else:
            gone += _delete_rows(model, name, user)
    return gone


def owning_relations() -> list[ForeignObjectRel]:
    """Give the keys to the account, but for those of what is kept and of what has its own step."""
    # The hidden ones too, which the account's side has no name for.
    related = CustomUser._meta.get_fields(include_hidden=True)
    return [
        relation
        for relation in related
        if isinstance(relation, ForeignObjectRel)
        and not relation.many_to_many
        and relation.related_model._meta.app_label not in KEPT_APPS
        and relation.related_model._meta.label_lower not in KEPT | BY_THEIR_OWN_STEPS
    ]


def _delete_rows(model: type[Model], name: str, user: CustomUser) -> Counter[str]:
    gone: Counter[str] = Counter()
    mine = model._base_manager.filter(**{name: user}).order_by("pk")
    batch = list(mine.values_list("pk", flat=True)[:ROWS_PER_BATCH])
    while batch:
        _, rows = model._base_manager.filter(pk__in=batch).delete()
        for label, count in rows.items():
            gone[label.partition(".")[2].lower()] += count
        LogEntry.objects.filter(object_id__in=map(str, batch)).delete()
        batch = list(mine.filter(pk__gt=batch[-1]).values_list("pk", flat=True)[:ROWS_PER_BATCH])
    return gone
