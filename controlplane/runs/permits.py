"""Permits model calls: budget set aside and a pending row written, before any token is spent (contract 3)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from controlplane.accounts.models import CustomUser
from controlplane.errors import Conflict, NotFound
from controlplane.provider_keys.errors import KeyRefused, KeyUnreadable
from controlplane.provider_keys.house import house_server_of
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.use import OpenedKey, key_look_again, open_for_call
from controlplane.runs.models import Run
from controlplane.runs.opening import Opening, call_open
from controlplane.usage.models import TokenUsage
from controlplane.usage.pricing import TokenCounts

OPENAI: Final = "openai"


@dataclass(frozen=True, kw_only=True)
class CallRequest:
    """A model call that wants to be made; its worst case is the estimated prompt and the longest answer."""

    run_id: UUID
    attempt_id: UUID
    model: str
    node: str
    request_type: str
    estimated_prompt_tokens: int
    max_output_tokens: int | None

    @property
    def worst_case(self) -> TokenCounts:
        """The tokens to set aside; without a bound of its own the house's longest answer is taken."""
        completion = self.max_output_tokens or settings.DEFAULT_MAX_TOKENS
        return TokenCounts(prompt=self.estimated_prompt_tokens, completion=completion)


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave for one call, with the key for it alone; `base_url` None is the client library's default."""

    attempt_id: UUID
    base_url: str | None
    api_key: str
    is_new: bool
    own_key: UserAPIKey | None = None
    protocol: str = OPENAI

    def __repr__(self) -> str:
        return f"Permit(attempt_id={self.attempt_id!r}, is_new={self.is_new})"


def call_permit(request: CallRequest) -> Permit:
    """Reserve a call's worst case and write its pending row, both or neither; a repeat reserves nothing.

    The key is the user's own where the run's admission chose one, else the house's.
    Raises NotFound for the run, LimitReached, Conflict `run_over`, `key_inactive`, `key_refused`,
    `key_unreadable` or `model_unpriced`.
    """
    try:
        with transaction.atomic():
            run = lock_live_run(request.run_id)
            known = TokenUsage.objects.filter(pk=request.attempt_id).first()
            if known is not None and (known.run_id != run.pk or known.state != TokenUsage.State.PENDING):
                raise Conflict("This call is over.", code="run_over")
            own = _own_key(run, request, known)
            if known is None:
                _open_call(run, request, own)
    except KeyUnreadable:
        if run.provider_key_id is not None:
            key_look_again(key_id=run.provider_key_id)
        raise
    server = own or house_server_of(request.model)
    return Permit(
        attempt_id=request.attempt_id,
        base_url=server.base_url,
        api_key=server.api_key,
        # A user's key is for an address that speaks OpenAI's.
        protocol=OPENAI if isinstance(server, OpenedKey) else server.protocol,
        is_new=known is None,
        own_key=own.key if own else None,
    )


def _own_key(run: Run, request: CallRequest, known: TokenUsage | None) -> OpenedKey | None:
    if run.provider_key is None or (known is not None and known.provider_key_id is None):
        return None
    own = open_for_call(run.provider_key, run_model=run.model_name, model_name=request.model)
    if known is not None and own is None:
        # It was reserved on the user's own key: the house's would be used without being counted.
        if run.provider_key.refused_at is not None:
            raise KeyRefused(provider=run.provider_key.provider)
        raise KeyUnreadable
    return own


def lock_live_run(run_id: UUID) -> Run:
    # Against the settlement, which closes the run under the same lock.
    run = Run.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run.", code="run_not_found")
    if not run.is_open:
        raise Conflict("The run is over.", code="run_over")
    return run


def _open_call(run: Run, request: CallRequest, own: OpenedKey | None) -> None:
    payer = None
    if run.user_id is not None:
        payer = CustomUser.objects.filter(pk=run.user_id, is_active=True).first()
        if payer is None:
            raise Conflict("The account is switched off.", code="run_over")
    opening = Opening(
        attempt_id=request.attempt_id,
        request_type=request.request_type,
        model=request.model,
        node=request.node,
        worst_case=request.worst_case,
        run=run,
    )
    call_open(opening, payer=payer, own_key=own.key if own else None)
