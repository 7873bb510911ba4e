"""One-time codes as a second factor: their secrets sealed, and asked for wherever a password is."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.models import Authenticator

from controlplane.accounts.models import CustomUser
from controlplane.errors import Unauthenticated
from controlplane.vault.box import seal, unseal


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types for us
    """Keeps the secrets as the house keeps all secrets."""

    def encrypt(self, text: str) -> str:
        """Seal what the database may not read."""
        return seal(text).token

    def decrypt(self, encrypted_text: str) -> str:
        """Open what was sealed."""
        return unseal(encrypted_text)


def second_factor_check(*, user: CustomUser, code: str) -> None:
    """Let users without a second factor pass, and others with a fresh code or a recovery code.

    Raises Unauthenticated `totp_required` without a code and `totp_invalid` for a wrong one, or too many.
    """
    if not Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists():
        return
    if not code:
        raise Unauthenticated("Enter the code of your authenticator app.", code="totp_required")
    form = BaseAuthenticateForm(data={"code": code}, user=user)
    if not form.is_valid():
        raise Unauthenticated("The code is wrong or was used before.", code="totp_invalid")
    form.authenticator.record_usage()
