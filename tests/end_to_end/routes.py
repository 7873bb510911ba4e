"""What every route of the Agent Server's own document answers to whom; a new route has to be entered here."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Body = Callable[["Ids"], Any]

ERROR_EVENT = "200 error event"
NO_EVENT = "200 no event"
OPEN = "200 open"
ERROR_BODY = "200 error body"
EMPTY = "200 empty"
# Neither a handler nor a setting stands before these.
BAD_TOKEN = "401"


@dataclass(frozen=True)
class Ids:
    """What belongs to the owner. The live runs stay silent until they are cancelled."""

    owner: str
    word: str
    assistant_id: str
    thread_id: str
    run_id: str
    checkpoint_id: str
    cron_id: str
    spare_thread: str
    live_threads: tuple[str, str]
    live_runs: tuple[str, str]

    def path(self, template: str, *, is_live: bool) -> str:
        """Fill a path of the document in."""
        values = {**asdict(self), "namespace": "call_model", "operation_id": self.run_id, "graph_id": "agent"}
        if is_live:
            values |= {"thread_id": self.live_threads[0], "run_id": self.live_runs[0]}
        return template.format_map(values)

    @property
    def namespace(self) -> list[str]:
        """The owner's part of the store."""
        return ["users", self.owner, "notes"]


@dataclass(frozen=True)
class Try:
    """One request, and the right answers to another user, to Studio's header, and to the owner.

    Everybody else shows a token that is none: 401, unless `strangers` says otherwise.
    """

    other: str
    studio: str = "403"
    owner: str = "200"
    strangers: str = BAD_TOKEN
    body: Body | None = None
    query: Mapping[str, str] | Callable[[Ids], Mapping[str, str]] | None = None
    is_live: bool = False
    is_endless: bool = False
    order: int = 0

    def expected(self, hand: str) -> str:
        """The right answer to one of the hands."""
        named = {"another user": self.other, "studio header": self.studio, "owner": self.owner}
        return named.get(hand, self.strangers)


def public() -> Try:
    """Nothing of anybody's: open to all."""
    return Try(other="200", studio="200", strangers="200")


def shared(body: Body | None = None, *, answer: str = "200") -> Try:
    """The same for every account."""
    return Try(other=answer, owner=answer, body=body)


def service_only(body: Body | None = None, *, is_live: bool = False) -> Try:
    """For the control plane alone: the owner is refused as well."""
    return Try(other="403", owner="403", body=body, is_live=is_live)


def without_thread(body: Body | None = None) -> Try:
    """A run that belongs to no conversation, which users do not get."""
    return Try(other="422", owner="422", body=body)


def switched_off() -> Try:
    """A protocol that langgraph.json switches off; whoever is let in at all learns that it is not there."""
    return Try(
        other="404", studio="404", owner="404", body=lambda _: {"jsonrpc": "2.0", "id": 1, "method": "x"}
    )


def unguarded(body: Body | None = None) -> Try:
    """A route of the in-memory runtime that asks for no token: closed to all, the owner too."""
    return Try(other="404", studio="404", owner="404", strangers="404", body=body)


def hidden(body: Body | None = None, **rest: Any) -> Try:
    """The owner's, and not found by anybody else."""
    return Try(**{"other": "404", "body": body, **rest})


def in_own_store(body: Body | None = None, **rest: Any) -> Try:
    """The owner's part of the store, closed to anybody else."""
    return Try(**{"other": "403", "body": body, **rest})


def run(ids: Ids) -> dict[str, Any]:
    """A run that would make its thread if it could."""
    message = {"role": "user", "content": f"Say {ids.word}"}
    return {"assistant_id": "agent", "input": {"messages": [message]}, "if_not_exists": "create"}


def cron(ids: Ids) -> dict[str, Any]:
    """A schedule that is far away."""
    return {**run(ids), "schedule": "0 0 1 1 *"}


