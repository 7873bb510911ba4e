"""What administrators do: through the same services as everybody, so with the same consequences."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.accounts.models import CustomUser, Invitation
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.chat.models import ChatSession, DeletedThread
from tests.controlplane.conftest import signed_in

USERS = "admin:accounts_customuser_changelist"
SESSIONS = "admin:chat_chatsession_changelist"


def act(office, page: str, action: str, *rows):
    keys = [str(row.pk) for row in rows]
    return office.post(reverse(page), {"action": action, "_selected_action": keys}, follow=True)


def test_user_is_made_by_email(office):
    fields = {"email": "New@example.com", "usable_password": "true", "password1": "correct horse battery"}
    office.post(
        reverse("admin:accounts_customuser_add"), {**fields, "password2": fields["password1"]}, follow=True
    )

    user = CustomUser.objects.get(email__iexact="new@example.com")
    assert user.check_password("correct horse battery")
    assert not user.is_staff


def test_taken_address_is_refused_whatever_its_case(office, make_user):
    make_user("ada@example.com")
    fields = {"email": "ADA@example.com", "usable_password": "true", "password1": "correct horse battery"}
    page = office.post(reverse("admin:accounts_customuser_add"), {**fields, "password2": fields["password1"]})

    assert "A user with this e-mail address exists already." in page.text
    assert CustomUser.objects.filter(email__iexact="ada@example.com").count() == 1


def test_signing_out_everywhere_refuses_tokens_and_sessions(office, user, stranger):
    phone, other = signed_in(user), signed_in(stranger)

    page = act(office, USERS, "sign_out_everywhere", user)

    assert "1 user was signed out everywhere." in page.text
    assert phone.get("/api/v1/me/").status_code == 401
    assert other.get("/api/v1/me/").status_code == 200


def test_deactivating_signs_out_and_leaves_oneself_alone(office, user):
    phone = signed_in(user)
    oneself = CustomUser.objects.get(email="admin@example.com")

    act(office, USERS, "deactivate", user, oneself)

    user.refresh_from_db()
    oneself.refresh_from_db()
    assert (user.is_active, user.token_version, oneself.is_active) == (False, 2, True)
    assert phone.get("/api/v1/me/").status_code == 401


def test_switching_off_in_the_form_signs_out_too(office, user):
    office.post(
        reverse("admin:accounts_customuser_change", args=[user.pk]), {"email": user.email}, follow=True
    )

    user.refresh_from_db()
    assert (user.is_active, user.token_version) == (False, 2)


@pytest.mark.parametrize(("action", "before", "after"), [("archive", False, True), ("restore", True, False)])
def test_sessions_are_put_in_order(office, user, action, before, after):
    chosen = ChatSession.objects.create(user=user, is_archived=before)
    other = ChatSession.objects.create(user=user, is_archived=before)

    page = act(office, SESSIONS, action, chosen)

    assert "Done for 1 session." in page.text
    chosen.refresh_from_db()
    other.refresh_from_db()
    assert (chosen.is_archived, other.is_archived) == (after, before)


def test_deleting_for_good_puts_up_a_tombstone(office, user):
    session = ChatSession.objects.create(user=user)

    act(office, SESSIONS, "delete_for_good", session)

    session.refresh_from_db()
    assert session.deleted_at is not None
    assert DeletedThread.objects.get().thread_id == session.pk


def test_session_on_its_way_does_not_stop_the_deletion_of_others(office, user):
    on_its_way = ChatSession.objects.create(user=user, is_provisional=True)
    here = ChatSession.objects.create(user=user)

    page = act(office, SESSIONS, "delete_for_good", on_its_way, here)

    assert "Done for 1 session." in page.text
    assert f"{on_its_way.pk}: The session is just being made. Try again soon." in page.text
    assert set(ChatSession.objects.existing()) == {on_its_way}


def test_session_being_deleted_is_passed_over(office, user):
    gone, here = ChatSession.objects.create(user=user), ChatSession.objects.create(user=user)
    act(office, SESSIONS, "delete_for_good", gone)

    page = act(office, SESSIONS, "archive", gone, here)

    assert "Done for 1 session." in page.text


def test_settings_can_be_helped_with_and_figures_not(office, user):
    session = ChatSession.objects.create(user=user, title="Tea", message_count=3)
    fields = {
        "title": "Coffee",
        "message_count": "9",
        "total_cost": "0",
        "user": "",
        "enable_summarization": "on",
    }
    office.post(reverse("admin:chat_chatsession_change", args=[session.pk]), fields, follow=True)

    session.refresh_from_db()
    assert (session.title, session.message_count, session.user) == ("Coffee", 3, user)


@pytest.mark.parametrize("whose", ["another's", "one's own"])
def test_new_password_signs_out_everywhere_but_here(office, user, whose):
    changed = user if whose == "another's" else CustomUser.objects.get(email="admin@example.com")
    phone = signed_in(changed)
    new = {"usable_password": "true", "password1": "a wholly new one", "password2": "a wholly new one"}

    office.post(reverse("admin:auth_user_password_change", args=[changed.pk]), new)

    changed.refresh_from_db()
    assert (changed.check_password("a wholly new one"), changed.token_version) == (True, 2)
    assert phone.get("/api/v1/me/").status_code == 401
    assert office.get(reverse("admin:index")).status_code == 200


def test_revoking_ends_the_chosen_tokens_alone(office, user):
    chosen, secret = personal_token_create(owner_id=user.pk, name="a", scopes=["read"])
    _, other = personal_token_create(owner_id=user.pk, name="b", scopes=["read"])

    page = act(office, "admin:accounts_personalaccesstoken_changelist", "revoke", chosen)

    assert "1 token was revoked." in page.text
    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}").get("/api/v1/me/").status_code == 401
    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {other}").get("/api/v1/me/").status_code == 200
    assert secret not in page.text


def test_address_with_an_account_is_not_invited(office, user):
    page = office.post(reverse("admin:accounts_invitation_add"), {"email": user.email.upper()})

    assert "A user with this e-mail address exists already." in page.text
    assert Invitation.objects.count() == 0
