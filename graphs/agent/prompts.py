"""The words the agent puts before a conversation."""

SYSTEM_PROMPT = "You are a helpful assistant. Answer briefly, and say so when you do not know."
SUMMARY_HEADING = "Summary of the conversation so far:"
NOT_RUN = "Not run: the turn was stopped before this tool could answer."
ROUNDS_SPENT = "Not run: this turn has used up its rounds of tool calls."
STOPPED = (
    "I stopped here: this turn used up its rounds of tool calls. Ask me to go on, or narrow the question."
)
SHORTENED = "\n[… shortened …]\n"
