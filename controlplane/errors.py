"""Errors of the product, by what the caller would do about them; HTTP statuses are assigned at the edge.

ThreadplaneError
├── NotFound            look elsewhere: it is not there, or not yours
├── Gone                stop: it was there and never comes back
├── Forbidden           ask somebody else for permission
├── Unauthenticated     sign in again
├── Conflict            change its state first, or look again
│   └── Outdated        read it again: it was changed since you read it
├── Invalid             change the request; `fields` says where
├── LimitReached        come back at `resets_at`
├── RunFailed           look at `code`: the run began and ended with an error
└── Unavailable         try again later: a part that we stand on does not answer
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone


class ThreadplaneError(Exception):
    """Root of all domain errors. `message` is safe to show to users.

    `details` holds JSON values only; `fields` maps a field's name to its complaints.
    """

    default_code: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.details = dict(details or {})
        self.fields = {name: list(complaints) for name, complaints in (fields or {}).items()}


class NotFound(ThreadplaneError):
    """It does not exist, or belongs to somebody else."""

    default_code = "not_found"


class Gone(ThreadplaneError):
    """It was deleted for good."""

    default_code = "gone"


class Forbidden(ThreadplaneError):
    """The caller is known and may not do this."""

    default_code = "forbidden"


class Unauthenticated(ThreadplaneError):
    """The caller is not known, or no longer."""

    default_code = "unauthenticated"


class Conflict(ThreadplaneError):
    """The state of things forbids it now."""

    default_code = "conflict"


class Outdated(Conflict):
    """It was changed since the caller read it."""

    default_code = "changed_meanwhile"


class Invalid(ThreadplaneError):
    """The request cannot be carried out as it is written."""

    default_code = "validation_failed"


class LimitReached(ThreadplaneError):
    """A daily limit is used up until `resets_at`."""

    default_code = "limit_reached"

    def __init__(
        self,
        message: str,
        *,
        limit: int | Decimal,
        used: int | Decimal,
        remaining: int | Decimal,
        resets_at: datetime,
        which: str | None = None,
    ) -> None:
        figures = {"limit": limit, "used": used, "remaining": remaining}
        details: dict[str, Any] = {name: _as_json(figure) for name, figure in figures.items()}
        details |= {"resets_at": resets_at.isoformat()} | ({"which": which} if which else {})
        super().__init__(message, details=details)
        self.resets_at = resets_at

    @property
    def retry_after(self) -> int:
        """Whole seconds until the limit is reset, at least one."""
        return max(1, int((self.resets_at - timezone.now()).total_seconds()) + 1)


class RunFailed(ThreadplaneError):
    """A run was started and ended with an error; `code` is one of docs/contracts.md, section 7."""

    default_code = "run_failed"


class Unavailable(ThreadplaneError):
    """A part that the control plane stands on does not answer; trying again later may help."""

    default_code = "unavailable"


def _as_json(figure: int | Decimal) -> int | str:
    return str(figure) if isinstance(figure, Decimal) else figure
