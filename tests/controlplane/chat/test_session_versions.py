"""Two tabs do not overwrite each other, a creation that is sent again makes nothing new, tags are tidy."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from controlplane.accounts.agent_tokens import mint_for_user
from controlplane.api.models import IdempotentCreation
from controlplane.chat.models import ChatSession
from controlplane.chat.provisional import sweep_provisional_sessions
from sdk_bridge import ServerUnreachable, ThreadNotFound

LIST = "/api/v1/sessions/"
KEY = {"HTTP_IDEMPOTENCY_KEY": "once"}


def read_thread(agent_server, user, thread_id):
    return async_to_sync(agent_server.acting_as(mint_for_user(user).token).get_thread)(thread_id)


def test_change_of_an_older_version_is_refused_and_changes_nothing(api, session):
    address = f"{LIST}{session.pk}/"
    etag = api.get(address).headers["ETag"]
    assert api.patch(address, {"title": "Coffee"}, HTTP_IF_MATCH=etag).status_code == 200

    answer = api.patch(address, {"title": "Milk"}, HTTP_IF_MATCH=etag)

    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert ChatSession.objects.get().title == "Coffee"


def test_deletion_of_an_older_version_is_refused(api, session):
    address = f"{LIST}{session.pk}/"
    etag = api.get(address).headers["ETag"]
    api.post(f"{address}pin/")

    assert api.delete(address, HTTP_IF_MATCH=etag).status_code == 412
    assert ChatSession.objects.existing().exists()
    assert api.delete(address, HTTP_IF_MATCH=api.get(address).headers["ETag"]).status_code == 204


def test_figures_do_not_change_the_version(api, session):
    etag = api.get(f"{LIST}{session.pk}/").headers["ETag"]
    session.update_analytics(message_count=1, tokens_used=150)

    assert api.get(f"{LIST}{session.pk}/").headers["ETag"] == etag


def test_repeated_creation_finds_the_same_session(api, user, agent_server):
    first = api.post(LIST, {"title": "Tea"}, **KEY)
    again = api.post(LIST, {"title": "Tea"}, **KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert ChatSession.objects.count() == 1


def test_key_of_another_creation_is_refused(api, user, agent_server):
    api.post(LIST, {"title": "Tea"}, **KEY)

    answer = api.post(LIST, {"title": "Coffee"}, **KEY)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reused")
    assert ChatSession.objects.get().title == "Tea"


def test_key_is_each_user_s_own(api, stranger_api, agent_server):
    first, other = api.post(LIST, {}, **KEY), stranger_api.post(LIST, {}, **KEY)

    assert first.json()["id"] != other.json()["id"]


def test_failed_creation_can_be_tried_again_with_its_key(api, user, agent_server):
    agent_server.faults.fail_with = ServerUnreachable("gone")
    assert api.post(LIST, {"title": "Tea"}, **KEY).status_code == 503
    assert (ChatSession.objects.count(), IdempotentCreation.objects.count()) == (0, 0)

    agent_server.faults.fail_with = None
    answer = api.post(LIST, {"title": "Tea"}, **KEY)

    assert answer.status_code == 201
    assert read_thread(agent_server, user, ChatSession.objects.get().pk).id == ChatSession.objects.get().pk


def test_repeat_makes_the_thread_that_a_stop_left_out(api, user, agent_server):
    made = api.post(LIST, {"title": "Tea"}, **KEY).json()
    # As it is after a kill between the row and its thread.
    agent_server.lose_thread(ChatSession.objects.get().pk)
    ChatSession.objects.update(is_provisional=True)
    with pytest.raises(ThreadNotFound):
        read_thread(agent_server, user, ChatSession.objects.get().pk)

    again = api.post(LIST, {"title": "Tea"}, **KEY)

    session = ChatSession.objects.get()
    assert (again.json()["id"], session.is_provisional) == (made["id"], False)
    assert read_thread(agent_server, user, session.pk).id == session.pk


def test_repeat_after_a_stop_and_the_sweep_makes_another(api, user, agent_server):
    made = api.post(LIST, {"title": "Tea"}, **KEY).json()
    agent_server.lose_thread(ChatSession.objects.get().pk)
    long_ago = timezone.now() - timedelta(minutes=5)
    ChatSession.objects.update(is_provisional=True, updated_at=long_ago)
    assert async_to_sync(sweep_provisional_sessions)() == 1

    again = api.post(LIST, {"title": "Tea"}, **KEY)

    assert again.status_code == 201
    assert again.json()["id"] != made["id"]
    assert str(ChatSession.objects.get().pk) == again.json()["id"]


def test_repeat_for_a_deleted_session_is_gone(api, agent_server):
    made = api.post(LIST, {}, **KEY).json()
    api.delete(f"{LIST}{made['id']}/")

    assert api.post(LIST, {}, **KEY).status_code == 410


def test_tags_are_written_one_way(api, agent_server):
    answer = api.post(LIST, {"tags": ["  Green   Tea ", "green tea", "\uff37ork", "ÄRGER"]})

    assert answer.json()["tags"] == ["green tea", "work", "ärger"]
    assert ChatSession.objects.get().tags == ["green tea", "work", "ärger"]


@pytest.mark.parametrize(
    ("tags", "field"),
    [
        pytest.param("work", "tags", id="no-list"),
        pytest.param([str(number) for number in range(21)], "tags", id="too-many"),
        pytest.param(["x" * 41], "tags.0", id="too-long"),
        pytest.param(["ok", " "], "tags.1", id="blank"),
        pytest.param(["a\x00b"], "tags.0", id="nul"),
        pytest.param(["a\x07b"], "tags.0", id="unprintable"),
        pytest.param([7], "tags.0", id="number"),
        pytest.param([None], "tags.0", id="null"),
        pytest.param(None, "tags", id="null-for-all"),
    ],
)
def test_wrong_tags_are_named_and_nothing_happens(api, session, tags, field):
    answer = api.patch(f"{LIST}{session.pk}/", {"tags": tags})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])
    assert ChatSession.objects.get().tags == []


def test_tags_can_be_taken_off(api, session):
    api.patch(f"{LIST}{session.pk}/", {"tags": ["tea"]})
    answer = api.patch(f"{LIST}{session.pk}/", {"tags": []})

    assert (answer.status_code, answer.json()["tags"]) == (200, [])
