"""The clients of the documentation, each as its reader would run it: a token, a question, and one more."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.end_to_end.accounts import Account
from tests.running_stack import ROOT, RunningStack
from tests.scripted_model import NODE, ScriptedModel

CLIENTS = ROOT / "docs" / "clients"
MOST_LINES = 60


def command_of(name: str, folder: Path) -> list[str]:
    """The command, in a folder where the reader has installed the SDK."""
    if name == "chat.py":
        return [sys.executable, str(CLIENTS / name)]
    (folder / "node_modules").symlink_to(ROOT / "tests" / "javascript" / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / name).write_text((CLIENTS / name).read_text())
    return [str(NODE), str(folder / name)]


@pytest.mark.parametrize("name", ["chat.py", "chat.js"])
def test_client_of_a_page_asks_and_goes_on(
    stack: RunningStack, scripted_model: ScriptedModel, tmp_path: Path, name: str
) -> None:
    account = Account.new(stack)
    made = account.api.expect(
        201, "POST", "auth/personal-access-tokens/", json={"name": "terminal", "scopes": ["agent"]}
    )
    first, second = (f"{word}-{uuid.uuid4()}" for word in ("first", "second"))
    scripted_model.reply(first, "Because of the air.", prompt_tokens=11, completion_tokens=5)
    scripted_model.reply(second, "And of the sun.", prompt_tokens=22, completion_tokens=6)
    command = command_of(name, tmp_path)

    def run(*words: str) -> tuple[str, str]:
        done = subprocess.run(
            [*command, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "THREADPLANE_URL": stack.control_plane_url,
                "THREADPLANE_TOKEN": made["secret"],
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), done.stderr

    said, told = run(f"Why blue, {first}?")
    assert (said, "[11 + 5 tokens]" in told) == ("Because of the air.", True)
    [thread] = re.findall(r"\[thread (.+)\]", told)
    said, told = run(f"What else, {second}?", thread)
    assert (said, "[22 + 6 tokens]" in told) == ("And of the sun.", True)

    assert [message["content"] for message in account.api.history(thread)][1::2] == [
        "Because of the air.",
        "And of the sun.",
    ]
    rows = account.api.settled_usage(calls=2, session=thread)
    assert sorted(row["total_tokens"] for row in rows) == [16, 28]


@pytest.mark.parametrize("name", ["chat.py", "chat.js"])
def test_client_fits_on_a_page(name: str) -> None:
    assert len((CLIENTS / name).read_text().splitlines()) < MOST_LINES
