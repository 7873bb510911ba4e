"""The words the summarizer puts around a conversation."""

TITLE = "Write a title of at most six words for this conversation. Answer with the title alone."
SUMMARY = "Summarize this conversation in a few sentences. Answer with the summary alone."
EMPTY_TITLE = "New conversation"
