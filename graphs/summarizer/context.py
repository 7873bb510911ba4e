"""What a run of the summarizer works with."""

from pydantic import Field

from graphs.metering.calls import ModelChoice


class SummarizerContext(ModelChoice):
    """The summarizer's settings for one run."""

    structured_output: bool = Field(
        default=True,
        description="Ask for JSON by schema first; plain text is the way out when the model cannot.",
    )
    source_thread_id: str = Field(
        default="",
        description="Thread of the agent whose conversation is read; empty: the messages that are given.",
    )
