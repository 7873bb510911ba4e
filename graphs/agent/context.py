"""What a run of the agent works with; the control plane fills it in, or Studio's form when standalone."""

from pydantic import Field

from graphs.agent.prompts import SYSTEM_PROMPT
from graphs.agent.tools import TOOLS
from graphs.metering.calls import ModelChoice


class AgentContext(ModelChoice):
    """The agent's settings for one run."""

    system_prompt: str = Field(
        default=SYSTEM_PROMPT, description="What the model is told before the conversation."
    )
    enabled_tools: list[str] = Field(
        default_factory=lambda: list(TOOLS), description=f"Tools the model may use, of: {', '.join(TOOLS)}."
    )
    enable_summarization: bool = Field(
        default=True,
        description="Whether the model gets a summary of older turns; users still see all.",
    )
    summarization_threshold: int = Field(
        default=4000, ge=256, description="Tokens of history above which older turns are summarized."
    )
    summary_keep_tokens: int = Field(
        default=2000, ge=0, description="Tokens of recent history that stay word for word."
    )
