"""What signing up asks for beside e-mail and password."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest

from controlplane.accounts.invitations import UNKNOWN, invitation_is_open
from controlplane.accounts.models import CustomUser


class InvitedForm(forms.Form):
    """Asks for an invitation where one is needed; allauth's own form is built upon it."""

    invitation = forms.CharField(required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        """Refuse an invitation that does not fit; it is used up later, with the account's creation."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if settings.REGISTRATION != "invitation" or "email" not in given:
            return given
        if not invitation_is_open(email=given["email"], token=given.get("invitation", "")):
            self.add_error("invitation", forms.ValidationError(UNKNOWN, code="invitation_invalid"))
        return given

    def signup(self, request: HttpRequest, user: CustomUser) -> None:
        """Do nothing more: the adapter has used the invitation up in the account's transaction."""
