"""The command line of the control plane: `python -m controlplane.manage COMMAND`."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
