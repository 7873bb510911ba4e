"""A creation that is sent again makes nothing new, however it is sent again."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from controlplane.api.models import IdempotentCreation
from controlplane.api.tasks import forget_old_keys
from controlplane.chat.models import ChatSession
from tests.controlplane.api.notes import NOTES
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel

pytestmark = pytest.mark.urls("tests.controlplane.api.notes")


def create(api, title: str = "Tea", *, key: str | None = "k"):
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    return api.post(NOTES, {"title": title}, **headers)


def refusal(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_repeat_finds_what_the_first_made(api):
    first, second = create(api), create(api)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["ETag"] == first.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert ChatSession.objects.count() == 1


def test_repeat_shows_the_row_as_it_is_now(api):
    made = create(api).json()
    api.patch(f"{NOTES}{made['id']}/", {"title": "Coffee"})

    assert create(api).json() == {**made, "title": "Coffee"}


def test_without_a_key_each_request_makes_one(api):
    assert create(api, key=None).json()["id"] != create(api, key=None).json()["id"]
    assert not IdempotentCreation.objects.exists()


def test_other_keys_make_others(api):
    assert create(api, key="a").json()["id"] != create(api, key="b").json()["id"]


def test_key_cannot_ask_for_two_things(api):
    create(api)

    assert refusal(create(api, "Coffee")) == (409, "idempotency_key_reused")
    assert [session.title for session in ChatSession.objects.all()] == ["Tea"]


def test_order_of_names_in_the_body_is_no_difference(api):
    bodies = ('{"title": "Tea", "x": 1}', '{"x": 1, "title": "Tea"}')
    answers = [
        api.generic("POST", NOTES, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
        for body in bodies
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("title", ["", "refused"], ids=["input", "service"])
def test_failed_creation_leaves_no_key(api, title):
    assert refusal(create(api, title)) == (422, "validation_failed")
    assert not IdempotentCreation.objects.exists()
    assert not ChatSession.objects.exists()

    assert create(api).status_code == 201


def test_what_was_deleted_does_not_come_back(api):
    made = create(api).json()
    api.delete(f"{NOTES}{made['id']}/")

    assert refusal(create(api)) == (410, "idempotent_object_gone")
    assert not ChatSession.objects.exists()


def test_same_key_of_another_user_is_another(api, stranger_api, user, stranger):
    mine, theirs = create(api).json(), create(stranger_api, "Coffee").json()

    assert (mine["title"], theirs["title"]) == ("Tea", "Coffee")
    assert create(api).json() == mine
    assert {session.user for session in ChatSession.objects.all()} == {user, stranger}


@pytest.mark.parametrize(
    "key", ["", "x" * 201, "a\tb", "\x7f"], ids=["empty", "long", "tabulator", "control"]
)
def test_key_that_cannot_be_kept_is_refused(api, key):
    assert refusal(create(api, key=key)) == (422, "invalid_idempotency_key")
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize("key", ["x" * 200, "ünï", "a b"], ids=["longest", "latin", "blank"])
def test_any_other_key_will_do(api, key):
    assert create(api, key=key).status_code == 201
    assert create(api, key=key).headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_at_the_same_time_one_is_made(user):
    answers = in_parallel(6, lambda _: create(signed_in(user)))

    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 5
    assert ChatSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_at_the_same_time_with_two_wishes_one_is_made(user):
    answers = in_parallel(6, lambda number: create(signed_in(user), f"Tea {number % 2}"))

    made = {answer.json()["title"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {refusal(answer) for answer in answers if answer.status_code != 201} == {
        (409, "idempotency_key_reused")
    }
    assert ChatSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_creation_that_fails_makes_it(user):
    """All fail alike, and none is stopped by the key of another."""
    answers = in_parallel(4, lambda _: create(signed_in(user), "refused"))

    assert [refusal(answer) for answer in answers] == [(422, "validation_failed")] * 4
    assert not IdempotentCreation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_key_that_is_taken_back_meanwhile_is_waited_for(user, monkeypatch):
    made = create(signed_in(user))
    note = QuerySet.bulk_create
    others: list[threading.Thread] = []

    def note_and_be_overtaken(rows, *args, **options):
        noted = note(rows, *args, **options)
        others.append(threading.Thread(target=forget_all))
        others[0].start()
        others[0].join(timeout=0.5)
        return noted

    monkeypatch.setattr(QuerySet, "bulk_create", note_and_be_overtaken)
    answer = create(signed_in(user))
    others[0].join(timeout=10)

    assert (answer.status_code, answer.json()) == (201, made.json())
    assert not IdempotentCreation.objects.exists()


def forget_all() -> None:
    try:
        IdempotentCreation.objects.all().delete()
    finally:
        connection.close()


def test_old_keys_are_forgotten(api):
    create(api, key="old")
    create(api, key="young")
    day_ago = timezone.now() - timedelta(days=1)
    IdempotentCreation.objects.filter(key="old").update(created_at=day_ago - timedelta(seconds=5))
    IdempotentCreation.objects.filter(key="young").update(created_at=day_ago + timedelta(minutes=5))

    assert forget_old_keys() == 1

    assert [noted.key for noted in IdempotentCreation.objects.all()] == ["young"]


def test_forgetting_comes_by_itself(settings):
    (entry,) = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == forget_old_keys.name]
    assert (forget_old_keys.name, entry["schedule"]) == ("api.forget_old_keys", 86_400.0)
