"""Who may make an account, and how allauth's accounts and ours stay one."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from controlplane.accounts.invitations import invitation_accept
from controlplane.accounts.mail import mail_server_needed
from controlplane.accounts.models import CustomUser
from controlplane.accounts.throttling.limits import address_of
from controlplane.errors import Conflict


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types for us
    """allauth's hooks in the house's sense."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        """Say whether anybody may try; an invitation is asked for by the form."""
        return bool(settings.REGISTRATION != "closed")

    def save_user(
        self,
        request: HttpRequest,
        user: CustomUser,
        form: BaseForm,
        commit: bool = True,  # noqa: FBT001, FBT002  # allauth's signature
    ) -> CustomUser:
        """Make the account and use up the invitation, both or neither.

        Raises Invalid for an invitation that somebody was quicker with, Conflict for such an address.
        """
        email = form.cleaned_data["email"]
        try:
            with transaction.atomic():
                if settings.REGISTRATION == "invitation":
                    invitation_accept(email=email, token=form.cleaned_data["invitation"])
                # In the row from the start: what fails later must not make the address look confirmed.
                user.is_self_made = True
                made: CustomUser = super().save_user(request, user, form, commit)
        except IntegrityError as error:
            raise Conflict(
                "Somebody else signs up with this address. Try again.", code="try_again"
            ) from error
        return made

    def pre_login(self, request: HttpRequest, user: CustomUser, **details: Any) -> HttpResponse | None:
        """Count the address of an account that staff has made as confirmed: nobody signed up with it."""
        if not details["signup"]:
            confirm_address_of_staff_made(user)
        refusal: HttpResponse | None = super().pre_login(request, user, **details)
        return refusal

    def set_password(self, user: CustomUser, password: str) -> None:
        """Change the password and end what was signed in with the old one, both or neither."""
        with transaction.atomic():
            super().set_password(user, password)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it now. Raises Unavailable."""
        with mail_server_needed():
            super().send_mail(template_prefix, email, context)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Name the connection's other end, as the throttle does."""
        return address_of(request)


def confirm_address_of_staff_made(user: CustomUser) -> None:
    """Note a confirmed address for an account that has none noted; repeats harmlessly."""
    if user.is_self_made or EmailAddress.objects.filter(user_id=user.pk).exists():
        return
    noted = EmailAddress(user=user, email=user.email.lower(), primary=True, verified=True)
    EmailAddress.objects.bulk_create([noted], ignore_conflicts=True)


def is_confirmed(user: CustomUser) -> bool:
    """Tell whether the account's address was confirmed, or is one that staff has given."""
    mine = EmailAddress.objects.filter(user_id=user.pk, email__iexact=user.email, verified=True)
    return not user.is_self_made or mine.exists()
