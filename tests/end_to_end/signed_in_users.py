"""Users made inside the running stack by the dozen, each with a REST token."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.running_stack import RunningStack

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys, uuid, django
django.setup()
from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.models import CustomUser
made = [CustomUser.objects.create_user(f"{uuid.uuid4().hex}@example.com") for _ in range(int(sys.argv[1]))]
print(json.dumps([str(issue_refresh_token(user).access_token) for user in made]))
"""


def access_tokens(stack: RunningStack, count: int) -> list[str]:
    """Make so many new users and sign each of them in."""
    environment = {
        **os.environ,
        **stack.environment,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "controlplane.config.settings",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", PROGRAM, str(count)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    tokens: list[str] = json.loads(done.stdout)
    return tokens
