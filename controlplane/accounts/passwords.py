"""What a new password means for everything that was signed in with the old one."""

from controlplane.accounts.models import CustomUser
from controlplane.accounts.services import user_sign_out_everywhere


class EndsWhatWasSignedIn:
    """A validator by name only: Django tells all of them when a password has changed, whoever changed it.

    So the admin's form, `changepassword`, a reset by e-mail and the shell have the same consequence.
    """

    def validate(self, password: str, user: CustomUser | None = None) -> None:
        """Accept any password: its quality is for the others to judge."""

    def get_help_text(self) -> str:
        """Ask nothing of a new password."""
        return ""

    def password_changed(self, password: str, user: CustomUser) -> None:  # noqa: ARG002  # Django's signature
        """Refuse every token and session of before; the one that changes it may renew its own."""
        if not user.replaces_password:
            return
        user_sign_out_everywhere(user_id=user.pk)
        user.replaces_password = False
        user.refresh_from_db(fields=["token_version"])
