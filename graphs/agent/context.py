"""What a run of the agent works with; the control plane fills it in, or Studio's form when standalone."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from graphs.agent.prompts import SYSTEM_PROMPT
from graphs.agent.tools import TOOLS
from graphs.metering.calls import ModelChoice


class RemoteTool(BaseModel):
    """A tool of an MCP server, as the model is told of it; where it runs comes with each call's permit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict, description="JSON Schema of its arguments.")


class AgentContext(ModelChoice):
    """The agent's settings for one run."""

    system_prompt: str = Field(
        default=SYSTEM_PROMPT,
        title="System prompt",
        description="What the model is told before the conversation.",
        json_schema_extra={"langgraph_type": "prompt", "langgraph_nodes": ["call_model"]},
    )
    enabled_tools: list[str] = Field(
        default_factory=lambda: list(TOOLS),
        title="Tools",
        description=f"Tools the model may use, of: {', '.join(TOOLS)}.",
        json_schema_extra={"langgraph_nodes": ["call_model", "run_tools"]},
    )
    remote_tools: list[RemoteTool] = Field(
        default_factory=list, description="Those of the enabled tools that MCP servers offer."
    )
    approval_tools: list[str] = Field(
        default_factory=list, description="Those of the enabled tools that ask their user before each call."
    )
    approval_tools_after_retrieval: list[str] = Field(
        default_factory=list,
        description="Those that ask once their turn holds text from documents, pages or other servers.",
    )
    embedding_model: str = Field(
        default="", description="Model that makes the vectors of memories; empty: there is no memory."
    )
    supports_tools: bool = Field(default=True, description="Whether the model may be offered tools.")
    supports_vision: bool = Field(default=True, description="Whether the model may be given images.")
    enable_summarization: bool = Field(
        default=True,
        title="Summaries",
        description="Whether the model gets a summary of older turns; users still see all.",
        json_schema_extra={"langgraph_nodes": ["keep_within_budget"]},
    )
    summarization_threshold: int = Field(
        default=4000, ge=256, description="Tokens of history above which older turns are summarized."
    )
    summary_model: str = Field(default="", description="Model that summarizes; empty: the model itself.")
    summary_context_length: int | None = Field(
        default=None, ge=1, description="Tokens that the model that summarizes can take in; empty: not known."
    )
    summary_keep_tokens: int = Field(
        default=2000, ge=0, description="Tokens of recent history that stay word for word."
    )
