"""Plays the scenarios of steering against a running Agent Server: `python -m tests.steering --help`."""

import argparse
import asyncio
import os
import sys

from tests.steering.play import SCENARIOS, play, shown
from tests.steering.stage import Lines

ABOUT = (
    "Steer conversations on any Agent Server through the official SDK alone, print how each scenario went "
    "and end with 1 if one failed. Whatever model is behind the assistant answers: it has to take some "
    "seconds for the slow line, or what needs an answer in its middle is skipped. The token is that of one "
    "user, who needs some forty messages; without one nothing is sent as a token. Threads are deleted "
    "afterwards where the server lets its users."
)


def main() -> int:
    """Play, print, and say how it went."""
    spoken = Lines()
    parser = argparse.ArgumentParser(prog="python -m tests.steering", description=ABOUT)
    parser.add_argument("--url", required=True, help="The Agent Server.")
    parser.add_argument("--token", default=os.environ.get("STEERING_TOKEN", ""), help="Or STEERING_TOKEN.")
    parser.add_argument("--assistant", default="agent")
    parser.add_argument("--only", action="append", default=[], choices=SCENARIOS, metavar="SCENARIO")
    parser.add_argument("--quick", default=spoken.quick, help="A line that is answered at once.")
    parser.add_argument("--other", default=spoken.other, help="Another such line.")
    parser.add_argument("--slow", default=spoken.slow, help="A line that is answered for some seconds.")
    parser.add_argument("--failing", default="", help="A line that fails when it is answered first.")
    given = parser.parse_args()
    lines = Lines(given.quick, given.other, given.slow, given.failing)
    outcomes, left = asyncio.run(
        play(given.url, given.token, lines, assistant=given.assistant, only=tuple(given.only))
    )
    sys.stdout.write(f"{shown(outcomes)}\n")
    if left:
        sys.stdout.write(f"threads that are left: {' '.join(left)}\n")
    return 1 if any(one.word == "FAILED" for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
