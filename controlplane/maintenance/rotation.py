"""Brings every sealed secret under the newest key, while the system runs; then older keys can go."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import Case, QuerySet, Value, When

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.maintenance.batches import key_batches
from controlplane.vault.box import Sealed, Unreadable, current_key_version, reseal, unseal


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    """Where secrets are kept: sealed text, or empty text, and the name of the key that sealed it."""

    model: str
    token: str
    version: str

    @property
    def rows(self) -> QuerySet[Any]:
        """All rows that hold a secret."""
        model: Any = apps.get_model(self.model)
        rows: QuerySet[Any] = model.objects.exclude(**{self.token: ""})
        return rows

    @property
    def waiting(self) -> QuerySet[Any]:
        """Those that another than the newest key has sealed."""
        return self.rows.exclude(**{self.version: current_key_version()})


# A model that keeps secrets gets its line here.
SEALED_COLUMNS: Final = (
    SealedColumn(
        model="provider_keys.UserAPIKey",
        token="encrypted_key",  # noqa: S106  # the name of a column
        version="key_version",
    ),
    SealedColumn(
        model="tools.UserTool",
        token="sealed_secrets",  # noqa: S106  # as above
        version="secrets_key_version",
    ),
    SealedColumn(
        model="tools.McpServer",
        token="sealed_headers",  # noqa: S106  # as above
        version="headers_key_version",
    ),
)


@dataclass(kw_only=True)
class Rotation:
    """How far it came; `changed` were written by somebody else meanwhile, `unreadable` nobody can open."""

    waiting: int = 0
    resealed: int = 0
    changed: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many rows were looked at."""
        return self.resealed + self.changed + len(self.unreadable)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is still under another key: `readable` rows need one that is older than the newest."""

    readable: int
    unreadable: int


def secrets_rotate(*, progress: Callable[[Rotation], None]) -> Rotation:
    """Seal anew what older keys have sealed, in batches of one transaction; tells its progress after each.

    Stopped at any time, it goes on where it was: what it has done does not wait any more. A row is written
    only if its sealed text is still the one that was read, so a key that its owner enters meanwhile stays.
    """
    rotation = Rotation(waiting=sum(column.waiting.count() for column in SEALED_COLUMNS))
    for column in SEALED_COLUMNS:
        for keys in key_batches(column.waiting):
            _reseal_all(column, keys, rotation)
            progress(rotation)
    return rotation


def secrets_standing() -> Standing:
    """Count what another than the newest key has sealed, by whether it can be read."""
    readable = unreadable = 0
    for token in _waiting_tokens():
        try:
            unseal(token)
            readable += 1
        except Unreadable:
            unreadable += 1
    return Standing(readable=readable, unreadable=unreadable)


def _reseal_all(column: SealedColumn, keys: list[Any], rotation: Rotation) -> None:
    sealed: dict[Any, Sealed] = {}
    tokens: list[str] = []
    for key, token in column.waiting.filter(pk__in=keys).values_list("pk", column.token):
        try:
            sealed[key] = reseal(token)
            tokens.append(token)
        except Unreadable:
            rotation.unreadable.append(f"{column.model} {key}")
    written = _write(column, sealed, tokens) if sealed else 0
    rotation.resealed += written
    rotation.changed += len(sealed) - written


def _write(column: SealedColumn, sealed: Mapping[Any, Sealed], tokens: list[str]) -> int:
    """Write them all in one statement, but those whose sealed text is not the one that was read any more."""
    rows = column.rows.filter(pk__in=list(sealed))
    unchanged = rows.filter(**{f"{column.token}__in": tokens})
    anew = [When(pk=key, then=Value(box.token)) for key, box in sealed.items()]
    with transaction.atomic():
        # In the order in which everybody locks more than one of them.
        list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
        version = current_key_version()
        written = unchanged.update(**{column.token: Case(*anew), column.version: version})
        if written:
            # One entry per batch, named by the first of its rows.
            first = column.rows.model(pk=min(sealed))
            noted = {"rows": written, "last": str(max(sealed)), "key_version": version}
            entry_add(Action.SECRETS_ROTATE, subject=first, actor_id=None, changes=noted)
        return written


def _waiting_tokens() -> Iterator[str]:
    for column in SEALED_COLUMNS:
        for keys in key_batches(column.waiting):
            yield from column.rows.filter(pk__in=keys).values_list(column.token, flat=True)
