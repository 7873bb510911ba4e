"""Asks the control plane for passages of the documents that a run's user has uploaded."""

from typing import Final
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field

from graphs.control_plane import ask

# A question is embedded on the way, by a model server.
PATIENCE: Final = httpx.Timeout(20.0, connect=2.0)


class PassagesRequest(BaseModel):
    """A question to the documents of a run's user."""

    model_config = ConfigDict(frozen=True)

    query: str = Field(repr=False)
    limit: int


class Passage(BaseModel):
    """A piece of a document that was found; `score` orders those of one answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    document_id: UUID
    file_name: str
    page: int | None = None
    chunk: int
    text: str = Field(repr=False)
    score: float


class Passages(BaseModel):
    """What was found, best first."""

    model_config = ConfigDict(frozen=True)

    passages: list[Passage]


async def find_passages(run_id: str, request: PassagesRequest) -> list[Passage]:
    """Search the documents in reach of a run; each question is billed.

    Raises ControlPlaneRefused and ControlPlaneUnreachable.
    """
    path = f"/internal/runs/{run_id}/passages/"
    return (await ask("POST", path, answer=Passages, body=request, patience=PATIENCE)).passages
