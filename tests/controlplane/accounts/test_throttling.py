"""Limits per address, user and account: counted once, answered in time, and never a reason to stop."""

import json
import socket
import time
import uuid

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.accounts.models import CustomUser
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.accounts.throttling.counters import SharedCounters
from controlplane.accounts.throttling.limits import address_of
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel

ME, TOKEN = "/api/v1/me/", "/api/v1/auth/token/"
# Windows begin at a moment that depends on the counter: so long that no test meets one.
RATE = "3/1000d"


@pytest.fixture(autouse=True)
def counters():
    """Counters that begin at nothing, and are forgotten."""
    caches["counters"].clear()
    yield caches["counters"]
    caches["counters"].clear()


def statuses(client, count: int, path: str = ME, **extra: object) -> list[int]:
    return [client.get(path, **extra).status_code for _ in range(count)]


def test_user_is_told_when_to_come_back(api, stranger_api, settings):
    settings.THROTTLE_USER = RATE
    assert statuses(api, 4) == [200, 200, 200, 429]
    refused = api.get(ME)
    assert refused.json()["error"] == {
        "code": "throttled",
        "message": "Too many requests.",
        "request_id": refused.headers["X-Request-Id"],
    }
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400_000
    assert stranger_api.get(ME).status_code == 200


def test_all_ways_of_one_user_count_together(user, api, settings):
    settings.THROTTLE_USER = RATE
    _, secret = personal_token_create(owner_id=user.pk, name="a", scopes=["read"])
    script = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")
    page = APIClient()
    page.force_login(user)
    assert [client.get(ME).status_code for client in (api, script, page, api)] == [200, 200, 200, 429]
    assert script.get(ME).status_code == page.get(ME).status_code == 429


def test_refused_request_changes_nothing(api, settings, agent_server):
    settings.THROTTLE_USER = RATE
    statuses(api, 3)
    assert api.post("/api/v1/auth/sign-out-everywhere/").status_code == 429
    assert CustomUser.objects.get().token_version == 1


def test_address_is_limited_whoever_calls(db, settings):
    settings.THROTTLE_ADDRESS = RATE
    anyone = APIClient()
    assert statuses(anyone, 4) == [401, 401, 401, 429]
    assert statuses(anyone, 1, REMOTE_ADDR="192.0.2.9") == [401]


def test_forged_tokens_count_for_nobody(user, settings):
    settings.THROTTLE_USER = RATE
    forged = APIClient(HTTP_AUTHORIZATION="Bearer a.b.c")
    assert statuses(forged, 5) == [401] * 5
    assert statuses(signed_in(user), 3) == [200] * 3


@pytest.mark.parametrize(
    "path", ["/health/live/", "/internal/users/00000000-0000-0000-0000-000000000000/", "/static/nothing.css"]
)
def test_own_network_and_files_are_free(db, settings, path):
    settings.THROTTLE_ADDRESS = "1/1000d"
    assert 429 not in statuses(Client(), 3, path)


def test_page_says_it_to_people(db, settings):
    settings.THROTTLE_ADDRESS = "1/1000d"
    browser = Client()
    browser.get(reverse("admin:login"))
    page = browser.get(reverse("admin:login"))
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert int(page.headers["Retry-After"]) > 0
    assert "Too many requests." in page.text


def test_admin_s_sign_in_form_is_covered(make_user, settings):
    settings.THROTTLE_SIGN_IN = RATE
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    email = f"{uuid.uuid4()}@example.com"
    make_user(email, password="correct horse battery", is_staff=True)
    guess = {"username": email, "password": "guess"}
    browser = Client()
    answers = [browser.post(reverse("admin:login"), guess).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    right = {"username": email.upper(), "password": "correct horse battery"}
    assert browser.post(reverse("admin:login"), right).status_code == 429
    assert "_auth_user_id" not in browser.session
    assert browser.get(reverse("admin:login")).status_code == 200


@pytest.mark.parametrize("body", ["[]", "{", '{"email": {"a": 1}}', "null", "[" * 100_000], ids=str.__len__)
def test_unreadable_sign_in_is_counted_too(db, settings, body):
    settings.THROTTLE_SIGN_IN = "1/1000d"
    anyone = APIClient(raise_request_exception=False)
    first = anyone.post(TOKEN, body, content_type="application/json").status_code
    assert first in {400, 422}
    assert anyone.post(TOKEN, body, content_type="application/json").status_code == 429


def test_codes_are_counted_by_the_session_that_waits_for_them(db, settings):
    settings.THROTTLE_SIGN_IN = "2/1000d"

    def guess(session: str) -> int:
        headers = {"X-Session-Token": session}
        return (
            APIClient()
            .post("/api/accounts/app/v1/auth/2fa/authenticate", {"code": "1"}, headers=headers)
            .status_code
        )

    assert [guess("one") for _ in range(3)][-1] == 429
    assert guess("another") != 429


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
    ],
)
def test_addresses_are_told_apart_by_network(rf, given, named):
    assert address_of(rf.get("/", REMOTE_ADDR=given)) == named


@pytest.mark.django_db(transaction=True)
def test_no_more_get_through_than_allowed_when_many_come_at_once(user, settings):
    settings.THROTTLE_USER = "5/1000d"
    clients = [signed_in(user) for _ in range(12)]
    answers = in_parallel(12, lambda number: clients[number].get(ME).status_code)
    assert sorted(answers) == [200] * 5 + [429] * 7


