"""ETags: a write that names the version it was made from is refused when somebody was quicker."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from rest_framework.request import Request

from controlplane.errors import Outdated

ANY = "*"


def etag_of(row: object, fields: Sequence[str]) -> str:
    """Make the strong ETag of what a caller can set on a row; figures that change by themselves stay out."""
    values: list[Any] = [getattr(row, name) for name in fields]
    text = json.dumps([str(getattr(row, "pk", "")), values], cls=DjangoJSONEncoder, sort_keys=True)
    return f'"{sha256(text.encode()).hexdigest()[:32]}"'


def require_match(request: Request, etag: str) -> None:
    """Refuse a write whose `If-Match` names another version. Raises Outdated.

    Compare with a row that is locked until the write is done. Without the header every version will do.
    """
    given = request.headers.get("If-Match", ANY)
    named = {version.strip().removeprefix("W/") for version in given.split(",")}
    if ANY not in named and etag not in named:
        raise Outdated("It was changed meanwhile. Read it again.", details={"etag": etag})
