"""Runs of the control plane's own on the real Agent Server: without a thread, forgotten when over."""

from typing import Any

from sdk_bridge.agent_server.calls import CallGroup
from sdk_bridge.errors import ServerFailed
from sdk_bridge.failures import failure_of
from sdk_bridge.runs import ServiceAnswer, ServiceRun


class SdkServiceRuns(CallGroup):
    """Implements `sdk_bridge.bridge.ServiceRunCalls`."""

    async def run_for_service(self, request: ServiceRun, *, within: float) -> ServiceAnswer:
        asked: dict[str, Any] = dict(request.input)
        given: Any = await self._caller.once(
            lambda: self._caller.client.runs.wait(
                None,
                request.assistant,
                input=asked,
                context=_context(request),
                # The server keeps neither the passing thread nor the run, with what it was called with.
                on_completion="delete",
                on_disconnect="cancel",
                raise_error=False,
                headers=self._caller.headers,
            ),
            within=within,
        )
        if not isinstance(given, dict):
            raise ServerFailed("The Agent Server's answer cannot be read.")
        error = given.get("__error__")
        if error is None:
            return ServiceAnswer(values=given)
        said = error if isinstance(error, dict) else {}
        return ServiceAnswer({}, failure_of(str(said.get("error")), str(said.get("message") or "")))


def _context(request: ServiceRun) -> dict[str, Any]:
    context: dict[str, Any] = {"user_id": str(request.user_id)}
    if request.source_thread_id is not None:
        context["source_thread_id"] = str(request.source_thread_id)
    return context
