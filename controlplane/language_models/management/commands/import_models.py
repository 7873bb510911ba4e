"""Fills the list of allowed models from the price table that is installed; repeats change nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.language_models.importing import ModelImport, models_import


class Command(BaseCommand):
    """New models are inactive, so that nothing may be used which nobody has chosen."""

    help = "Add models to the list of allowed ones, from the price table of genai-prices."

    def add_arguments(self, parser: CommandParser) -> None:
        """Narrow which ones."""
        parser.add_argument("--provider", default="", help="id of a provider, such as openai")
        parser.add_argument("--match", default="", help="pattern of names, such as 'gpt-4o*'")
        parser.add_argument(
            "--activate", action="store_true", help="let them be used; needs --provider or --match"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, and print each model that is new or different."""
        narrowed = bool(options["provider"] or options["match"])
        if options["activate"] and not narrowed:
            raise CommandError("--activate needs --provider or --match: it would let every model be used.")
        done = models_import(
            provider=options["provider"], match=options["match"], activate=options["activate"]
        )
        if narrowed and not (done.added or done.changed or done.kept or done.unchanged):
            raise CommandError("The price table has no such model.")
        self._print(done)

    def _print(self, done: ModelImport) -> None:
        for name in done.added:
            self.stdout.write(f"added    {name}")
        for name, fields in done.changed.items():
            self.stdout.write(f"changed  {name}: {', '.join(fields)}")
        for name in done.kept:
            self.stdout.write(f"kept     {name}: the list has it for another provider")
        self.stdout.write(
            f"{len(done.added)} added, {len(done.changed)} changed, {len(done.kept)} kept, "
            f"{len(done.unchanged)} unchanged."
        )
