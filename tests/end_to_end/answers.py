"""Puts an answer of the Agent Server into a word or two, quirks included."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.end_to_end.routes import EMPTY, ERROR_BODY, ERROR_EVENT, NO_EVENT, OPEN, Ids, Try
from tests.end_to_end.sockets import ask_socket

NOT_TRIED = "-"
NOTHING: tuple[Any, ...] = ([], {}, 0, {"items": []}, {"namespaces": []})
# A stream that ends does so at once; one that stays open this long has let the listener in.
OPEN_SECONDS = 1.0


def ask(http: httpx.Client, route: str, request: Try, ids: Ids, headers: dict[str, str]) -> tuple[str, str]:
    """Send one request; return the answer in a word, and all of its text."""
    method, _, template = route.partition(" ")
    if method == "WEBSOCKET":
        return ask_socket(http, ids.path(template, is_live=request.is_live), ids, headers)
    query = request.query(ids) if isinstance(request.query, Callable) else request.query
    seconds = OPEN_SECONDS if request.is_endless else 30.0
    text = ""
    with http.stream(
        method,
        ids.path(template, is_live=request.is_live),
        headers=headers,
        params=query,
        json=request.body(ids) if request.body else None,
        timeout=httpx.Timeout(30.0, read=seconds),
    ) as response:
        try:
            for piece in response.iter_text():
                text += piece
        except httpx.ReadTimeout:
            if not request.is_endless:
                raise
            return (OPEN if response.is_success else str(response.status_code)), text
    return in_a_word(response, text), text


def in_a_word(response: httpx.Response, text: str) -> str:
    """Return the status, and what kind of success it is where that says more."""
    if response.status_code != 200:
        return str(response.status_code)
    kind = response.headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        return _of_events(text)
    if not kind.startswith("application/json"):
        return "200"
    body = httpx.Response(200, text=text).json()
    if isinstance(body, dict) and body.get("type") == "error":
        return ERROR_BODY
    return EMPTY if body in NOTHING else "200"


def _of_events(text: str) -> str:
    names = [line.removeprefix("event:").strip() for line in text.splitlines() if line.startswith("event:")]
    if not names:
        return NO_EVENT
    return ERROR_EVENT if names == ["error"] else "200 events"


def table(rows: dict[str, dict[str, str]]) -> str:
    """Draw answers: a line for each route, a column for each hand."""
    hands = list(dict.fromkeys(hand for row in rows.values() for hand in row))
    width = max(map(len, rows))
    columns = {
        hand: max(len(hand), *(len(row.get(hand, NOT_TRIED)) for row in rows.values())) for hand in hands
    }
    lines = [" | ".join(["route".ljust(width), *(hand.ljust(columns[hand]) for hand in hands)])]
    for route, row in rows.items():
        lines.append(
            " | ".join(
                [route.ljust(width), *(row.get(hand, NOT_TRIED).ljust(columns[hand]) for hand in hands)]
            )
        )
    return "\n".join(lines)
