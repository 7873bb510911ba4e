"""What a client may ask for per run; `runs.configuration` holds it against all other levels."""

from pydantic import BaseModel, ConfigDict, Field

# Postgres keeps no null characters in text.
NO_NULL = r"^[^\x00]*$"


class Wishes(BaseModel):
    """What a client may ask for per run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = Field(default=None, min_length=1, max_length=200, pattern=NO_NULL)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
