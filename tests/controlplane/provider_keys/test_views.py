"""REST of provider keys: in goes a key, out come its ends."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane.api.models import IdempotentCreation
from controlplane.provider_keys.models import UserAPIKey
from tests.controlplane.provider_keys.provider_server import GOOD_KEY

KEYS = "/api/v1/provider-keys/"
GIVEN = {"provider": "openai", "key_name": "My OpenAI Key", "api_key": GOOD_KEY}


def address(key) -> str:
    return f"{KEYS}{key.pk}/"


def test_key_is_taken_over_and_shown_by_its_ends(api):
    response = api.post(KEYS, {**GIVEN, "daily_limit": 1000})

    assert response.status_code == 201
    body = response.json()
    key = UserAPIKey.objects.get()
    assert key.decrypt_api_key() == GOOD_KEY
    for name in ("created_at", "updated_at"):
        assert body.pop(name)
    assert body == {
        "id": str(key.pk),
        "provider": "openai",
        "key_name": "My OpenAI Key",
        "key_prefix": "sk-",
        "last_four": "cdef",
        "base_url": "",
        "is_active": True,
        "is_default": True,
        "use_for_runs": True,
        "may_use_house_key": False,
        "needs_reentry": False,
        "is_validated": False,
        "last_validated_at": None,
        "validation_error": "",
        "refused_at": None,
        "daily_limit": 1000,
        "monthly_limit": None,
        "usage_count": 0,
        "total_tokens_used": 0,
        "last_used_at": None,
    }
    assert GOOD_KEY not in response.content.decode()


def test_repeat_with_the_same_idempotency_key_makes_nothing_new(api):
    first = api.post(KEYS, GIVEN, headers={"Idempotency-Key": "once"})
    second = api.post(KEYS, GIVEN, headers={"Idempotency-Key": "once"})
    other = api.post(KEYS, {**GIVEN, "api_key": "sk-else"}, headers={"Idempotency-Key": "once"})

    assert first.json()["id"] == second.json()["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    assert UserAPIKey.objects.count() == 1
    assert GOOD_KEY not in str(IdempotentCreation.objects.values())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "sk-\x00nul"}, "api_key"),
        ({"api_key": "sk with blanks"}, "api_key"),
        ({"api_key": 12345}, "api_key"),
        ({"api_key": None}, "api_key"),
        ({"api_key": "x" * 501}, "api_key"),
        ({"api_key": {"a": "sk-1"}}, "api_key"),
        ({"key_name": ""}, "key_name"),
        ({"key_name": "x" * 101}, "key_name"),
        ({"key_name": "a\x00b"}, "key_name"),
        ({"provider": "nobody"}, "provider"),
        ({"provider": "x\x00"}, "provider"),
        ({"provider": "x" * 101}, "provider"),
        ({"base_url": "http://169.254.169.254/latest"}, "base_url"),
        ({"base_url": 1}, "base_url"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"daily_limit": -1}, "daily_limit"),
        ({"daily_limit": 10**30}, "daily_limit"),
        ({"daily_limit": "many"}, "daily_limit"),
        ({"monthly_limit": 1.5}, "monthly_limit"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"is_default": None}, "is_default"),
        ({"is_default": []}, "is_default"),
    ],
)
def test_bad_input_is_refused_by_its_field(api, changes, field):
    response = api.post(KEYS, {**GIVEN, **changes})

    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]
    assert not UserAPIKey.objects.exists()


@pytest.mark.parametrize("missing", ["provider", "key_name", "api_key"])
def test_nothing_may_be_missing(api, missing):
    response = api.post(KEYS, {name: value for name, value in GIVEN.items() if name != missing})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [missing])


@pytest.mark.parametrize("secret", ["sk-\x00canary", "sk canary", "canary" * 100])
def test_refusal_does_not_repeat_the_key(api, secret):
    assert "canary" not in api.post(KEYS, {**GIVEN, "api_key": secret}).content.decode()


def test_settings_are_changed_and_the_rest_stays(api, make_key):
    key = make_key(daily_limit=5)

    response = api.patch(address(key), {"monthly_limit": 70, "key_name": "Work", "is_active": False})

    assert response.status_code == 200
    key.refresh_from_db()
    assert (key.daily_limit, key.monthly_limit, key.key_name, key.is_active) == (5, 70, "Work", False)
    assert key.decrypt_api_key() == GOOD_KEY


def test_key_is_replaced(api, make_key):
    key = make_key()
    UserAPIKey.objects.update(is_unreadable=True, is_validated=True)

    body = api.patch(address(key), {"api_key": "sk-another-0123456789wxyz"}).json()

    assert (body["last_four"], body["needs_reentry"], body["is_validated"]) == ("wxyz", False, False)
    key.refresh_from_db()
    assert key.decrypt_api_key() == "sk-another-0123456789wxyz"


def test_write_from_an_older_version_is_refused(api, make_key):
    key = make_key()
    etag = api.get(address(key)).headers["ETag"]
    api.patch(address(key), {"api_key": "sk-another-0123456789wxyz"})

    response = api.patch(address(key), {"key_name": "Late"}, headers={"If-Match": etag})

    assert (response.status_code, response.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert api.delete(address(key), headers={"If-Match": etag}).status_code == 412
    assert UserAPIKey.objects.get().key_name == "Mine"


def test_use_of_a_key_does_not_change_its_version(api, make_key):
    key = make_key()
    etag = api.get(address(key)).headers["ETag"]
    UserAPIKey.objects.update(usage_count=9, is_validated=True)

    assert api.get(address(key)).headers["ETag"] == etag


def test_deleted_key_is_gone(api, make_key):
    key = make_key()

    assert api.delete(address(key)).status_code == 204
    assert api.get(address(key)).status_code == 404
    assert api.get(KEYS).json()["results"] == []
    assert UserAPIKey.objects.get().encrypted_key == ""


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_stranger_finds_nothing(stranger_api, make_key, method):
    key = make_key()

    assert getattr(stranger_api, method)(address(key)).status_code == 404
    assert UserAPIKey.objects.get().deleted_at is None


def test_stranger_lists_and_validates_nothing(stranger_api, make_key, provider):
    key = make_key()

    assert stranger_api.get(KEYS).json()["results"] == []
    assert stranger_api.post(f"{address(key)}validate/").status_code == 404
    assert provider.asked == []


def test_good_key_is_validated(api, make_key, provider):
    key = make_key()

    response = api.post(f"{address(key)}validate/")

    assert response.status_code == 200
    body = response.json()
    assert body.pop("last_validated_at")
    assert body == {
        "valid": True,
        "error_code": "",
        "message": "The provider accepts this key.",
        "is_validated": True,
    }
    assert api.get(address(key)).json()["is_validated"] is True


def test_bad_key_is_an_answer_and_no_error(api, make_key, provider):
    response = api.post(f"{address(make_key(api_key='sk-bad'))}validate/")

    assert (response.status_code, response.json()["error_code"]) == (200, "invalid_key")


def test_unreadable_key_asks_to_be_entered_again(api, make_key):
    key = make_key()
    UserAPIKey.objects.update(encrypted_key="gAAAA-nobody-opens-this")

    response = api.post(f"{address(key)}validate/")

    assert (response.status_code, response.json()["error_code"]) == (200, "key_unreadable")
    assert api.get(address(key)).json()["needs_reentry"] is True
    assert api.get(KEYS).json()["results"][0]["needs_reentry"] is True


def test_list_is_narrowed(api, make_key):
    make_key(key_name="one")
    make_key(key_name="two")
    make_key(key_name="three", provider="mistral", is_active=False)

    def names(query: str) -> set[str]:
        return {key["key_name"] for key in api.get(f"{KEYS}?{query}").json()["results"]}

    assert names("provider=openai") == {"one", "two"}
    assert names("is_active=false") == {"three"}
    assert names("is_default=true&provider=openai") == {"one"}


@pytest.mark.parametrize("query", ["provider=%00", "is_active=perhaps", "cursor=x", "limit=0", "limit=101"])
def test_bad_filters_are_refused(api, query):
    assert api.get(f"{KEYS}?{query}").status_code in {400, 422}


def test_pages_hold_all_keys_once(api, make_key):
    made = [str(make_key().pk) for _ in range(5)]

    seen, page = [], f"{KEYS}?limit=2"
    while page:
        body = api.get(page).json()
        seen += [key["id"] for key in body["results"]]
        page = body["next"]

    assert seen == list(reversed(made))


def test_unknown_key_is_not_found(api):
    assert api.get(f"{KEYS}{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(("count", "expected"), [(3, 2), (30, 2)])
def test_list_costs_two_queries(api, make_key, count, expected):
    for _ in range(count):
        make_key()

    with CaptureQueriesContext(connection) as queries:
        api.get(f"{KEYS}?limit=100")

    assert len(queries) == expected


def test_detail_costs_two_queries(api, make_key):
    key = make_key()

    with CaptureQueriesContext(connection) as queries:
        api.get(address(key))

    assert len(queries) == 2
