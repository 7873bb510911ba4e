"""A refresh token that is shown twice ends its whole sign-in, and no other."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.accounts.api_tokens import issue_refresh_token, sign_ins_forget
from controlplane.accounts.models import SignIn
from tests.controlplane.in_parallel import in_parallel

REFRESH, ME, AGENT = "/api/v1/auth/token/refresh/", "/api/v1/me/", "/api/v1/auth/agent-token/"
ALLAUTH_REFRESH = "/api/accounts/app/v1/tokens/refresh"


@pytest.fixture
def anyone(db) -> APIClient:
    return APIClient(raise_request_exception=False)


def refresh(client: APIClient, token: str):
    return client.post(REFRESH, {"refresh": token})


def with_access(access: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def test_spent_token_ends_every_token_of_its_sign_in(anyone, user):
    first = issue_refresh_token(user)
    second = refresh(anyone, str(first)).json()
    third = refresh(anyone, second["refresh"]).json()

    replay = refresh(anyone, str(first))

    assert (replay.status_code, replay.json()["error"]["code"]) == (401, "not_authenticated")
    assert refresh(anyone, third["refresh"]).status_code == 401
    for access in (str(first.access_token), second["access"], third["access"]):
        assert with_access(access).get(ME).status_code == 401
        assert with_access(access).post(AGENT).status_code == 401
    # The latest token was refused for its sign-in's sake: nobody has spent it.
    assert OutstandingToken.objects.filter(blacklistedtoken__isnull=True).count() == 1
    assert OutstandingToken.objects.count() == 3
    assert SignIn.objects.get().ended_at is not None


def test_other_devices_and_users_stay_signed_in(anyone, user, stranger_api):
    stolen, elsewhere = issue_refresh_token(user), issue_refresh_token(user)
    refresh(anyone, str(stolen))

    assert refresh(anyone, str(stolen)).status_code == 401

    assert with_access(str(elsewhere.access_token)).get(ME).status_code == 200
    assert refresh(anyone, str(elsewhere)).status_code == 200
    assert stranger_api.get(ME).status_code == 200
    user.refresh_from_db()
    assert user.token_version == 1


def test_both_doors_watch_the_same_family(anyone, user):
    first = issue_refresh_token(user)
    second = refresh(anyone, str(first)).json()

    replay = anyone.post(ALLAUTH_REFRESH, {"refresh_token": str(first)}, format="json")

    assert replay.status_code == 400
    assert refresh(anyone, second["refresh"]).status_code == 401


def test_forged_replay_ends_nothing(anyone, user):
    first = str(issue_refresh_token(user))
    second = refresh(anyone, first).json()
    head, claims, signature = first.split(".")

    assert refresh(anyone, f"{head}.{claims}.{signature[::-1]}").status_code == 401

    assert refresh(anyone, second["refresh"]).status_code == 200


def test_access_token_is_no_refresh_token(anyone, user):
    first = issue_refresh_token(user)

    assert refresh(anyone, str(first.access_token)).status_code == 401

    assert refresh(anyone, str(first)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_a_token_and_loses_it_again(user):
    body = {"refresh": str(issue_refresh_token(user))}

    answers = in_parallel(8, lambda _: APIClient(raise_request_exception=False).post(REFRESH, body))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    (pair,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert refresh(APIClient(raise_request_exception=False), pair["refresh"]).status_code == 401
    assert with_access(pair["access"]).get(ME).status_code == 401
    assert SignIn.objects.living().count() == 0


@pytest.mark.django_db(transaction=True)
def test_replay_and_the_newest_token_at_once_leave_no_living_token(user):
    client = APIClient(raise_request_exception=False)
    first = str(issue_refresh_token(user))
    second = refresh(client, first).json()["refresh"]

    answers = in_parallel(
        6, lambda number: refresh(APIClient(raise_request_exception=False), (first, second)[number % 2])
    )

    for answer in answers:
        if answer.status_code == 200:
            assert with_access(answer.json()["access"]).get(ME).status_code == 401
            assert refresh(client, answer.json()["refresh"]).status_code == 401
    assert SignIn.objects.living().count() == 0


def test_sign_in_lasts_as_long_as_its_newest_token(anyone, user):
    pair = issue_refresh_token(user)
    long_ago = timezone.now() - timedelta(days=13)
    SignIn.objects.update(expires_at=long_ago + timedelta(days=14))

    newest = refresh(anyone, str(pair)).json()["refresh"]

    assert SignIn.objects.get().expires_at > timezone.now() + timedelta(days=13)
    assert sign_ins_forget() == 0
    SignIn.objects.update(expires_at=long_ago)
    assert sign_ins_forget() == 1
    assert refresh(anyone, newest).status_code == 401


def test_checking_a_token_takes_one_question(anyone, user, django_assert_num_queries):
    client = with_access(str(issue_refresh_token(user).access_token))
    for _ in range(3):
        issue_refresh_token(user)
    with django_assert_num_queries(1):
        assert client.get(ME).status_code == 200
