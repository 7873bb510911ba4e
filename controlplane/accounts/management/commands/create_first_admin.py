"""Makes the first administrator of a deployment that nobody can type `createsuperuser` into."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from controlplane.accounts.services import first_admin_ensure
from controlplane.config.environment import read_environment


class Command(BaseCommand):
    """Repeats harmlessly: an account with this e-mail is never changed."""

    help = "Create an administrator from FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create the administrator unless the e-mail is taken."""
        environment = read_environment()
        if environment.first_admin_email is None or environment.first_admin_password is None:
            raise CommandError("FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD must both be set.")
        created = first_admin_ensure(
            email=environment.first_admin_email,
            password=environment.first_admin_password.get_secret_value(),
        )
        outcome = "was created" if created else "exists already and was left as it is"
        self.stdout.write(f"{environment.first_admin_email} {outcome}.")
