"""What an entry says of a change: by field what was before and what is after, as far as it may be told."""

import json
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

ADDED: Final = {"exists": [False, True]}
REMOVED: Final = {"exists": [True, False]}
CHANGED: Final = "changed"


class _Encoder(DjangoJSONEncoder):
    """Writes a number the same way whether it comes from a form or, with its zeros, from the database."""

    def default(self, o: Any) -> Any:
        return f"{o.normalize():f}" if isinstance(o, Decimal) else super().default(o)


def state_of(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Take down a row's columns as JSON values; a foreign key is the id that it holds."""
    held = {name: getattr(row, row._meta.get_field(name).attname) for name in names}  # type: ignore[union-attr]  # columns only
    plain: dict[str, Any] = json.loads(json.dumps(held, cls=_Encoder))
    return plain


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], *, concealed: Collection[str] = ()
) -> dict[str, Any]:
    """Give `[before, after]` for what differs; of what is `concealed`, names and content, that it does."""
    return {
        name: CHANGED if name in concealed else [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
