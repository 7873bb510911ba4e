"""Says of each part of an installation whether it is fit, or what to do."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from controlplane.maintenance.doctor import house, parts
from controlplane.maintenance.doctor.findings import Check, examine

CHECKS: tuple[Check, ...] = (
    house.addresses,
    house.sealing_keys,
    house.signing_key,
    parts.database,
    parts.migrations,
    parts.vectors,
    parts.queue,
    parts.workers,
    parts.agent_server,
    parts.space,
    house.people,
    house.models,
    house.mail,
    house.single_sign_on,
)


class Command(BaseCommand):
    """Changes nothing. Exits with 1 when something fails; warnings alone are no failure."""

    help = "Check settings, keys, databases, queue, workers, the Agent Server, models, mail and disks."
    # What it looks for may be just what system checks would stop at.
    requires_system_checks = []  # noqa: RUF012  # as the library has it

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose the form."""
        parser.add_argument("--json", action="store_true", help="one line of JSON per check")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Go through everything, and print each finding as it is found."""
        failed = 0
        for finding in examine(CHECKS):
            failed += finding.level == "fail"
            if options["json"]:
                self.stdout.write(json.dumps(asdict(finding)))
                continue
            self.stdout.write(f"{finding.level:<5}{finding.what}: {finding.told}")
            if finding.do:
                self.stdout.write(f"     {finding.do}")
        if failed:
            raise SystemExit(1)
