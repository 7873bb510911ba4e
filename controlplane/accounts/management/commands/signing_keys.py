"""Shows and rotates the keys that sign tokens, without a restart of anything that shares the files."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.accounts.signing_keys import (
    load_signing_key,
    signing_key_rotate,
    signing_key_withdraw,
    verifying_keys,
)
from controlplane.errors import ThreadplaneError


class Command(BaseCommand):
    """Lists the keys unless told otherwise; never shows a private one."""

    help = (
        "Show the ids of the keys whose tokens are good. --rotate publishes a new key in AGENT_JWKS_FILE and "
        "signs with it from then on; --withdraw=KID ends what a former key has signed: agent tokens live for "
        "ten minutes, REST sign-ins for fourteen days."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --rotate or --withdraw."""
        step = parser.add_mutually_exclusive_group()
        step.add_argument("--rotate", action="store_true", help="Publish a new key and sign with it.")
        step.add_argument("--withdraw", metavar="KID", help="Refuse the tokens of this former key.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do the step and show what is there then."""
        signing_file, published_file = settings.JWT_SIGNING_KEY_FILE, settings.AGENT_JWKS_FILE
        try:
            if options["rotate"]:
                signing_key_rotate(signing_file=signing_file, published_file=_needed(published_file))
            if options["withdraw"]:
                signing_key_withdraw(
                    key_id=options["withdraw"],
                    signing_file=signing_file,
                    published_file=_needed(published_file),
                )
        except ThreadplaneError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        current = load_signing_key(signing_file).key_id
        for key_id in sorted(verifying_keys(), key=lambda one: (one != current, one)):
            self.stdout.write(f"{key_id} {'signs' if key_id == current else 'former'}")


def _needed(path: Path | None) -> Path:
    if path is None:
        raise CommandError("Set AGENT_JWKS_FILE to the key set that the Agent Server reads.")
    return path
