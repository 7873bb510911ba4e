"""Runs management commands one after the other in one process: each start of Django takes a second."""

import os
import sys

import django
from django.core.management import call_command


def main(commands: list[str]) -> None:
    """Run the commands; the first that fails ends the process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.config.settings")
    django.setup()
    for command in commands:
        call_command(command)


if __name__ == "__main__":
    main(sys.argv[1:])
