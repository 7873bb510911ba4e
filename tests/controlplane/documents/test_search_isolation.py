"""Nobody is given a passage of somebody else's documents, whatever they filter by."""

import json
import uuid
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.chat.models import ChatSession
from controlplane.documents.models import UserDocument
from controlplane.documents.processing import document_process
from controlplane.documents.search import Question, passages_find
from controlplane.embeddings.client import Embeddings
from controlplane.errors import Invalid
from controlplane.language_models.models import AllowedModel
from tests.controlplane.documents.files import upload
from tests.controlplane.internal.conftest import agent_server_client
from tests.controlplane.runs.conftest import admitted, run_request

__all__ = ["admitted", "agent_server_client", "run_request"]

SECRET = b"The vault opens with the word heliotrope, says page two."
OWN = b"Shopping: apples, bread, candles."
FIELDS = (
    "document_id", "chat_session_id", "file_name", "file_type", "category", "heading", "tags", "page",
    "chunk", "uploaded_at", "user_id", "collection_id", "id", "$or", "$and", "$not", "cmetadata",
    "' OR true --", "", "user_id'::text) OR (true",
)  # fmt: skip
OPERATORS = ("$eq", "$in", "$gt", "$gte", "$lt", "$lte", "$ne", "$nin", "$or", "$exists", "$like", "")
EXAMPLES, REQUESTS = 300, 100


@pytest.fixture
def reach(user, stranger, vectors, settings, transactional_db):
    """The stranger's documents, one for all sessions and one of a session, and the user's own two."""
    AllowedModel.objects.create(name=settings.EMBEDDING_MODEL, provider="openai", is_active=True)
    sessions = {owner: ChatSession.objects.create(user=owner, title="Papers") for owner in (user, stranger)}
    with patch("controlplane.documents.batches.texts_embed", _embedded):
        for owner, text in ((user, OWN), (stranger, SECRET)):
            for session in (None, sessions[owner]):
                said = {"category": "plans", "tags": ["vault"], "session_id": session and session.pk}
                name = f"{'session' if session else 'all'}.txt"
                document = upload(owner, name, text + name.encode(), **said)
                assert document_process(document_id=document.pk)
    return {
        "sessions": [str(session.pk) for session in sessions.values()],
        "documents": [str(pk) for pk in UserDocument.objects.values_list("pk", flat=True)],
        "mine": set(UserDocument.objects.filter(user=user).values_list("pk", flat=True)),
        "users": [str(user.pk), str(stranger.pk)],
    }


def _embedded(texts: list[str], **_: object) -> Embeddings:
    return Embeddings(attempt_id=uuid.uuid4(), vectors=[[1.0, 0.5] for _ in texts])


def filters_of(reach: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Filters in the words of PGVector, right and wrong, over values that the stranger's chunks have."""
    known = [
        *reach["sessions"],
        *reach["documents"],
        *reach["users"],
        "plans",
        "vault",
        "all.txt",
        "text/plain",
    ]
    known += ["session.txt", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "%", "' OR true --"]
    value = st.sampled_from(known) | st.integers(-5, 5) | st.none() | st.booleans() | st.text(max_size=20)
    nested = st.recursive(
        value,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(OPERATORS + FIELDS), inner, max_size=2)
        ),
        max_leaves=6,
    )
    # Half of them can be answered, so that more than refusals is seen.
    good_text = st.sampled_from(known)
    good = st.dictionaries(
        st.sampled_from(("document_id", "chat_session_id", "file_name", "category", "tags")),
        good_text | st.fixed_dictionaries({"$in": st.lists(good_text, min_size=1, max_size=6)}),
        max_size=2,
    )
    return good | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=12), nested, max_size=3)


def sessions_of(reach: dict[str, Any]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(reach["sessions"]) | st.uuids().map(str)


def fuzzed(function, *, examples=EXAMPLES):
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=quiet)(
        function
    )


@pytest.mark.usefixtures("reach")
def test_the_owner_is_told_what_the_others_are_not(stranger):
    with patch("controlplane.documents.search.texts_embed", _embedded):
        found = passages_find(Question(text="heliotrope vault", limit=50), owner_id=stranger.pk)

    assert [SECRET.decode() in one.text for one in found] == [True]


def test_no_filter_of_a_search_leads_to_what_is_anothers(user, reach):
    answered = set()

    @fuzzed
    @given(filters=filters_of(reach), session=sessions_of(reach))
    def ask(filters, session):
        question = Question(
            text="heliotrope vault", session_id=session and uuid.UUID(session), filters=filters, limit=50
        )
        try:
            found = passages_find(question, owner_id=user.pk)
        except Invalid:
            return
        assert {one.document_id for one in found} <= reach["mine"]
        answered.update(one.document_id for one in found)

    with patch("controlplane.documents.search.texts_embed", _embedded):
        ask()
    assert answered == reach["mine"]


def test_no_request_leads_to_what_is_anothers(api, reach):
    statuses = set()

    @partial(fuzzed, examples=REQUESTS)
    @given(filters=filters_of(reach), session=sessions_of(reach))
    def ask(filters, session):
        body = {"query": "heliotrope vault", "filter": filters, "session": session, "limit": 50}
        answer = api.post("/api/v1/documents/search/", body, format="json")
        statuses.add(answer.status_code)
        assert b"heliotrope" not in answer.content
        if answer.status_code == 200:
            assert {uuid.UUID(one["document_id"]) for one in answer.data["results"]} <= reach["mine"]

    with patch("controlplane.documents.search.texts_embed", _embedded):
        ask()
    assert {200, 422} <= statuses <= {200, 400, 422}


def test_a_run_searches_for_its_own_user_whatever_it_is_sent(agent_server_client, admitted, stranger, reach):
    run = admitted()
    theirs = ChatSession.objects.get(user=stranger)
    body = {
        "query": "heliotrope vault",
        "limit": 10,
        "user_id": str(stranger.pk),
        "owner_id": str(stranger.pk),
        "session_id": str(theirs.pk),
        "session": str(theirs.pk),
        "filter": {"chat_session_id": str(theirs.pk)},
    }
    with patch("controlplane.documents.search.texts_embed", _embedded):
        answer = agent_server_client.post(
            f"/internal/runs/{run.pk}/passages/", json.dumps(body), content_type="application/json"
        )
        unknown = agent_server_client.post(
            f"/internal/runs/{theirs.pk}/passages/", json.dumps(body), content_type="application/json"
        )

    assert answer.status_code == 200, answer.content
    assert {uuid.UUID(one["document_id"]) for one in answer.json()["passages"]} <= reach["mine"]
    assert answer.json()["passages"]
    assert unknown.status_code == 404
    assert b"heliotrope" not in answer.content + unknown.content
