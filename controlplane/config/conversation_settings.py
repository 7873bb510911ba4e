"""What the house does with conversations by itself: a part of the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings


class ConversationSettings(BaseSettings):
    """The settings of titles and summaries."""

    auto_titles: bool = Field(
        default=True, description="Titles by a model after a session's first exchange, billed to its user"
    )
    summarization_model: str = Field(
        default="",
        max_length=200,
        description="Model of titles and summaries of users who chose none; empty: that of the conversation",
    )
