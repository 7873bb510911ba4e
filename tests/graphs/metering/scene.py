"""One run with its store, and the metered model within it."""

from uuid import uuid4

from langgraph.store.memory import InMemoryStore

from graphs.metering.calls import ModelCall, RequestType
from graphs.metering.models import MeteredChat, metered_model


class Scene:
    """One run, its store, and the model within it."""

    def __init__(self, model_name: str = "gpt-4o-mini") -> None:
        """Make a run that nobody has seen."""
        self.run_id = str(uuid4())
        self.store = InMemoryStore()
        self.call = ModelCall(
            run_id=self.run_id,
            node="call_model",
            request_type=RequestType.CHAT,
            model=model_name,
            temperature=None,
            max_tokens=64,
            store=self.store,
        )

    @property
    def model(self) -> MeteredChat:
        """A model as a node makes it: a new one for each call."""
        return metered_model(self.call)

    async def records(self) -> list[dict]:
        """What the run recorded."""
        return [item.value for item in await self.store.asearch(("usage", self.run_id))]
