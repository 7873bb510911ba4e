"""Coming in through the house's OpenID Connect provider."""

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.cache import cache
from django.urls import reverse
from rest_framework.test import APIClient

from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser, Invitation
from tests.controlplane.accounts.identity_provider import IdentityProvider, provider_of

BROWSER = "/api/accounts/browser/v1/"
CALLBACK = "/accounts/oidc/oidc/login/callback/"
ME = "/api/v1/me/"
ADDRESS = "grace@example.com"


@pytest.fixture
def provider(settings, db):
    """A provider that is set up as the settings do it."""
    cache.clear()
    with provider_of(
        {"sub": "42", "email": ADDRESS, "email_verified": True, "name": "Grace Hopper"}
    ) as server:
        app = {
            "provider_id": "oidc",
            "name": "Single sign-on",
            "client_id": "threadplane",
            "secret": "s",
            "settings": {"server_url": server.issuer},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
        yield server


def come_in(provider: IdentityProvider) -> APIClient:
    """Go to the provider and come back, as a browser does."""
    page = APIClient(raise_request_exception=False)
    form = {"provider": "oidc", "callback_url": "/", "process": "login"}
    there = page.post(f"{BROWSER}auth/provider/redirect", form, format="multipart")
    assert there.status_code == 302
    asked = parse_qs(urlsplit(there.url).query)
    assert there.url.startswith(f"{provider.issuer}/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    page.get(CALLBACK, {"code": "one", "state": asked["state"][0]})
    return page


def test_newcomer_gets_an_account_where_registration_is_open(provider, settings):
    settings.REGISTRATION = "open"
    page = come_in(provider)
    assert page.get(ME).json()["email"] == ADDRESS
    user = CustomUser.objects.get()
    assert (user.first_name, user.has_usable_password(), user.is_staff) == ("Grace", False, False)
    assert SocialToken.objects.count() == 0


@pytest.mark.parametrize("registration", ["closed", "invitation"])
def test_newcomer_stays_out_otherwise(provider, settings, registration):
    settings.REGISTRATION = registration
    assert come_in(provider).get(ME).status_code == 401
    assert (CustomUser.objects.count(), SocialAccount.objects.count()) == (0, 0)


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "unconfirmed"])
def test_invitation_counts_for_a_confirmed_address(provider, settings, make_user, confirmed):
    settings.REGISTRATION = "invitation"
    provider.person["email_verified"] = confirmed
    boss = make_user("boss@example.com")
    invitation_create(email=ADDRESS, invited_by=boss.pk)
    assert come_in(provider).get(ME).status_code == (200 if confirmed else 401)
    assert CustomUser.objects.filter(email=ADDRESS).exists() is confirmed
    assert Invitation.objects.get().state == ("accepted" if confirmed else "open")


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "unconfirmed"])
def test_account_is_found_by_a_confirmed_address_alone(provider, settings, make_user, confirmed):
    settings.REGISTRATION = "closed"
    provider.person["email_verified"] = confirmed
    user = make_user(ADDRESS)
    answer = come_in(provider).get(ME)
    assert answer.status_code == (200 if confirmed else 401)
    assert CustomUser.objects.get() == user


def test_deactivated_account_stays_out(provider, make_user):
    make_user(ADDRESS, is_active=False)
    assert come_in(provider).get(ME).status_code == 401


def test_answer_that_nobody_asked_for_is_refused(provider, settings):
    settings.REGISTRATION = "open"
    page = APIClient(raise_request_exception=False)
    page.get(CALLBACK, {"code": "one", "state": "forged"})
    assert page.get(ME).status_code == 401
    assert CustomUser.objects.count() == 0


def test_provider_that_is_down_is_said(provider, settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = (
        "http://127.0.0.1:1"
    )
    form = {"provider": "oidc", "callback_url": "/", "process": "login"}

    page = APIClient(raise_request_exception=False)
    answer = page.post(f"{BROWSER}auth/provider/redirect", form, format="multipart")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "sign_on_unavailable")
    assert "127.0.0.1" not in answer.content.decode()


def test_there_is_no_provider_by_default(db, settings):
    assert settings.SOCIALACCOUNT_PROVIDERS == {}
    assert APIClient().get(reverse("openid_connect_login", args=["oidc"])).status_code == 404
    assert APIClient().get(f"{BROWSER}config").json()["data"]["socialaccount"]["providers"] == []