def command(ids: Ids) -> dict[str, Any]:
    """A run, in the newer protocol."""
    return {"id": 1, "method": "run.start", "params": run(ids)}


def checkpoint(ids: Ids) -> dict[str, Any]:
    """A point in the owner's conversation."""
    return {
        "checkpoint": {"thread_id": ids.thread_id, "checkpoint_ns": "", "checkpoint_id": ids.checkpoint_id}
    }


def item(ids: Ids) -> dict[str, Any]:
    """An item of the owner's."""
    return {"namespace": ids.namespace, "key": "k"}


def claim(ids: Ids) -> dict[str, Any]:
    """The owner's thread, as if it were one's own."""
    return {"thread_id": ids.thread_id, "if_exists": "do_nothing"}


def _assistants() -> dict[str, Try]:
    return {
        "POST /assistants": service_only(lambda _: {"graph_id": "agent"}),
        "POST /assistants/search": shared(lambda _: {}),
        "POST /assistants/count": shared(lambda _: {}),
        "GET /assistants/{assistant_id}": shared(),
        "DELETE /assistants/{assistant_id}": service_only(),
        "PATCH /assistants/{assistant_id}": service_only(lambda _: {"name": "stolen"}),
        "GET /assistants/{assistant_id}/graph": shared(),
        "GET /assistants/{assistant_id}/subgraphs": shared(answer=EMPTY),
        "GET /assistants/{assistant_id}/subgraphs/{namespace}": shared(answer=EMPTY),
        "GET /assistants/{assistant_id}/schemas": shared(),
        "POST /assistants/{assistant_id}/versions": shared(lambda _: {}),
        "POST /assistants/{assistant_id}/latest": service_only(lambda _: {"version": 1}),
    }


def _threads() -> dict[str, Try]:
    return {
        # The control plane knows whose the id is.
        "POST /threads": Try(other="404", body=claim),
        "POST /threads/search": Try(other=EMPTY, body=lambda ids: {"ids": [ids.thread_id]}),
        "POST /threads/count": Try(other=EMPTY, body=lambda _: {}),
        # Users delete through the control plane, which puts up a tombstone first.
        "POST /threads/prune": service_only(lambda ids: {"thread_ids": [ids.spare_thread]}),
        # Not to be had with a checkpointer of our own, whoever asks.
        "GET /threads/{thread_id}/storage": Try(other="501", studio="501", owner="501"),
        "GET /threads/{thread_id}/state": hidden(),
        # Nobody edits a state, the owner neither.
        "POST /threads/{thread_id}/state": Try(
            other="403", owner="403", body=lambda _: {"values": {"messages": []}, "as_node": "call_model"}
        ),
        "GET /threads/{thread_id}/state/{checkpoint_id}": hidden(),
        "POST /threads/{thread_id}/state/checkpoint": hidden(checkpoint),
        "GET /threads/{thread_id}/history": hidden(),
        "POST /threads/{thread_id}/history": hidden(lambda _: {"limit": 100}),
        "POST /threads/{thread_id}/copy": Try(other="409"),
        "GET /threads/{thread_id}": hidden(),
        "PATCH /threads/{thread_id}": hidden(lambda _: {"metadata": {"topic": "changed"}}),
        "GET /threads/{thread_id}/stream": Try(
            other=ERROR_EVENT, studio=ERROR_EVENT, owner=OPEN, is_endless=True
        ),
        "POST /threads/{thread_id}/stream/events": Try(
            other=NO_EVENT,
            studio=NO_EVENT,
            owner=OPEN,
            is_endless=True,
            body=lambda _: {"channels": ["values"]},
        ),
        "POST /threads/{thread_id}/commands": Try(other=ERROR_BODY, studio=ERROR_BODY, body=command),
        "DELETE /threads/{thread_id}": service_only(),
    }


