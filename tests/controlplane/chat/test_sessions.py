"""Creating, reading, listing, changing and ordering sessions over REST."""

import base64
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.chat.models import ChatSession
from sdk_bridge import ServerTimedOut, ServerUnreachable

LIST = "/api/v1/sessions/"


def address(session: ChatSession, step: str = "") -> str:
    return f"{LIST}{session.pk}/{step}"


def make_session(user, **fields: object) -> ChatSession:
    """A row without a thread: enough for what never asks the Agent Server."""
    return ChatSession.objects.create(user=user, **fields)


def read_thread(agent_server, user, thread_id):
    return async_to_sync(agent_server.acting_as(mint_for_user(user).token).get_thread)(thread_id)


def test_new_session_and_its_thread_have_one_id_and_one_owner(api, user, agent_server, allow_models):
    allow_models("gpt-4o")
    response = api.post(LIST, {"title": "Tea", "model_name": "gpt-4o", "temperature": 0.5, "max_tokens": 200})

    assert response.status_code == 201
    session = ChatSession.objects.get()
    assert response.json() == {
        "id": str(session.pk),
        "title": "Tea",
        "title_origin": "owner",
        "graph_id": "agent",
        "tags": [],
        "model_name": "gpt-4o",
        "temperature": 0.5,
        "max_tokens": 200,
        "custom_system_prompt": "",
        "enable_summarization": None,
        "summarization_threshold": None,
        "message_count": 0,
        "total_tokens_used": 0,
        "total_cost": "0.000000000",
        "last_message_at": None,
        "is_active": True,
        "is_archived": False,
        "is_pinned": False,
        "deletes_at": None,
        "created_at": response.json()["created_at"],
        "updated_at": response.json()["updated_at"],
    }
    thread = read_thread(agent_server, user, session.pk)
    assert (thread.id, thread.graph_id) == (session.pk, "agent")
    assert thread.metadata["owner"] == str(user.pk)


def test_session_needs_no_settings(api, agent_server):
    response = api.post(LIST, {})

    assert (response.status_code, response.json()["title"]) == (201, "New conversation")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        pytest.param(ServerUnreachable("gone"), 503, "agent_server_unreachable", id="unreachable"),
        pytest.param(ServerTimedOut("slow"), 504, "agent_server_timed_out", id="timed-out"),
    ],
)
def test_session_without_a_thread_is_not_kept(api, agent_server, fault, status, code):
    agent_server.faults.fail_with = fault

    response = api.post(LIST, {"title": "Tea"})

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert ChatSession.objects.count() == 0


def test_hanging_agent_server_is_given_up_on(api, agent_server):
    agent_server.faults.latency = 60

    response = api.post(LIST, {"title": "Tea"})

    assert response.status_code == 504
    assert ChatSession.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"title": {"a": 1}}, "title", id="title-is-an-object"),
        pytest.param({"title": 7}, "title", id="title-is-a-number"),
        pytest.param({"title": ""}, "title", id="title-is-empty"),
        pytest.param({"title": "x" * 201}, "title", id="title-is-too-long"),
        pytest.param({"temperature": "warm"}, "temperature", id="temperature-is-a-word"),
        pytest.param({"temperature": 2.1}, "temperature", id="temperature-is-too-high"),
        pytest.param({"temperature": "nan"}, "temperature", id="temperature-is-no-number"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="max-tokens-is-zero"),
        pytest.param({"max_tokens": 2**40}, "max_tokens", id="max-tokens-is-beyond-the-column"),
        pytest.param({"custom_system_prompt": "x" * 20_001}, "custom_system_prompt", id="prompt-is-too-long"),
        pytest.param({"enable_summarization": "perhaps"}, "enable_summarization", id="switch-is-a-word"),
        pytest.param({"summarization_threshold": 10}, "summarization_threshold", id="threshold-is-too-low"),
        pytest.param({"is_pinned": None}, "is_pinned", id="mark-is-null"),
    ],
)
def test_wrong_field_is_named_and_nothing_happens(api, user, agent_server, body, field):
    created = api.post(LIST, body)
    assert (created.status_code, list(created.json()["error"]["fields"])) == (422, [field])
    assert ChatSession.objects.count() == 0

    session = make_session(user, title="Tea")
    changed = api.patch(address(session), body)
    assert (changed.status_code, list(changed.json()["error"]["fields"])) == (422, [field])
    assert ChatSession.objects.filter(pk=session.pk, title="Tea", temperature=None, max_tokens=None).exists()


def test_model_that_may_not_be_used_is_not_set(api, user, agent_server):
    created = api.post(LIST, {"model_name": "forbidden"})
    assert (created.status_code, created.json()["error"]["code"]) == (422, "model_not_allowed")
    assert list(created.json()["error"]["fields"]) == ["model_name"]
    assert ChatSession.objects.count() == 0

    session = make_session(user, model_name="was-allowed-once", title="Tea")
    changed = api.patch(address(session), {"model_name": "forbidden"})
    assert (changed.status_code, changed.json()["error"]["code"]) == (422, "model_not_allowed")
    assert api.patch(address(session), {"title": "Coffee"}).status_code == 200
    assert ChatSession.objects.filter(model_name="was-allowed-once", title="Coffee").exists()


