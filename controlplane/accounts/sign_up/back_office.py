"""The back office's sign-in form, which asks for the second factor as every other door does."""

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm  # type: ignore[import-untyped]  # ships no types
from unfold.widgets import BASE_INPUT_CLASSES  # type: ignore[import-untyped]  # as above

from controlplane.accounts.models import CustomUser
from controlplane.accounts.sign_up.second_factor import second_factor_check
from controlplane.errors import Unauthenticated


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # the library has no types
    """E-mail, password and, where one is set up, a one-time code."""

    # The page has no place for a field of ours within its form, so the field says which one it belongs to.
    code = forms.CharField(
        label=_("One-time code, if you have set one up"),
        required=False,
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "form": "login-form",
                "autocomplete": "one-time-code",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Ask for the code once the password is right. Raises ValidationError."""
        super().confirm_login_allowed(user)
        if not isinstance(user, CustomUser):
            return
        try:
            second_factor_check(user=user, code=self.cleaned_data.get("code", ""))
        except Unauthenticated as error:
            raise forms.ValidationError(error.message, code=error.code) from error
