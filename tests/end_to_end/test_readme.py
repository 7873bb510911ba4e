"""Every command of the README is one that works."""

import re
import subprocess

from tests.conftest import DEMO_PASSWORD
from tests.running_stack import ROOT, RunningStack

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
RUN_ELSEWHERE = {
    "make up": "test_make_up.py",
    "make demo": "test_demo.py",
    "make test": ".ci/run",
    "make chaos": "test_chaos.py",
}


def test_make_commands_are_run_by_a_test_or_by_ci() -> None:
    commands = {
        line.split("#")[0].strip()
        for block in BLOCKS
        for line in block.splitlines()
        if line.startswith("make")
    }
    assert commands == set(RUN_ELSEWHERE)
    for command, place in RUN_ELSEWHERE.items():
        path = ROOT / place if place.startswith(".ci") else ROOT / "tests" / "end_to_end" / place
        target = command.removeprefix("make ")
        assert re.search(
            rf"make{re.escape(target)}|make[ \",]+{target}", path.read_text().replace('"', "")
        ), place


def test_curl_commands_work(stack: RunningStack) -> None:
    commands = [block for block in BLOCKS if block.startswith("curl")]
    assert commands
    for command in commands:
        there = command.replace("http://127.0.0.1:8000", stack.control_plane_url).replace("…", DEMO_PASSWORD)
        result = subprocess.run(
            ["bash", "-c", there],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert result.returncode == 0
        assert '"access"' in result.stdout


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
