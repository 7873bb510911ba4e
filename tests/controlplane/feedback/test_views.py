"""Rating answers over REST."""

from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.chat.models import ChatSession
from controlplane.chat.services import session_delete
from controlplane.feedback.models import MessageFeedback
from controlplane.feedback.services import feedback_review
from controlplane.runs.models import Run
from sdk_bridge import ServerUnreachable
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel


def address(session: ChatSession) -> str:
    return f"/api/v1/sessions/{session.pk}/feedback/"


def checkpoint_of(agent_server, user, session) -> str:
    bridge = agent_server.acting_as(mint_for_user(user).token)
    return async_to_sync(bridge.read_history)(session.pk).checkpoint_id


def test_answer_is_rated_by_its_id(api, user, session, messages, agent_server):
    body = {
        "message_id": messages[1]["id"],
        "rating": "thumbs_up",
        "feedback_categories": ["helpful", "clear"],
        "feedback_text": "Very helpful explanation!",
        "reported_issue": "",
    }
    response = api.put(address(session), body)

    assert response.status_code == 201
    feedback = MessageFeedback.objects.get()
    assert response.json() == {
        **body,
        "id": str(feedback.pk),
        "session_id": str(session.pk),
        "run_id": None,
        "message_index": 1,
        "checkpoint_id": checkpoint_of(agent_server, user, session),
        "created_at": response.json()["created_at"],
        "updated_at": response.json()["updated_at"],
    }
    assert (feedback.user, feedback.reviewed) == (user, False)
    assert api.get(address(session)).json()["results"] == [response.json()]


def test_rating_again_changes_what_was_said(api, session, messages, user):
    answer = {"message_id": messages[3]["id"]}
    api.put(address(session), {**answer, "rating": "star_2", "feedback_text": "Hm."})
    feedback_review(feedback_id=MessageFeedback.objects.get().pk, reviewer_id=user.pk, notes="Seen.")

    response = api.put(address(session), {"message_index": 3, "rating": "star_5"})

    feedback = MessageFeedback.objects.get()
    assert (response.status_code, feedback.rating, feedback.feedback_text) == (200, "star_5", "")
    assert (feedback.reviewed, feedback.reviewed_by, feedback.review_notes) == (False, None, "Seen.")


def test_answer_is_found_at_a_checkpoint(api, user, session, agent_server):
    say = f"/api/v1/sessions/{session.pk}/messages/"
    api.post(say, {"message": "One"})
    earlier = checkpoint_of(agent_server, user, session)
    api.post(say, {"message": "Two"})
    place = {"checkpoint_id": earlier, "rating": "thumbs_up"}

    found = api.put(address(session), {**place, "message_index": 1})
    missing = api.put(address(session), {**place, "message_index": 3})

    assert (found.status_code, found.json()["checkpoint_id"]) == (201, earlier)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "message_not_found")
    assert MessageFeedback.objects.count() == 1


@pytest.mark.parametrize(
    "place",
    [{"message_id": "nowhere"}, {"message_index": 4}, {"message_index": 1, "checkpoint_id": str(uuid4())}],
    ids=["id", "index", "checkpoint"],
)
def test_missing_message_is_not_found(api, session, messages, place):
    response = api.put(address(session), {**place, "rating": "thumbs_up"})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "message_not_found")
    assert MessageFeedback.objects.count() == 0


def test_message_of_another_session_is_not_found(api, user, messages, stranger, agent_server):
    other = signed_in(stranger)
    made = other.post("/api/v1/sessions/", {"title": "Coffee"}).json()["id"]
    body = {"message_id": messages[1]["id"], "rating": "thumbs_up"}

    assert other.put(f"/api/v1/sessions/{made}/feedback/", body).status_code == 404
    assert MessageFeedback.objects.count() == 0


def test_question_is_not_rated(api, session, messages):
    for place in ({"message_id": messages[0]["id"]}, {"message_index": 0}):
        response = api.put(address(session), {**place, "rating": "thumbs_up"})
        assert (response.status_code, response.json()["error"]["fields"]) == (
            422,
            {next(iter(place)): ["This message is no answer."]},
        )
    assert MessageFeedback.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"rating": "great"}, "rating", id="rating"),
        pytest.param({"rating": 5}, "rating", id="number"),
        pytest.param({"rating": None}, "rating", id="null"),
        pytest.param({"message_id": "a"}, "message_id", id="two-names"),
        pytest.param({"message_index": None}, "message_index", id="no-index"),
        pytest.param({"message_index": -1}, "message_index", id="negative"),
        pytest.param({"message_index": 10**30}, "message_index", id="huge"),
        pytest.param({"checkpoint_id": "../x"}, "checkpoint_id", id="checkpoint"),
        pytest.param({"run_id": "x"}, "run_id", id="run"),
        pytest.param({"feedback_categories": ["nice"]}, "feedback_categories.0", id="category"),
        pytest.param({"feedback_categories": "helpful"}, "feedback_categories", id="no-list"),
        pytest.param({"feedback_categories": ["clear", "clear"]}, "feedback_categories", id="twice"),
        pytest.param({"feedback_text": "x" * 5001}, "feedback_text", id="long"),
        pytest.param({"feedback_text": "a\0b"}, "feedback_text", id="null-character"),
        pytest.param({"feedback_text": ["a"]}, "feedback_text", id="list"),
        pytest.param({"reported_issue": "rude"}, "reported_issue", id="issue"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_kept(api, session, messages, fields, named):
    response = api.put(address(session), {"message_index": 1, "rating": "thumbs_up", **fields})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [named])
    assert MessageFeedback.objects.count() == 0


