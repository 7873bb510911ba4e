"""Fills a control-plane database by SQL alone: skewed users, sessions, words of messages, usage, counters."""

from django.apps import apps
from django.db import connection
from django.db.models import Model

HEAVY, ORDINARY = 1, 2
HEAVY_SESSIONS, ORDINARY_SESSIONS = 2_000, 100
TABLES = (
    "chat.ChatSession",
    "chat.IndexedMessage",
    "usage.TokenUsage",
    "usage.DailyCounter",
    "usage.MonthlyCounter",
    "usage.DailySum",
)
TIME_OF_CALL = "(s.updated_at - n * interval '1 hour')"
DAY_OF_CALL = f"({TIME_OF_CALL} AT TIME ZONE 'UTC')::date"


def fill(*, users: int, sessions: int, usage: int) -> None:
    """Fill the connected, migrated, empty database; its indexes are made after the rows."""
    models = [apps.get_model(name) for name in TABLES]
    _insert_users(users)
    indexes = [index for model in models for index in _take_off_indexes(model)]
    _insert_sessions(users, sessions)
    _insert_words()
    _insert_counters(usage // sessions)
    _insert_usage(usage // sessions)
    _insert_sums()
    _run("SET maintenance_work_mem = '1GB'")
    for index in indexes:
        _run(index)
    for model in models:
        _run(f"VACUUM (ANALYZE) {model._meta.db_table}")
    _run("VACUUM (ANALYZE) accounts_customuser")


def user_id(number: int) -> str:
    """Give the id of a user by number, as SQL."""
    return f"md5('user' || {number})::uuid"


def _insert_users(users: int) -> None:
    _insert(
        apps.get_model("accounts.CustomUser"),
        f"FROM generate_series(1, {users}) n",
        id="md5('user' || n)::uuid",
        email="'user' || n || '@example.com'",
        date_joined="now()",
        password="'!'",
    )


def _insert_sessions(users: int, sessions: int) -> None:
    # Few users have many sessions, most have few; two of known size are asked about.
    somebody = f"md5('user' || (3 + floor({users - 2} * random() ^ 2))::int)::uuid"
    heavy_until, ordinary_until = HEAVY_SESSIONS, HEAVY_SESSIONS + ORDINARY_SESSIONS
    owner = (
        f"CASE WHEN n <= {heavy_until} THEN {user_id(HEAVY)}"
        f" WHEN n <= {ordinary_until} THEN {user_id(ORDINARY)} ELSE {somebody} END"
    )
    _insert(
        apps.get_model("chat.ChatSession"),
        f"FROM generate_series(1, {sessions}) n",
        id="gen_random_uuid()",
        user_id=owner,
        title=" || ' ' || ".join([_word(2_000)] * 3),
        tags="CASE WHEN n % 10 = 0 THEN '{work,home}' WHEN n % 3 = 0 THEN '{work}' ELSE '{}' END::varchar[]",
        model_name="CASE WHEN n % 4 = 0 THEN 'gpt-4o' ELSE '' END",
        is_archived="n % 10 = 1",
        is_pinned="n % 50 = 2",
        message_count="10",
        total_tokens_used="1500",
        index_wanted="1",
        index_done="1",
        created_at="now() - interval '400 days' + random() * interval '30 days'",
        updated_at="now() - random() * interval '365 days'",
    )


def _insert_words() -> None:
    owner = "right(user_id::text, 8) || ':'"
    words = ", ".join(f"{owner} || {word}" for word in ["''", *[_word(5_000)] * 12])
    _insert(
        apps.get_model("chat.IndexedMessage"),
        "FROM chat_chatsession",
        session_id="id",
        message_id="'m0'",
        position="0",
        words=f"array_to_tsvector(ARRAY[{words}])",
    )


def _insert_counters(calls: int) -> None:
    # Each user's days with calls, and today for everybody.
    _insert(
        apps.get_model("usage.DailyCounter"),
        "FROM (SELECT user_id, day, sum(made) AS made FROM"  # noqa: S608  # a number is all that is put in
        f" (SELECT s.user_id, {DAY_OF_CALL} AS day, 1 AS made FROM {_calls(calls)}"
        " UNION ALL SELECT id, current_date, 0 FROM accounts_customuser) all_days GROUP BY 1, 2) used",
        user_id="user_id",
        day="day",
        resets_at="day + interval '1 day'",
        messages="5",
        tokens="150 * made",
        cost="0.00075 * made",
        is_rolled_up="day < current_date",
    )
    _insert(
        apps.get_model("usage.MonthlyCounter"),
        "FROM (SELECT user_id, date_trunc('month', day)::date AS month, sum(messages) AS messages,"
        " sum(tokens) AS tokens, sum(cost) AS cost FROM usage_dailycounter GROUP BY 1, 2) used",
        user_id="user_id",
        month="month",
        resets_at="month + interval '1 month'",
        messages="messages",
        tokens="tokens",
        cost="cost",
    )


def _insert_usage(calls: int) -> None:
    _insert(
        apps.get_model("usage.TokenUsage"),
        f"FROM {_calls(calls)} JOIN usage_dailycounter c ON c.user_id = s.user_id AND c.day = {DAY_OF_CALL}",
        counter_id="c.id",
        id="gen_random_uuid()",
        user_id="s.user_id",
        chat_session_id="s.id",
        model_name="CASE WHEN n % 4 = 0 THEN 'gpt-4o' ELSE 'gpt-4o-mini' END",
        provider="'openai'",
        prompt_tokens="100",
        completion_tokens="50",
        prompt_cost="0.00025",
        completion_cost="0.0005",
        total_cost="0.00075",
        is_priced="true",
        created_at=TIME_OF_CALL,
        settled_at="s.updated_at",
    )


def _insert_sums() -> None:
    _insert(
        apps.get_model("usage.DailySum"),
        "FROM (SELECT counter_id, provider, model_name, request_type, count(*) AS calls,"
        " sum(prompt_tokens) AS tokens_in, sum(completion_tokens) AS tokens_out, sum(total_cost) AS cost"
        " FROM usage_tokenusage GROUP BY 1, 2, 3, 4) used"
        " JOIN usage_dailycounter counter ON counter.id = counter_id AND counter.is_rolled_up",
        counter_id="counter_id",
        provider="provider",
        model_name="model_name",
        request_type="request_type",
        is_house_paid="true",
        calls="calls",
        failed_calls="0",
        unpriced_calls="0",
        tokens_in="tokens_in",
        tokens_out="tokens_out",
        cost="used.cost",
    )


def _calls(of_each_session: int) -> str:
    return f"chat_chatsession s CROSS JOIN generate_series(1, {of_each_session}) n"


def _word(words: int) -> str:
    return f"'w' || floor({words} * random() ^ 2)::int"


def _insert(model: type[Model], source: str, **given: str) -> None:
    """Insert one row for each of the source's; columns that are not given have the model's defaults."""
    columns = {**_defaults(model), **given}
    names = ", ".join(f'"{name}"' for name in columns)
    _run(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(columns.values())} {source}")


def _defaults(model: type[Model]) -> dict[str, str]:
    plain = {True: "true", False: "false", None: "NULL", "": "''"}
    found = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.generated or (field.has_db_default() and not field.has_default()):
            continue
        value = None if field.has_default() and callable(field.default) else field.get_default()
        is_plain = isinstance(value, bool | None) or value == ""
        found[field.column] = plain[value] if is_plain else f"'{value}'"
    return found


def _take_off_indexes(model: type[Model]) -> list[str]:
    """Drop what makes inserting slow; returns how to make the indexes again, references stay away."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint"
            " WHERE contype = 'f' AND %s::regclass IN (conrelid, confrelid)",
            [table],
        )
        for of, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {of} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        # Nothing here has to outlive a crash.
        cursor.execute(f"ALTER TABLE {table} SET UNLOGGED")
    return [made_by for _, made_by in indexes]


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
