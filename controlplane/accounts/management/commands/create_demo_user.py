"""Makes the demo user of `make up` and `make demo`; a real deployment never runs it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from controlplane.accounts.services import demo_user_ensure
from controlplane.config.environment import read_environment


class Command(BaseCommand):
    """Repeats harmlessly; refuses unless the environment names the demo user."""

    help = "Create the demo user from DEMO_EMAIL and DEMO_PASSWORD."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create the user or bring its password back to what the environment says."""
        environment = read_environment()
        if environment.demo_email is None or environment.demo_password is None:
            raise CommandError("DEMO_EMAIL and DEMO_PASSWORD must both be set.")
        user = demo_user_ensure(
            email=environment.demo_email, password=environment.demo_password.get_secret_value()
        )
        self.stdout.write(f"The demo user {user.email} is ready.")
