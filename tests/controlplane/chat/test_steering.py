"""Steering over REST: what may be sent, what a run is asked to do, and what becomes of a fork that fails."""

import uuid

import pytest

from controlplane.chat.double_texting import strategy_in_force
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.preferences.models import UserPreference
from controlplane.preferences.origins import Origin, Setting
from sdk_bridge import RunRequest, ServerBusy
from sdk_bridge.memory.threads import MemoryThreads
from tests.controlplane.chat.test_messages import install_assistant


def address(session, what: str = "messages") -> str:
    return f"/api/v1/sessions/{session.pk}/{what}/"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "message", id="nothing"),
        pytest.param({"retry": False}, "message", id="no-retry"),
        pytest.param({"message": "Tea?", "retry": True}, "retry", id="message-and-retry"),
        pytest.param({"message": "Tea?", "regenerate": "m"}, "regenerate", id="message-and-regenerate"),
        pytest.param(
            {"regenerate": "m", "checkpoint_id": str(uuid.uuid4())}, "checkpoint_id", id="both-places"
        ),
        pytest.param({"regenerate": "m" * 201}, "regenerate", id="too-long"),
        pytest.param({"regenerate": "m\x00"}, "regenerate", id="null-character"),
        pytest.param({"message": "Tea?", "checkpoint_id": "here"}, "checkpoint_id", id="no-uuid"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(api, session, body, field, agent_server):
    response = api.post(address(session), body, format="json")
    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]


def test_a_run_is_asked_for_what_the_session_says(api, session, user):
    seen: list[RunRequest] = []

    async def assistant(turn):
        seen.append(turn.request)
        yield "ok"

    install_assistant(assistant, session, user)
    ChatSession.objects.filter(pk=session.pk).update(multitask_strategy="interrupt")
    api.post(address(session), {"message": "Tea?"})
    api.post(address(session), {"retry": True}, format="json")
    assert [(one.message, one.goes_on) for one in seen] == [("Tea?", False), (None, True)]
    assert {(one.multitask_strategy, one.stream_resumable) for one in seen} == {("interrupt", True)}


@pytest.mark.parametrize(
    ("own", "preferred", "expected"),
    [
        ("", "reject", Setting("reject", Origin.SYSTEM)),
        ("", "enqueue", Setting("enqueue", Origin.PREFERENCE)),
        ("rollback", "enqueue", Setting("rollback", Origin.SESSION)),
        ("reject", "enqueue", Setting("reject", Origin.SESSION)),
    ],
)
def test_the_nearest_strategy_holds(user, own, preferred, expected):
    UserPreference.objects.filter(pk=user.pk).update(multitask_strategy=preferred)
    session = ChatSession.objects.create(user=user, multitask_strategy=own)
    assert strategy_in_force(session=session) == expected


def test_branches_and_versions_are_told(api, session):
    for text in ("one", "two"):
        assert api.post(address(session), {"message": text}).status_code == 200
    before = api.get(address(session, "history"), {"branches": "true"}).json()
    place = before["messages"][2]["checkpoint_before"]
    api.post(address(session), {"message": "three", "checkpoint_id": place})
    api.post(address(session), {"regenerate": before["messages"][0]["id"]})
    after = api.get(address(session, "history"), {"branches": "true"}).json()

    assert [message["content"] for message in after["messages"]] == ["one", "You said one"]
    assert after["messages"][0]["versions"] == []
    assert [one["message_id"] for one in after["messages"][1]["versions"]] == [
        before["messages"][1]["id"],
        after["messages"][1]["id"],
    ]
    old = {"checkpoint_id": after["messages"][1]["versions"][0]["checkpoint_id"], "branches": "true"}
    returned = api.get(address(session, "history"), old).json()
    assert [message["content"] for message in returned["messages"]][2:] == ["three", "You said three"]
    assert len(returned["messages"][2]["versions"]) == 2
    assert "versions" not in api.get(address(session, "history")).json()["messages"][0]


def test_a_fork_that_cannot_be_rewound_is_none(api, session, monkeypatch):
    api.post(address(session), {"message": "one"})
    place = api.get(address(session, "history")).json()["checkpoint_id"]

    async def fail(*_: object) -> None:
        raise ServerBusy("The Agent Server cannot serve this now.")

    monkeypatch.setattr(MemoryThreads, "rewind_thread", fail)
    response = api.post(address(session, "fork"), {"checkpoint_id": place}, format="json")
    assert response.status_code == 503
    assert list(ChatSession.objects.existing().values_list("pk", flat=True)) == [session.pk]
    assert DeletedThread.objects.count() == 1


def test_a_long_title_keeps_its_room(api, session):
    ChatSession.objects.filter(pk=session.pk).update(title="t" * 200)
    title = api.post(address(session, "fork"), {}, format="json").json()["title"]
    assert title == "t" * 193 + " (copy)"