def test_counter_that_was_never_begun_is_not_counted_on(counters):
    with pytest.raises(ValueError, match="not found"):
        counters.incr("never-begun")
    assert counters.get("never-begun") is None
    assert counters.add("begun", 1, 60)
    assert [counters.incr("begun"), counters.incr("begun", 3)] == [2, 5]


def test_each_process_counts_alone_while_redis_is_down(api, settings):
    dead = {**settings.CACHES["counters"], "LOCATION": f"redis://127.0.0.1:1/{uuid.uuid4().int % 10**6}"}
    settings.CACHES = {**settings.CACHES, "counters": dead}
    settings.THROTTLE_USER = RATE
    started = time.monotonic()
    assert statuses(api, 4) == [200, 200, 200, 429]
    assert time.monotonic() - started < 2
    assert isinstance(caches["counters"], SharedCounters)


def test_silent_redis_costs_one_short_wait(settings, api):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {
            **settings.CACHES,
            "counters": {**settings.CACHES["counters"], "LOCATION": address},
        }
        started = time.monotonic()
        assert statuses(api, 5) == [200] * 5
        assert time.monotonic() - started < 2


def guesses(email: str, addresses: list[str], password: str = "guess") -> list[int]:
    """Try a password from each address."""
    form = {"email": email, "password": password}
    return [APIClient(REMOTE_ADDR=address).post(TOKEN, form).status_code for address in addresses]


@pytest.fixture
def owner(make_user, settings) -> CustomUser:
    """Somebody with a password, and room for two guesses at it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLE_ACCOUNT = ["2/1000d"]
    return make_user("owner@example.com", password="correct horse battery")


def test_account_is_not_guessed_at_from_many_addresses(owner):
    addresses = [f"198.51.100.{number}" for number in range(4)]
    assert guesses(owner.email, addresses) == [401, 401, 429, 429]
    assert guesses(owner.email.upper(), ["198.51.100.9"], "correct horse battery") == [429]
    assert guesses("another@example.com", addresses[:1]) == [401]


def test_owner_is_not_kept_out_by_what_others_try(owner):
    home = "192.0.2.1"
    assert guesses(owner.email, [home], "correct horse battery") == [200]
    guesses(owner.email, [f"198.51.100.{number}" for number in range(4)])
    assert guesses(owner.email, [home], "correct horse battery") == [200]
    assert guesses(owner.email, ["192.0.2.2"], "correct horse battery") == [429]


def test_waits_grow_and_do_not_add_up_while_one_waits(owner, settings):
    settings.THROTTLE_ACCOUNT = ["1/100d", "2/1000d"]
    form = {"email": owner.email, "password": "guess"}
    answers = [APIClient(REMOTE_ADDR=f"198.51.100.{n}").post(TOKEN, form) for n in range(9)]
    assert [answer.status_code for answer in answers] == [401] + [429] * 8
    # The long span has counted one guess: those who were told to wait were not guesses.
    settings.THROTTLE_ACCOUNT = ["2/1000d"]
    assert guesses(owner.email, ["198.51.100.1", "198.51.100.2"]) == [401, 429]


def test_address_is_familiar_by_the_right_password_alone(owner, settings, mailoutbox):
    anywhere = "198.51.100.1"
    APIClient(REMOTE_ADDR=anywhere).post(
        "/api/accounts/app/v1/auth/password/request", {"email": owner.email}, format="json"
    )
    browser = Client(REMOTE_ADDR=anywhere)
    browser.post(reverse("admin:login"), {"username": owner.email, "password": "guess"})
    assert guesses(owner.email, [anywhere]) == [429]


def test_back_office_makes_an_address_familiar_too(make_user, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.THROTTLE_ACCOUNT = ["1/1000d"]
    make_user("boss@example.com", password="correct horse", is_staff=True)
    form = {"username": "boss@example.com", "password": "correct horse"}
    assert [Client().post(reverse("admin:login"), form).status_code for _ in range(3)] == [302] * 3
    assert Client(REMOTE_ADDR="198.51.100.1").post(reverse("admin:login"), form).status_code == 429


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/api/accounts/app/v1/auth/login", "text/plain"),
        ("/api/accounts/app/v1/auth/login", "application/x-www-form-urlencoded"),
        (TOKEN, "application/vnd.api+json"),
    ],
)
def test_guesses_count_whatever_their_body_is_called(owner, path, content_type):
    body = json.dumps({"email": owner.email, "password": "guess"})
    answers = [
        Client(REMOTE_ADDR=f"198.51.100.{number}").post(path, body, content_type=content_type).status_code
        for number in range(3)
    ]
    assert answers[2] == 429
    assert 429 not in answers[:2]


def test_address_has_one_spelling_whatever_character_set_is_named(owner):
    body = json.dumps({"email": owner.email, "password": "correct horse battery"})
    spelled = body.replace("owner", "+AG8-wner")
    # Not `post`, which would write the body anew in the character set.
    answer = Client().generic("POST", TOKEN, spelled.encode(), "application/json; charset=utf-7")
    assert answer.status_code in {400, 401}