def test_run_is_one_of_the_session(api, user, session, messages):
    run = Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    other = Run.objects.create(user=user, session=None, thread_id=uuid4(), graph_id="agent")
    body = {"message_index": 1, "rating": "thumbs_up"}

    assert api.put(address(session), {**body, "run_id": str(other.pk)}).status_code == 404
    assert MessageFeedback.objects.count() == 0
    assert api.put(address(session), {**body, "run_id": str(run.pk)}).json()["run_id"] == str(run.pk)
    run.delete()
    assert MessageFeedback.objects.get().run is None


def test_archived_session_is_rated_and_deleted_one_is_not(api, user, session, messages):
    body = {"message_index": 1, "rating": "thumbs_up"}
    api.post(f"/api/v1/sessions/{session.pk}/archive/")
    assert api.put(address(session), body).status_code == 201
    feedback = MessageFeedback.objects.get()
    session_delete(session_id=session.pk, owner_id=user.pk)

    assert api.put(address(session), {**body, "rating": "thumbs_down"}).status_code == 410
    assert api.get(address(session)).status_code == 410
    assert api.delete(f"{address(session)}{feedback.pk}/").status_code == 410
    feedback.refresh_from_db()
    assert feedback.rating == "thumbs_up"
    ChatSession.objects.filter(pk=session.pk).delete()
    assert MessageFeedback.objects.count() == 0


def test_lost_thread_is_found_again(api, session, messages, agent_server):
    agent_server.lose_thread(session.pk)

    assert api.put(address(session), {"message_index": 1, "rating": "thumbs_up"}).status_code == 201


def test_agent_server_that_is_down_keeps_nothing(api, session, messages, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("down")

    response = api.put(address(session), {"message_index": 1, "rating": "thumbs_up"})

    assert (response.status_code, response.json()["error"]["code"]) == (503, "agent_server_unreachable")
    assert MessageFeedback.objects.count() == 0


def test_own_feedback_is_withdrawn(api, stranger_api, session, messages):
    made = api.put(address(session), {"message_index": 1, "rating": "thumbs_up"}).json()["id"]

    assert stranger_api.delete(f"{address(session)}{made}/").status_code == 404
    assert MessageFeedback.objects.count() == 1
    assert api.delete(f"{address(session)}{made}/").status_code == 204
    assert api.delete(f"{address(session)}{made}/").status_code == 404
    assert MessageFeedback.objects.count() == 0


def test_list_is_narrowed_down_and_paged(api, user, session):
    for number in range(5):
        MessageFeedback.objects.create(
            user=user,
            chat_session=session,
            message_id=str(number),
            rating="thumbs_up" if number % 2 else "thumbs_down",
        )
    first = api.get(f"{address(session)}?limit=3").json()
    rest = api.get(first["next"]).json()

    found = [row["message_id"] for row in first["results"] + rest["results"]]
    assert (sorted(found), rest["next"]) == (["0", "1", "2", "3", "4"], None)
    assert len(api.get(f"{address(session)}?rating=thumbs_up").json()["results"]) == 2
    assert api.get(f"{address(session)}?rating=x").status_code == 422


@pytest.mark.parametrize("count", [3, 30])
def test_reading_costs_the_same_for_few_and_many(api, user, session, count, django_assert_num_queries):
    for number in range(count):
        MessageFeedback.objects.create(
            user=user, chat_session=session, message_id=str(number), rating="star_3"
        )

    for path, expected in ((address(session), 3), (f"/api/v1/sessions/{session.pk}/satisfaction/", 3)):
        with django_assert_num_queries(expected):
            assert api.get(f"{path}?limit=100").status_code == 200


def test_satisfaction_is_shown(api, session, messages):
    api.put(address(session), {"message_index": 1, "rating": "thumbs_up"})
    api.put(address(session), {"message_index": 3, "rating": "star_3"})

    response = api.get(f"/api/v1/sessions/{session.pk}/satisfaction/")

    assert (response.status_code, response.json()) == (
        200,
        {
            "total_feedback": 2,
            "thumbs_up": 1,
            "thumbs_down": 0,
            "star_ratings": 1,
            "average_stars": 3.0,
            "satisfied": 1,
            "satisfaction_rate": 50.0,
        },
    )


@pytest.mark.django_db(transaction=True)
def test_ratings_at_once_leave_one(api, user, session, messages):
    def rate(number: int) -> int:
        body = {"message_index": 1, "rating": f"star_{1 + number % 5}"}
        return signed_in(user).put(address(session), body).status_code

    statuses = in_parallel(5, rate)

    assert sorted(statuses) == [200] * 4 + [201]
    assert MessageFeedback.objects.count() == 1
