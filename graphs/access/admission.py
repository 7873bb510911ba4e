"""Admission: no run starts before the control plane has let it in and said with what it works."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError

from graphs import control_plane
from graphs.access.callers import Caller, Role, owner_filter
from graphs.access.decisions import decisions_of
from graphs.access.denial import denial, from_control_plane, invalid
from graphs.access.images import require_sight
from graphs.access.run_options import is_resume, keep_server_config, restrict_to_user
from graphs.control_plane import Admission, AdmissionRequest, Requested
from graphs.errors import ControlPlaneRefused, ControlPlaneUnreachable

USER_GRAPHS = frozenset({"agent"})
GRAPHS = ("agent", "summarizer")
# Which models a run calls besides its own is decided at admission: the house may pay for them.
MODEL_CHOICES = frozenset({"summary_model", "fallback_models"})
# A form that leaves it empty would have every such call refused unasked: permits go by the catalogue.
HOUSE_RULES = frozenset({"approval_tools", "approval_tools_after_retrieval"})

# The Agent Server derives the id of each graph's own assistant from this name space and the graph's name.
_ASSISTANTS = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
_GRAPH_OF_ASSISTANT = {uuid5(_ASSISTANTS, graph): graph for graph in GRAPHS}

RunCreate = MutableMapping[str, Any]


async def admit_run(caller: Caller, value: RunCreate) -> dict[str, Any] | None:
    """Ask for admission and write its answer into the run, in place; return the filter for the thread.

    The hook fires before the server's own checks, so ownership is the control plane's to decide as well.
    """
    if caller.role is Role.STANDALONE:
        return None
    kwargs = value.setdefault("kwargs", {})
    graph = graph_of(value["assistant_id"])
    if caller.role is Role.USER:
        _check_user_run(value, graph)
        run_id = UUID(str(value["run_id"]))
        restrict_to_user(kwargs, run_id=run_id, after_seconds=value.get("after_seconds"))
    admission = await _ask(caller, value, kwargs, graph)
    if caller.role is Role.USER:
        # A context that says nothing of it is that of a control plane which trusts its models.
        sees = admission.context.get("supports_vision") is not False
        require_sight(kwargs.get("input"), supports_vision=sees)
    _apply(admission, caller, value, kwargs)
    return owner_filter(caller)


def graph_of(assistant_id: UUID | str) -> str:
    """Name the graph of a built-in assistant; an assistant made by hand goes by its own id."""
    return _GRAPH_OF_ASSISTANT.get(UUID(str(assistant_id)), str(assistant_id))


def _check_user_run(value: RunCreate, graph: str) -> None:
    if value.get("thread_id") is None:
        raise invalid("thread_id", "A run needs a thread.")
    if graph not in USER_GRAPHS:
        raise denial(404, "assistant_not_found", "There is no such assistant.")


async def _ask(caller: Caller, value: RunCreate, kwargs: Mapping[str, Any], graph: str) -> Admission:
    request = AdmissionRequest(
        run_id=value["run_id"],
        thread_id=value.get("thread_id"),
        graph_id=graph,
        user_id=caller.user_id,
        token_version=caller.token_version,
        role=caller.role.value,
        is_resume=is_resume(kwargs),
        if_not_exists=value.get("if_not_exists") or "reject",
        requested=_requested(caller, kwargs.get("context")),
        decisions=decisions_of(kwargs.get("command")),
    )
    try:
        return await control_plane.admit(request)
    except (ControlPlaneRefused, ControlPlaneUnreachable) as error:
        raise from_control_plane(error) from error


def _requested(caller: Caller, context: object) -> Requested:
    """Read what the client asks for; whom to bill and what to read are for the control plane's own runs."""
    given = dict(context) if isinstance(context, Mapping) else {}
    if caller.role is not Role.SERVICE:
        given.pop("user_id", None)
        given.pop("source_thread_id", None)
    try:
        return Requested.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise invalid(str(fault["loc"][0]), str(fault["msg"])) from None


def _apply(admission: Admission, caller: Caller, value: RunCreate, kwargs: MutableMapping[str, Any]) -> None:
    context = admission.context
    if caller.role is Role.STUDIO:
        context = {**context, **_studio_form(kwargs.get("context"), offered=context)}
    kwargs["context"] = context
    kwargs["webhook"] = admission.webhook
    keep_server_config(kwargs.setdefault("config", {}))
    metadata = value.setdefault("metadata", {})
    if caller.role is Role.USER:
        metadata.clear()
    metadata.update(admission.metadata)
    if caller.role is Role.STUDIO:
        metadata["owner"] = caller.owner


def _studio_form(form: object, *, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a developer tries out in Studio's form; models and house rules stay as admitted."""
    given = form if isinstance(form, Mapping) else {}
    kept = MODEL_CHOICES.union(HOUSE_RULES, Requested.model_fields)
    return {name: given[name] for name in offered if name in given and name not in kept}