def test_change_touches_only_what_was_sent(api, user):
    session = make_session(user, title="Tea", model_name="gpt-4o", temperature=0.1, message_count=7)

    response = api.patch(address(session), {"title": "Coffee", "temperature": None, "is_pinned": True})

    assert response.status_code == 200
    changed = ChatSession.objects.get()
    assert (changed.title, changed.model_name, changed.temperature) == ("Coffee", "gpt-4o", None)
    assert (changed.is_pinned, changed.message_count) == (True, 7)
    assert changed.updated_at > session.updated_at


@pytest.mark.parametrize(
    "field", ["id", "user", "graph_id", "message_count", "total_cost", "is_archived", "deleted_at"]
)
def test_what_is_not_a_setting_cannot_be_set(api, user, stranger, field):
    session = make_session(user)
    before = ChatSession.objects.values().get()

    response = api.patch(address(session), {field: str(stranger.pk)})

    assert response.status_code == 200
    assert {**ChatSession.objects.values().get(), "updated_at": None} == {**before, "updated_at": None}


@pytest.mark.parametrize(
    ("step", "field", "before", "after"),
    [
        ("archive", "is_archived", False, True),
        ("restore", "is_archived", True, False),
        ("pin", "is_pinned", False, True),
        ("unpin", "is_pinned", True, False),
    ],
)
def test_putting_in_order_is_repeatable_and_no_activity(api, user, step, field, before, after):
    session = make_session(user, **{field: before})

    for _ in range(2):
        response = api.post(address(session, f"{step}/"))
        assert (response.status_code, response.json()[field]) == (200, after)

    stored = ChatSession.objects.get()
    assert (getattr(stored, field), stored.updated_at) == (after, session.updated_at)


def test_list_shows_own_existing_sessions_most_recent_first(api, user, stranger):
    old, new = make_session(user, title="old"), make_session(user, title="new")
    make_session(user, title="deleted", deleted_at=timezone.now())
    make_session(stranger, title="theirs")

    response = api.get(LIST)

    assert [row["id"] for row in response.json()["results"]] == [str(new.pk), str(old.pk)]
    assert response.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("archived=true", ["Green tea"]),
        ("archived=false", ["Coffee", "Black Tea"]),
        ("pinned=true", ["Coffee"]),
        ("pinned=false", ["Green tea", "Black Tea"]),
        ("search=tea", ["Green tea", "Black Tea"]),
        ("search=tea&archived=false", ["Black Tea"]),
        ("search=%25", []),
    ],
)
def test_list_is_filtered(api, user, query, titles):
    make_session(user, title="Black Tea")
    make_session(user, title="Coffee", is_pinned=True)
    make_session(user, title="Green tea", is_archived=True)

    response = api.get(f"{LIST}?{query}")

    assert [row["title"] for row in response.json()["results"]] == titles


@pytest.mark.parametrize(
    "query", ["archived=perhaps", "pinned=2", "limit=0", "limit=101", "limit=x", "cursor=x"]
)
def test_wrong_filter_is_named(api, query):
    response = api.get(f"{LIST}?{query}")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [query.split("=")[0]])


@pytest.mark.parametrize(
    "limit", ["00000010000", "1" + "0" * 30, "0" * 5000 + "1"], ids=["padded", "huge", "thousands-of-digits"]
)
def test_limit_holds_however_it_is_written(api, limit):
    response = api.get(LIST, {"limit": limit})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, ["limit"])


@pytest.mark.parametrize(
    ("position", "status"),
    [
        pytest.param("[" * 20_000, 422, id="endless-nesting"),
        pytest.param(
            f'["-updated_at", "0001-01-01T00:00:00+14:00", "{uuid.uuid4()}"]', 422, id="before-all-time"
        ),
        pytest.param(
            f'["-updated_at", "2026-01-01T00:00:00+23:59", "{uuid.uuid4()}"]', 200, id="far-off-time-zone"
        ),
        pytest.param('["-updated_at", "2026-01-01T00:00:00Z", "x"]', 422, id="no-key-of-this-list"),
        pytest.param(f'["title", "Tea", "{uuid.uuid4()}"]', 422, id="of-another-order"),
    ],
)
def test_forged_cursor_does_no_harm(api, position, status):
    cursor = base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")

    assert api.get(LIST, {"cursor": cursor}).status_code == status


def test_pages_hold_every_row_once_even_with_equal_times(api, user):
    moment = timezone.now()
    for number in range(7):
        made = make_session(user, title=str(number))
        ChatSession.objects.filter(pk=made.pk).update(updated_at=moment - timedelta(days=number // 3))

    seen, address_of_page = [], f"{LIST}?limit=2"
    while address_of_page:
        page = api.get(address_of_page).json()
        assert len(page["results"]) <= 2
        seen += [row["id"] for row in page["results"]]
        address_of_page = page["next"]

    expected = ChatSession.objects.order_by("-updated_at", "-pk").values_list("pk", flat=True)
    assert seen == [str(key) for key in expected]


def test_a_page_costs_one_query_and_a_look_for_new_threads(api, user, django_assert_max_num_queries):
    for _ in range(5):
        make_session(user, total_cost=Decimal("0.1"))
    with django_assert_max_num_queries(3):  # the caller, what is provisional, and the page
        assert len(api.get(LIST).json()["results"]) == 5


def test_unknown_session_is_not_found(api):
    response = api.get(f"{LIST}{uuid.uuid4()}/")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