def _runs() -> dict[str, Try]:
    one = "/threads/{thread_id}/runs/{run_id}"
    return {
        "GET /threads/{thread_id}/runs": hidden(),
        "POST /threads/{thread_id}/runs": hidden(run),
        "POST /threads/{thread_id}/runs/crons": service_only(cron),
        "POST /threads/{thread_id}/runs/stream": hidden(run, owner="200 events"),
        "POST /threads/{thread_id}/runs/wait": hidden(run),
        f"GET {one}": hidden(),
        # The server would take anybody's run, named within a thread of one's own.
        f"DELETE {one}": service_only(),
        f"GET {one}/join": hidden(),
        f"GET {one}/stream": Try(other=ERROR_EVENT, studio=ERROR_EVENT, owner=NO_EVENT),
        f"POST {one}/cancel": hidden(owner="202", is_live=True),
        "POST /runs/crons": service_only(cron),
        "POST /runs/crons/search": service_only(lambda _: {}),
        "POST /runs/crons/count": service_only(lambda _: {}),
        "POST /runs/stream": without_thread(run),
        "POST /runs/cancel": hidden(
            lambda ids: {"thread_id": ids.live_threads[1], "run_ids": [ids.live_runs[1]]}, owner="204"
        ),
        "POST /runs/wait": without_thread(run),
        "POST /runs": without_thread(run),
        "POST /runs/batch": without_thread(lambda ids: [run(ids)]),
        "GET /runs/crons/{cron_id}": service_only(),
        "PATCH /runs/crons/{cron_id}": service_only(lambda _: {"schedule": "* * * * *"}),
        "DELETE /runs/crons/{cron_id}": service_only(),
    }


def _store() -> dict[str, Try]:
    return {
        "PUT /store/items": in_own_store(
            lambda ids: {**item(ids), "value": {"text": "changed"}}, owner="204"
        ),
        "DELETE /store/items": in_own_store(item, owner="204", order=1),
        "GET /store/items": in_own_store(
            query=lambda ids: {"namespace": ".".join(ids.namespace), "key": "k"}
        ),
        "POST /store/items/search": in_own_store(lambda ids: {"namespace_prefix": ids.namespace}),
        "POST /store/namespaces": in_own_store(lambda ids: {"prefix": ids.namespace[:2]}),
    }


def _protocols() -> dict[str, Try]:
    return {
        "POST /a2a/{assistant_id}": switched_off(),
        "POST /mcp/": switched_off(),
        "GET /mcp/": switched_off(),
        "DELETE /mcp/": switched_off(),
        # No graph has pages of its own.
        "POST /ui/{graph_id}": switched_off(),
        "GET /ui/{graph_id}/index.html": unguarded(),
    }


def _aids() -> dict[str, Try]:
    return {
        "GET /internal/debug/thread/{thread_id}": unguarded(),
        "POST /internal/truncate": unguarded(),
        "GET /deploy": unguarded(),
        "POST /deploy": unguarded(),
        "GET /deploy/{operation_id}/stream": unguarded(),
    }


def _about_the_server() -> dict[str, Try]:
    return {
        "GET /": public(),
        "GET /openapi.json": public(),
        "GET /info": public(),
        "GET /metrics": public(),
        "GET /docs": public(),
        "GET /ok": public(),
    }


DOCUMENTED: dict[str, Try] = {
    **_assistants(),
    **_threads(),
    **_runs(),
    **_store(),
    **_aids(),
    **_about_the_server(),
}
# The document leaves these out; the server's own route table has them.
UNDOCUMENTED: dict[str, Try] = {
    # The server opens the socket before it asks whose the thread is; then nothing comes through it.
    "WEBSOCKET /threads/{thread_id}/stream/events": Try(
        other=NO_EVENT, owner=OPEN, studio=NO_EVENT, strangers="403"
    ),
}
# The server leaves out of its table what is switched off; that it is off is tried all the same.
TRIES: dict[str, Try] = {**DOCUMENTED, **UNDOCUMENTED, **_protocols()}
