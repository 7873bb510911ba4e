"""The two ways in that a storm's users take; each tells what was not admitted from what was cut."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import APIConnectionError

from tests.chaos.turns import Heard, NotAdmitted
from tests.end_to_end.api import Api

# 409: an earlier run goes on. 401 and 403 are never right: the users' tokens are good.
FOR_NOW = frozenset({409, 500, 502, 503, 504})
# An answer that breaks off may be no JSON any more.
CUT = (httpx.TransportError, APIConnectionError, ValueError)
SECONDS = 60.0


class RestDoor:
    """REST, where a thread is a session."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def open(self, *, name: str) -> str:
        """Make a session; the same name again is the same session. Raises NotAdmitted."""
        with _refusals():
            answer = self._api.http.post(
                "sessions/", json={"title": "Storm"}, headers={"Idempotency-Key": name}
            )
        _require(answer, 201)
        return str(answer.json()["id"])

    def wait(self, thread: str, text: str) -> Heard:
        """Say something and wait for the end."""
        with _refusals():
            answer = self._api.http.post(f"sessions/{thread}/messages/", json={"message": text})
        if answer.status_code != httpx.codes.OK:
            error = _error(answer)
            run_id = error.get("details", {}).get("run_id")
            if run_id is None:
                raise _not_admitted(answer)
            return Heard(run_id)
        said = answer.json()
        return Heard(said["run_id"], is_success=said["status"] == "success")

    @contextmanager
    def stream(self, thread: str, text: str, *, on_disconnect: str) -> Iterator[Iterator[Heard]]:
        """Say something and listen event by event."""
        pieces = self._events(thread, {"message": text, "on_disconnect": on_disconnect})
        try:
            yield pieces
        finally:
            pieces.close()

    def _events(self, thread: str, body: Mapping[str, str]) -> Generator[Heard]:
        heard = Heard()
        try:
            with self._api.http.stream(
                "POST",
                f"sessions/{thread}/messages/",
                json=body,
                headers={"Accept": "text/event-stream"},
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    raise _not_admitted(answer)
                for event, data in _server_events(answer):
                    match event:
                        case "run":
                            heard.run_id = data["run_id"]
                        case "token":
                            heard.tokens += 1
                        case "end":
                            heard.is_success = data["status"] == "success"
                    yield heard
        except httpx.TransportError as error:
            if not heard.run_id:
                raise NotAdmitted(type(error).__name__) from error

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run, if somebody listens."""
        try:
            answer = self._api.http.post(f"sessions/{thread}/runs/{run}/cancel/")
        except httpx.TransportError:
            return
        assert answer.is_success or answer.status_code in FOR_NOW | {404}, answer.text


class SdkDoor:
    """The Python SDK straight at the Agent Server, with a token of the same user."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @contextmanager
    def _client(self) -> Iterator[SyncLangGraphClient]:
        with _refusals():
            answer = self._api.http.post("auth/agent-token/")
        _require(answer, 200)
        access = answer.json()
        headers = {"Authorization": f"Bearer {access['token']}"}
        with get_sync_client(
            url=access["agent_url"], api_key=None, headers=headers, timeout=SECONDS
        ) as client:
            client.http.client.event_hooks["response"].append(_forget_location)
            yield client

    def wait(self, thread: str, text: str) -> Heard:
        """Say something and wait for the end."""
        created: list[str] = []
        with self._client() as client:
            try:
                values: Any = client.runs.wait(
                    thread,
                    "agent",
                    input=_turn(text),
                    if_not_exists="create",
                    raise_error=False,
                    on_run_created=lambda run: created.append(run["run_id"]),
                )
            except CUT as error:
                if not created:
                    raise NotAdmitted(type(error).__name__) from error
                return Heard(created[0])
            except httpx.HTTPStatusError as error:
                raise _refused(error) from error
        is_success = isinstance(values, dict) and "messages" in values
        return Heard(created[0] if created else "", is_success=is_success)

    @contextmanager
    def stream(self, thread: str, text: str, *, on_disconnect: str) -> Iterator[Iterator[Heard]]:
        """Say something and listen part by part."""
        with self._client() as client:
            parts: Any = client.runs.stream(
                thread,
                "agent",
                input=_turn(text),
                stream_mode="messages-tuple",
                on_disconnect=on_disconnect,  # type: ignore[arg-type]  # one of its two words
                if_not_exists="create",
            )
            try:
                yield _parts(client, thread, parts)
            finally:
                parts.close()

    def cancel(self, thread: str, run: str) -> None:
        """Stop a run, if somebody listens."""
        with self._client() as client:
            try:
                client.runs.cancel(thread, run)
            except CUT:
                return
            except httpx.HTTPStatusError as error:
                if error.response.status_code not in FOR_NOW | {404}:
                    raise


def _parts(client: SyncLangGraphClient, thread: str, parts: Iterator[Any]) -> Iterator[Heard]:
    heard = Heard()
    try:
        for part in parts:
            if part.event == "metadata":
                heard.run_id = part.data["run_id"]
            if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
                heard.tokens += 1
            yield heard
        # A stream that was cut closes as quietly as one that is over.
        heard.is_success = client.runs.get(thread, heard.run_id)["status"] == "success"
        yield heard
    except CUT as error:
        if not heard.run_id:
            raise NotAdmitted(type(error).__name__) from error
    except httpx.HTTPStatusError as error:
        if not heard.run_id:
            raise _refused(error) from error


def _server_events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, httpx.Response(200, text=line.removeprefix("data: ")).json()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise NotAdmitted(type(error).__name__) from error


def _require(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise _not_admitted(answer)


def _not_admitted(answer: httpx.Response) -> NotAdmitted:
    assert answer.status_code in FOR_NOW, f"{answer.status_code} {answer.text}"
    return NotAdmitted(f"{answer.status_code} {_error(answer).get('code', '')}".strip())


def _refused(error: httpx.HTTPStatusError) -> NotAdmitted:
    status = error.response.status_code
    assert status in FOR_NOW, f"{status} {error}"
    return NotAdmitted(f"{status} from the Agent Server")


def _error(answer: httpx.Response) -> dict[str, Any]:
    try:
        error: dict[str, Any] = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error


def _forget_location(response: httpx.Response) -> None:
    # Else the SDK joins a broken stream again by itself, for as long as a restart takes.
    response.headers.pop("Location", None)


def _turn(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}
