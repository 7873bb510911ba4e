"""The words the agent puts before a conversation."""

SYSTEM_PROMPT = "You are a helpful assistant. Answer briefly, and say so when you do not know."
SUMMARY_HEADING = "Summary of the conversation so far:"
UNSEEN_IMAGE = "[An image that you cannot see.]"
NOT_RUN = "Not run: the turn was stopped before this tool could answer."
MALFORMED = "Not run: the arguments are not a JSON object. Call it again with a whole JSON object."
CALLS_SPENT = "Not run: these are too many calls at once. Ask again for those that are still needed."
ROUNDS_SPENT = "Not run: this turn has used up its rounds of tool calls."
STOPPED = (
    "I stopped here: this turn used up its rounds of tool calls. Ask me to go on, or narrow the question."
)
SHORTENED = "\n[… shortened …]\n"
