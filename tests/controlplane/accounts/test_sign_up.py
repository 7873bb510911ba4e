"""Making an account, confirming its address and getting a new password, by the headless API."""

import re
import uuid

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from rest_framework.test import APIClient

from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser, Invitation
from controlplane.accounts.services import user_deactivate, user_sign_out_everywhere
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel

AUTH = "/api/accounts/app/v1/auth/"
ME, TOKEN = "/api/v1/me/", "/api/v1/auth/token/"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_and_open(settings):
    """Quick hashes, nobody throttled by an earlier test, and registration for everybody."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.REGISTRATION = "open"
    cache.clear()


class App:
    """An app that signs up or in: it keeps the session token that it is given."""

    def __init__(self) -> None:
        self.client = APIClient(raise_request_exception=False)
        self.session: dict[str, str] = {}

    def post(self, path: str, **body: str):
        answer = self.client.post(f"{AUTH}{path}", body, headers=self.session)
        token = answer.json().get("meta", {}).get("session_token")
        if token:
            self.session = {"X-Session-Token": token}
        return answer


def some_address() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def code_in(mail) -> str:
    return re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)$", mail.body, re.MULTILINE)[1]


def test_account_is_made_confirmed_and_used(db, mailoutbox):
    app, email = App(), some_address()
    pending = app.post("signup", email=email.upper(), password=PASSWORD)
    assert pending.status_code == 401
    assert {"id": "verify_email", "is_pending": True} in pending.json()["data"]["flows"]
    assert mailoutbox[0].to == [email]
    anyone = APIClient(raise_request_exception=False)
    early = anyone.post(TOKEN, {"email": email, "password": PASSWORD})
    assert (early.status_code, early.json()["error"]["code"]) == (401, "email_not_confirmed")

    done = app.post("email/verify", key=code_in(mailoutbox[0]))

    assert done.status_code == 200
    access = done.json()["meta"]["access_token"]
    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {access}").get(ME).json()["email"] == email
    assert anyone.post(TOKEN, {"email": email, "password": PASSWORD}).status_code == 200


def test_wrong_code_confirms_nothing_and_tries_are_few(db, mailoutbox):
    app = App()
    app.post("signup", email=some_address(), password=PASSWORD)
    answers = [app.post("email/verify", key="WRONG1").status_code for _ in range(4)]
    assert answers == [400, 400, 400, 409]
    assert app.post("email/verify", key=code_in(mailoutbox[0])).status_code == 409
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_taken_address_is_not_told_apart(user, mailoutbox):
    app = App()
    answer = app.post("signup", email=user.email.upper(), password=PASSWORD)
    assert answer.status_code == 401
    assert {"id": "verify_email", "is_pending": True} in answer.json()["data"]["flows"]
    assert CustomUser.objects.count() == 1
    assert (mailoutbox[0].to, "already" in mailoutbox[0].body) == ([user.email], True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"email": "nothing", "password": PASSWORD}, "email", id="no address"),
        pytest.param({"email": "a@example.com", "password": "short"}, "password", id="short password"),
        pytest.param({"email": "a@example.com", "password": "1234567890"}, "password", id="numbers alone"),
        pytest.param({"email": "a\u0000@example.com", "password": PASSWORD}, "email", id="NUL"),
        pytest.param({"email": ["a@example.com"], "password": {}}, "email", id="wrong types"),
        pytest.param({"email": "a" * 10_000 + "@example.com", "password": PASSWORD}, "email", id="long"),
    ],
)
def test_wrong_sign_up_makes_nothing(db, body, field):
    answer = App().post("signup", **body)
    assert answer.status_code == 400
    assert field in {one.get("param") for one in answer.json()["errors"]}
    assert CustomUser.objects.count() == 0


def test_closed_registration_lets_nobody_in(db, settings, mailoutbox):
    settings.REGISTRATION = "closed"
    assert App().post("signup", email=some_address(), password=PASSWORD).status_code == 403
    assert (CustomUser.objects.count(), mailoutbox) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_one_address_makes_one_account_however_many_try():
    email = some_address()
    answers = in_parallel(6, lambda _: App().post("signup", email=email, password=PASSWORD).status_code)
    assert CustomUser.objects.count() == 1
    assert set(answers) <= {401, 409, 429}


class TestInvitations:
    """Where registration is by invitation."""

    @pytest.fixture(autouse=True)
    def by_invitation(self, settings):
        settings.REGISTRATION = "invitation"

    @pytest.fixture
    def inviter(self, make_user):
        return make_user("boss@example.com", is_staff=True, is_superuser=True)

    def test_invited_signs_up_once(self, inviter):
        email = some_address()
        invitation, token = invitation_create(email=email, invited_by=inviter.pk)
        assert (
            App().post("signup", email=email.upper(), password=PASSWORD, invitation=token).status_code == 401
        )
        invitation.refresh_from_db()
        assert (invitation.state, CustomUser.objects.filter(email=email).count()) == ("accepted", 1)
        CustomUser.objects.filter(email=email).delete()
        again = App().post("signup", email=email, password=PASSWORD, invitation=token)
        assert (again.status_code, again.json()["errors"][0]["param"]) == (400, "invitation")
        assert not CustomUser.objects.filter(email=email).exists()

    @pytest.mark.parametrize("case", ["none", "another's", "over", "replaced"])
    def test_others_do_not(self, inviter, case):
        email = some_address()
        _, token = invitation_create(
            email=some_address() if case == "another's" else email, invited_by=inviter.pk
        )
        if case == "over":
            Invitation.objects.update(expires_at="2020-01-01T00:00:00Z")
        if case == "replaced":
            invitation_create(email=email, invited_by=inviter.pk)
        given = {} if case == "none" else {"invitation": token}
        answer = App().post("signup", email=email, password=PASSWORD, **given)
        assert (answer.status_code, answer.json()["errors"][0]["param"]) == (400, "invitation")
        assert CustomUser.objects.count() == 1
        assert not Invitation.objects.exclude(accepted_at=None).exists()

    @pytest.mark.django_db(transaction=True)
    def test_one_account_however_many_try(self, inviter):
        email = some_address()
        _, token = invitation_create(email=email, invited_by=inviter.pk)
        body = {"email": email, "password": PASSWORD, "invitation": token}
        answers = in_parallel(6, lambda _: App().post("signup", **body).status_code)
        assert CustomUser.objects.filter(email=email).count() == 1
        assert set(answers) <= {400, 401, 409, 422, 429}

    def test_staff_invites_over_rest(self, inviter, mailoutbox, django_capture_on_commit_callbacks):
        email = some_address()
        with django_capture_on_commit_callbacks(execute=True):
            answer = signed_in(inviter).post("/api/v1/invitations/", {"email": email})
        assert (answer.status_code, answer.json()["state"]) == (201, "open")
        token = answer.json()["token"]
        assert (mailoutbox[0].to, token in mailoutbox[0].body) == ([email], True)
        assert token not in str(list(Invitation.objects.values_list()))
        listed = signed_in(inviter).get("/api/v1/invitations/").json()["results"]
        assert [(one["email"], "token" in one) for one in listed] == [(email, False)]

    @pytest.mark.parametrize("count", [3, 30])
    def test_list_costs_the_same_for_many(self, inviter, django_assert_num_queries, count):
        for _ in range(count):
            invitation_create(email=some_address(), invited_by=inviter.pk)
        client = signed_in(inviter)
        with django_assert_num_queries(2):
            assert len(client.get("/api/v1/invitations/?limit=100").json()["results"]) == count

    def test_nobody_else_invites(self, api, user, make_user):
        staff = make_user("clerk@example.com", is_staff=True)
        for client in (api, signed_in(staff)):
            for answer in (
                client.post("/api/v1/invitations/", {"email": "a@b.org"}),
                client.get("/api/v1/invitations/"),
            ):
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
        assert Invitation.objects.count() == 0

    def test_user_is_not_invited(self, inviter, user):
        answer = signed_in(inviter).post("/api/v1/invitations/", {"email": user.email.upper()})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "user_exists")


@pytest.fixture
def member(make_user):
    """A user whom staff has made."""
    return make_user(some_address(), password=PASSWORD)


def test_account_that_staff_made_needs_no_confirmation(member, mailoutbox):
    answer = App().post("login", email=member.email, password=PASSWORD)
    assert answer.status_code == 200
    access = answer.json()["meta"]["access_token"]
    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {access}").get(ME).status_code == 200
    assert mailoutbox == []


def test_new_password_by_mail_ends_everything_before(member, mailoutbox):
    phone, app = signed_in(member), App()
    assert app.post("password/request", email=member.email).status_code == 401
    done = app.post("password/reset", key=code_in(mailoutbox[0]), password="a wholly new one")
    assert done.status_code in {200, 401}
    member.refresh_from_db()
    assert (member.check_password("a wholly new one"), member.token_version) == (True, 2)
    assert phone.get(ME).status_code == 401
    anyone = APIClient()
    assert anyone.post(TOKEN, {"email": member.email, "password": PASSWORD}).status_code == 401
    assert anyone.post(TOKEN, {"email": member.email, "password": "a wholly new one"}).status_code == 200


def test_reset_of_an_unknown_address_sends_nothing_and_says_nothing(db, mailoutbox):
    app = App()
    assert app.post("password/request", email=some_address()).status_code == 401
    assert mailoutbox == []


def test_changing_the_password_keeps_this_session_alone(member):
    app, phone = App(), signed_in(member)
    app.post("login", email=member.email, password=PASSWORD)
    change = "/api/accounts/app/v1/account/password/change"
    body = {"current_password": PASSWORD, "new_password": "a wholly new one"}
    changed = app.client.post(change, body, headers=app.session)
    assert changed.status_code == 200
    assert phone.get(ME).status_code == 401
    renewed = {"X-Session-Token": changed.json()["meta"]["session_token"]}
    assert app.client.get(f"{AUTH}session", headers=renewed).status_code == 200
    assert app.client.get(f"{AUTH}session", headers=app.session).status_code == 410


@pytest.mark.parametrize(
    "end", [user_sign_out_everywhere, user_deactivate], ids=["signed out", "deactivated"]
)
def test_session_token_ends_with_the_rest(member, end):
    app = App()
    app.post("login", email=member.email, password=PASSWORD)
    assert app.client.get(f"{AUTH}session", headers=app.session).status_code == 200
    end(user_id=member.pk)
    assert app.client.get(f"{AUTH}session", headers=app.session).status_code in {401, 410}


def test_page_signs_in_with_cookie_and_csrf_token(member):
    page = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    base = "/api/accounts/browser/v1/"
    assert page.get(f"{base}config").status_code == 200
    body = {"email": member.email, "password": PASSWORD}
    refused = page.post(f"{base}auth/login", body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    token = {"X-CSRFToken": page.cookies["csrftoken"].value}
    assert page.post(f"{base}auth/login", body, headers=token).status_code == 200
    assert page.get(ME).json()["email"] == member.email


def test_mail_server_that_is_down_is_said(db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = App().post("signup", email=some_address(), password=PASSWORD)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "mail_unavailable")


def test_guessing_through_this_door_is_slowed_down_too(member, settings):
    settings.THROTTLE_SIGN_IN = "2/1000d"
    answers = [App().post("login", email=member.email, password="guess") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[-1].json()["error"]["code"] == "throttled"
