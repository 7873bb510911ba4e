"""Asking for an account's end: proved again, refused to staff, and off at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane.accounts.models import CustomUser
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.accounts.roles import roles_sync
from controlplane.audit.models import Action, AuditEntry
from controlplane.erasure.account.request import account_delete
from controlplane.erasure.models import DeletionReceipt
from controlplane.errors import Conflict, NotFound
from tests.controlplane.conftest import signed_in
from tests.controlplane.in_parallel import in_parallel

ADDRESS = "/api/v1/me/deletion/"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def member(make_user) -> CustomUser:
    """A user with a password."""
    return make_user("member@example.com", password=PASSWORD)


def state_of(user: CustomUser) -> tuple[bool, int, bool]:
    now = CustomUser.objects.get(pk=user.pk)
    return now.is_active, now.token_version, now.deleted_at is not None


def test_account_is_off_at_once_and_its_tokens_are_dead(member):
    api = signed_in(member)

    answer = api.post(ADDRESS, {"password": PASSWORD})

    assert (answer.status_code, answer.json()["kind"], answer.json()["state"]) == (202, "account", "erasing")
    assert answer.json()["subject_id"] == str(member.pk)
    assert state_of(member) == (False, 2, True)
    assert api.get("/api/v1/me/").status_code == 401
    entry = AuditEntry.objects.get(action=Action.ACCOUNT_DELETE)
    assert (entry.actor_id, entry.subject_id, entry.concerns_id) == (member.pk, str(member.pk), member.pk)


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "wrong"}])
def test_wrong_password_deletes_nothing(member, body):
    answer = signed_in(member).post(ADDRESS, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "password_wrong")
    assert state_of(member) == (True, 1, False)
    assert not DeletionReceipt.objects.exists()


@pytest.mark.parametrize(
    ("ago", "status"), [(timedelta(minutes=9), 202), (timedelta(minutes=11), 403), (None, 403)]
)
def test_account_without_a_password_needs_a_fresh_sign_in(user, ago, status):
    user.last_login = timezone.now() - ago if ago else None
    user.save(update_fields=["last_login"])

    answer = signed_in(user).post(ADDRESS, {})

    assert answer.status_code == status
    assert state_of(user)[2] == (status == 202)
    assert status == 202 or answer.json()["error"]["code"] == "sign_in_again"


def test_no_script_s_token_deletes_an_account(member):
    _, secret = personal_token_create(owner_id=member.pk, name="All", scopes=["read", "write", "agent"])
    script = APIClient()
    script.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    answer = script.post(ADDRESS, {"password": PASSWORD})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "personal_token_not_allowed")
    assert state_of(member) == (True, 1, False)


@pytest.mark.parametrize("body", [{"password": "x" * 1025}, {"password": "a\x00b"}, {"password": ["x"]}])
def test_malformed_is_refused_by_name(member, body):
    answer = signed_in(member).post(ADDRESS, body)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["password"])
    assert state_of(member) == (True, 1, False)


@pytest.mark.parametrize(
    ("flags", "others", "code"),
    [
        ({"is_staff": True}, 0, "account_is_staff"),
        ({"is_superuser": True}, 0, "last_administrator"),
        ({"is_superuser": True}, 1, "account_is_staff"),
    ],
)
def test_those_who_keep_the_house_running_are_refused(make_user, flags, others, code):
    for number in range(others):
        make_user(f"root{number}@example.com", is_superuser=True)
    staff = make_user("staff@example.com", password=PASSWORD, **flags)

    answer = signed_in(staff).post(ADDRESS, {"password": PASSWORD})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)
    assert state_of(staff) == (True, 1, False)
    assert not AuditEntry.objects.exists()


def test_asking_again_finds_the_same_receipt(member):
    first = account_delete(user_id=member.pk, actor_id=None)
    again = account_delete(user_id=member.pk, actor_id=None)

    assert again == first
    assert state_of(member) == (False, 2, True)
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_deletion(member):
    answers = in_parallel(4, lambda _: account_delete(user_id=member.pk, actor_id=None).pk)

    assert len(set(answers)) == 1
    assert state_of(member) == (False, 2, True)


def test_unknown_account_is_not_found(member):
    with pytest.raises(NotFound):
        account_delete(user_id=DeletionReceipt().pk, actor_id=None)


def test_deleted_account_cannot_be_switched_on_again(member):
    account_delete(user_id=member.pk, actor_id=None)
    office = Client()
    office.force_login(CustomUser.objects.create_superuser("root@example.com"))

    address = reverse("admin:accounts_customuser_change", args=[member.pk])
    page = office.post(address, {"email": "b@example.com", "is_active": "on"})

    assert page.status_code == 403
    assert state_of(member) == (False, 2, True)


class TestInTheBackOffice:
    """The action for administrators, with its page in between."""

    LIST = "admin:accounts_customuser_changelist"

    @pytest.fixture
    def office(self, make_user) -> Client:
        client = Client()
        client.force_login(CustomUser.objects.create_superuser("root@example.com"))
        return client

    def act(self, office: Client, *users: CustomUser, **more: str):
        form = {"action": "delete_accounts", "_selected_action": [str(user.pk) for user in users], **more}
        return office.post(reverse(self.LIST), form, follow=True)

    def test_page_asks_first(self, office, member):
        page = self.act(office, member)

        assert "member@example.com" in page.text
        assert state_of(member) == (True, 1, False)

    def test_confirmed_it_begins_and_staff_is_left_out(self, office, member, make_user):
        staff = make_user("staff@example.com", is_staff=True)

        page = self.act(office, member, staff, confirmed="yes")

        assert "1 account is being deleted." in page.text
        assert "have to be taken from it first" in page.text
        assert (state_of(member), state_of(staff)) == ((False, 2, True), (True, 1, False))
        actor = CustomUser.objects.get(email="root@example.com")
        assert AuditEntry.objects.get(action=Action.ACCOUNT_DELETE).actor_id == actor.pk

    def test_support_may_not(self, member, make_user):
        roles_sync()
        support = make_user("support@example.com", is_staff=True)
        support.groups.add(Group.objects.get(name="support"))
        office = Client()
        office.force_login(support)

        self.act(office, member, confirmed="yes")

        assert state_of(member) == (True, 1, False)


def test_conflict_names_the_way_out(make_user):
    staff = make_user("staff@example.com", is_staff=True)
    with pytest.raises(Conflict, match="taken from it first"):
        account_delete(user_id=staff.pk, actor_id=None)
