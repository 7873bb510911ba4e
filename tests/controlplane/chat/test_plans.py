"""No question about one user's sessions reads the rows of others: Postgres says how it finds them."""

import json
import re
import uuid

import pytest
from django.db import connection
from django.db.models import QuerySet

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from controlplane.chat.search import session_search
from controlplane.chat.selectors import session_filter, session_list

USERS = 200
SESSIONS = 20_000
FILTERS = [
    {},
    {"status": "active"},
    {"archived": True},
    {"pinned": True},
    {"model": "gpt-4o"},
    {"tag": "rare"},
    {"tag": "often"},
    {"search": "tea"},
    {"created_after": "2026-01-05T00:00Z", "created_before": "2026-01-06T00:00Z"},
    {"updated_after": "2026-01-05T00:00Z"},
    {
        "status": "pinned",
        "model": "gpt-4o",
        "tag": "often",
        "search": "tea",
        "created_after": "2026-01-02T00:00Z",
    },
]
ORDERS = ["-updated_at", "updated_at", "-created_at", "created_at", "title", "-title"]

FILL = """
INSERT INTO chat_chatsession (id, user_id, title, graph_id, tags, model_name, custom_system_prompt,
    message_count, total_tokens_used, total_cost, is_active, is_archived, is_pinned, is_provisional,
    index_wanted, index_done, created_at, updated_at)
SELECT gen_random_uuid(), (%(users)s::uuid[])[1 + n %% %(count)s], 'tea number ' || n, 'agent',
    CASE WHEN n %% 50 = 0 THEN ARRAY['often', 'rare'] ELSE ARRAY['often'] END,
    CASE WHEN n %% 3 = 0 THEN 'gpt-4o' ELSE '' END, '', 0, 0, 0, true, n %% 10 = 1, n %% 20 = 2, false, 0, 0,
    '2026-01-01'::timestamptz + n * interval '1 minute', '2026-01-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, %(rows)s) n
"""
FILL_WORDS = """
INSERT INTO chat_indexedmessage (session_id, message_id, position, words)
SELECT id, 'm1', 0,
    array_to_tsvector(ARRAY(
        SELECT DISTINCT right(user_id::text, 8) || ':' || word
        FROM unnest(ARRAY['', 'green'] || string_to_array(title, ' ')) word
    ))
FROM chat_chatsession
"""


@pytest.fixture
def crowd(db) -> uuid.UUID:
    """Two hundred users with a hundred sessions each; gives one of them."""
    users = CustomUser.objects.bulk_create(CustomUser(email=f"user{n}@example.com") for n in range(USERS))
    with connection.cursor() as cursor:
        given = {"users": [user.pk for user in users], "count": USERS, "rows": SESSIONS}
        cursor.execute(FILL, given)
        cursor.execute(FILL_WORDS)
        cursor.execute("ANALYZE chat_chatsession, chat_indexedmessage")
    return users[7].pk


def plan_of(rows: QuerySet[ChatSession]) -> list[dict]:
    """All steps of a query's plan, with what each one really did."""
    text, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", parameters)
        (plan,) = cursor.fetchone()
    found, waiting = [], [(plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]]
    while waiting:
        step = waiting.pop()
        found.append(step)
        waiting += step.get("Plans", [])
    return found


def rows_touched(steps: list[dict]) -> int:
    """How many rows of tables were read, those included that a filter then dropped."""
    read = [step for step in steps if "Relation Name" in step]
    dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        int(step["Actual Rows"] + sum(step.get(name, 0) for name in dropped)) * int(step["Actual Loops"])
        for step in read
    )


def test_every_list_is_found_within_one_user(crowd):
    for filters in FILTERS:
        for order in ORDERS:
            sessions = session_filter(session_list(owner_id=crowd), owner_id=crowd, filters=filters)
            tie = re.sub(r"[a-z_]+$", "pk", order)
            steps = plan_of(sessions.order_by(order, tie)[:21])

            assert "Seq Scan" not in {step["Node Type"] for step in steps}, (filters, order)
            assert rows_touched(steps) <= 2 * SESSIONS // USERS, (filters, order)


@pytest.mark.parametrize("text", ["green", "tea", "numb", "number 8 tea", "green or tea", "-tea"])
def test_search_is_found_within_one_user(crowd, text):
    steps = plan_of(session_search(owner_id=crowd, text=text).order_by("-updated_at", "-pk")[:21])

    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    # Titles, messages, and the sessions of both.
    assert rows_touched(steps) <= 4 * SESSIONS // USERS
    indexes = {step.get("Index Name") for step in steps}
    assert "chat_indexed_words" in indexes


def test_sweeps_and_the_back_office_have_indexes_of_their_own(crowd):
    ChatSession.objects.filter(title__endswith="99").update(index_wanted=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_chatsession")
    for rows, index in (
        (ChatSession.objects.to_index().order_by("pk"), "chat_session_to_index"),
        (ChatSession.objects.order_by("-updated_at", "-pk")[:50], "chat_session_latest"),
        (ChatSession.objects.titled("'number' & '777'"), "chat_session_words"),
    ):
        assert index in {step.get("Index Name") for step in plan_of(rows)}
