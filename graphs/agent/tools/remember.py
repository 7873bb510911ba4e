"""Keeps a fact about the user for later conversations."""

from langchain_core.tools import ToolException, tool

from graphs.agent.memories import MemoryFull
from graphs.agent.remembering import Runtime, in_words, memories_of_run, text_of, vector_of

KEPT = "Remembered."
KNOWN = "This is remembered already."
FULL = "Nothing more can be remembered: the user has to erase memories first."


@tool
async def remember(text: str, runtime: Runtime) -> str:
    """Keep a short fact about the user for later conversations. Write a whole sentence that stands alone."""
    memories, fact = memories_of_run(runtime), text_of(text)
    if await memories.knows(fact):
        return KNOWN
    async with in_words("remember"):
        try:
            await memories.require_room(fact)
        except MemoryFull:
            raise ToolException(FULL) from None
        await memories.keep(fact, await vector_of(fact, runtime, node="remember"))
    return KEPT


remember.handle_tool_error = True
