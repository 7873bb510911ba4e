"""`make demo`, as a newcomer types it, on the embedded model and on a given one."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.running_stack import ROOT, newcomer_environment
from tests.scripted_model import ScriptedModel, attempt_id


def run_demo(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with a data folder of its own on free ports."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        env=newcomer_environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def processes_naming(folder: Path) -> list[str]:
    """List the command lines and working folders of live processes that point into a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            places = [command, str((process / "cwd").readlink())]
        except OSError:
            continue  # it ended while we looked
        if any(str(folder) in place for place in places):
            found.append(command)
    return found


@pytest.mark.timeout(300)
def test_demo_on_the_embedded_model(server_folder: Path) -> None:
    folder = server_folder / "demo-embedded"
    result = run_demo(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    chunks = re.search(r"^(\d+) chunks", result.stdout, re.MULTILINE)
    assert chunks
    assert int(chunks[1]) >= 2
    assert re.search(r"prompt tokens +[1-9]", result.stdout)
    assert "the model server reported the same" in result.stdout
    assert processes_naming(folder) == []


@pytest.mark.timeout(300)
def test_demo_on_a_given_model(server_folder: Path, scripted_model: ScriptedModel) -> None:
    folder = server_folder / "demo-scripted"
    scripted_model.reply(
        "what is a scripted ledger",
        "A book that adds up, again and again.",
        prompt_tokens=17,
        completion_tokens=9,
        chunkSize=6,
    )
    result = run_demo(
        folder,
        OPENAI_BASE_URL=scripted_model.url,
        OPENAI_API_KEY="sk-scripted",
        DEFAULT_MODEL="gpt-4o-mini",
        DEMO_PROMPT="Tell me what is a scripted ledger",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "A book that adds up, again and again." in result.stdout
    (call,) = scripted_model.calls("what is a scripted ledger")
    assert attempt_id(call) in result.stdout
    assert re.search(r"prompt tokens +17$", result.stdout, re.MULTILINE)
    assert re.search(r"completion tokens +9$", result.stdout, re.MULTILINE)
    assert processes_naming(folder) == []


def test_demo_names_the_servers_that_do_not_answer(server_folder: Path) -> None:
    nowhere = "postgres://nobody:secret-word@127.0.0.1:9/none"
    result = run_demo(
        server_folder / "demo-broken",
        DATABASE_URL=nowhere,
        PG_CHECKPOINT_URI=nowhere,
        PGVECTOR_CONNECTION_STRING=nowhere,
    )
    printed = result.stdout + result.stderr
    assert result.returncode != 0
    assert "DATABASE_URL: nobody answers at 127.0.0.1:9" in printed
    assert "Traceback" not in printed
    assert "secret-word" not in printed
