"""Each question that is asked of the ledger is answered by an index, and the limit check by one row."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.chat.models import ChatSession
from controlplane.usage.days import current_day
from controlplane.usage.models import DailyCounter, MonthlyCounter, TokenUsage

ROWS = 6000
USERS = 60


@pytest.fixture
def history(db) -> CustomUser:
    """Give one user of many, with a part of some thousand calls over two months."""
    users = CustomUser.objects.bulk_create(
        CustomUser(email=f"u{number}@example.com") for number in range(USERS)
    )
    sessions = ChatSession.objects.bulk_create(ChatSession(user=user) for user in users)
    now = timezone.now()
    TokenUsage.objects.bulk_create(
        TokenUsage(
            user=users[number % USERS],
            chat_session=sessions[number % USERS],
            model_name=f"model-{number % 40}",
            request_type=("title", "embedding")[number % 2] if number % 50 == 0 else "chat",
            outcome="failed" if number % 90 == 0 else "finished",
            state="pending" if number % 200 == 0 else "settled",
            prompt_tokens=1,
            created_at=now - timedelta(minutes=number * 15),
        )
        for number in range(ROWS)
    )
    today = current_day()
    DailyCounter.objects.bulk_create(
        DailyCounter(
            user=user,
            day=today.day - timedelta(days=age),
            resets_at=today.resets_at - timedelta(days=age),
        )
        for user in users
        for age in range(40)
    )
    MonthlyCounter.objects.bulk_create(
        MonthlyCounter(user=user, month=today.day.replace(day=1, year=year), resets_at=today.resets_at)
        for user in users
        for year in range(today.day.year - 39, today.day.year + 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE usage_tokenusage, usage_dailycounter, usage_monthlycounter")
    return users[0]


def questions(user: CustomUser) -> dict[str, QuerySet]:
    """Ask everything that pages, jobs and commands ask, by the index that should answer."""
    rows, now = TokenUsage.objects.all(), timezone.now()
    newest_first = rows.order_by("-created_at", "-pk")
    session = user.chat_sessions.get()
    return {
        "usage_of_user": newest_first.owned_by(user.pk)[:20],
        "usage_of_user of a day": rows.owned_by(user.pk).within(now - timedelta(days=3), now),
        "usage_of_session": newest_first.filter(chat_session=session)[:20],
        "usage_of_model": newest_first.filter(model_name="model-7").within(now - timedelta(days=9), now),
        "usage_of_request_type": newest_first.filter(request_type="title")[:20],
        "usage_not_finished": rows.filter(outcome="failed").within(now - timedelta(days=30), now),
        "usage_pending": rows.pending().filter(created_at__lt=now).order_by("created_at"),
        "usage_by_time": newest_first[:50],
    }


def test_every_question_has_its_index(history):
    for name, question in questions(history).items():
        plan = question.explain()
        assert name.split()[0] in plan, plan
        assert "Seq Scan" not in plan


def test_limit_check_reads_one_row_of_each_counter_by_its_key(history, django_assert_num_queries):
    with django_assert_num_queries(3) as asked:
        answer = TokenUsage.check_user_limits(history, additional_tokens=200)

    assert answer["allowed"]
    statements = [query["sql"] for query in asked.captured_queries]
    assert not any("usage_tokenusage" in statement for statement in statements)
    for table, index in (
        ("usage_dailycounter", "usage_counter_user_day"),
        ("usage_monthlycounter", "usage_counter_user_month"),
    ):
        (of_counter,) = [statement for statement in statements if table in statement]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {of_counter}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert index in plan
        assert "Seq Scan" not in plan
