"""A thread of 600 turns answers as quickly as a young one, and weighs little more than its text."""

from uuid import UUID

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.scripted_model import ScriptedModel
from tests.shown_tables import show_table
from tests.threads_at_length.measure import PAGE, PAGES, measure
from tests.threads_at_length.report import table_of


@pytest.mark.timeout(240)
async def test_six_hundred_turns(
    client: LangGraphClient, checkpoint_uri: str, scripted_model: ScriptedModel, user_id: UUID
):
    figures = await measure(client, checkpoint_uri, scripted_model, words=f"at length {user_id}")

    show_table(table_of(figures))
    assert figures.bytes_before / figures.json_bytes < 6
    assert figures.bytes_after / figures.json_bytes < 2.5
    assert figures.slower < 1.5
    assert figures.checkpoints == PAGE * PAGES
    assert max(figures.pages) < 5000
