"""Who may come in through the house's OpenID Connect provider."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from controlplane.accounts.invitations import invitation_accept_of
from controlplane.accounts.models import CustomUser, Invitation


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types for us
    """The rules of registration hold for newcomers from elsewhere too."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002  # allauth's signature
        """Let newcomers in where registration is open, or where their confirmed address is invited."""
        if settings.REGISTRATION != "invitation":
            return bool(settings.REGISTRATION == "open")
        email = _confirmed_address(sociallogin)
        return email is not None and Invitation.objects.open().filter(email__iexact=email).exists()

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> CustomUser:
        """Make the account and use up the invitation, both or neither. Raises Invalid."""
        with transaction.atomic():
            if settings.REGISTRATION == "invitation":
                invitation_accept_of(verified_email=_confirmed_address(sociallogin) or "")
            sociallogin.user.is_self_made = True
            made: CustomUser = super().save_user(request, sociallogin, form)
        return made


def _confirmed_address(sociallogin: Any) -> str | None:
    return next((str(one.email) for one in sociallogin.email_addresses if one.verified), None)
