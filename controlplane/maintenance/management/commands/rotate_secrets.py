"""Seals every stored secret under the newest of FERNET_KEYS, so that the older ones can be removed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.maintenance.rotation import Rotation, secrets_rotate, secrets_standing


class Command(BaseCommand):
    """Repeats harmlessly, goes on where it was stopped, and disturbs nobody who reads or writes meanwhile."""

    help = (
        "Seal every stored secret anew, under the first of FERNET_KEYS. Put the new key first and keep the "
        "old one behind it; restart; run this; remove the old key once --check says that nothing needs it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if an older key is still needed."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rotate, or check; ends with 1 when an older key is still needed."""
        if not options["check"]:
            rotation = secrets_rotate(progress=self._tell)
            self.stdout.write(f"Sealed anew: {rotation.resealed:,}.")
            for name in rotation.unreadable:
                self.stderr.write(f"No key opens {name}; it has to be entered again.")
        standing = secrets_standing()
        if standing.readable:
            raise CommandError(f"Still under an older key: {standing.readable:,}. Run rotate_secrets again.")
        if standing.unreadable:
            self.stdout.write(f"Unreadable, whatever keys are kept: {standing.unreadable:,}.")
        self.stdout.write("No older key is needed any more.")

    def _tell(self, rotation: Rotation) -> None:
        self.stdout.write(f"{rotation.done:,} of {rotation.waiting:,}")
