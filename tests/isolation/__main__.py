"""Runs the matrix of foreign hands against a running system: `python -m tests.isolation --help`."""

import argparse
import os
import sys
import time

from tests.isolation.accounts import Account
from tests.isolation.agent_server import agent_server_matrix
from tests.isolation.rest import rest_matrix

OWNER, OTHER = "ISOLATION_OWNER", "ISOLATION_OTHER"
ABOUT = (
    "Try every route of both planes with hands that must not get anywhere, print the answers as tables and "
    f"end with 1 if anything leaks. {OWNER} and {OTHER} hold EMAIL:PASSWORD of two accounts made for this, "
    "confirmed, without a second factor, and with messages left. What is made is deleted; nothing else is "
    "touched."
)


def main() -> int:
    """Try, print, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.isolation", description=ABOUT)
    parser.add_argument("--control-plane", required=True, metavar="URL", help="Where REST is served.")
    parser.add_argument("--agent-server", default="", metavar="URL", help="Default: what REST names.")
    parser.add_argument("--quick", action="store_true", help="One kind of bad token at the Agent Server.")
    given = parser.parse_args()
    url = given.control_plane.rstrip("/")
    owner, other = (
        Account.signed_in(url, *_credentials(parser, name), agent_server_url=given.agent_server.rstrip("/"))
        for name in (OWNER, OTHER)
    )
    found = []
    matrices = (
        lambda: agent_server_matrix(owner, other, is_quick=given.quick),
        lambda: rest_matrix(url, owner, other),
    )
    for matrix in matrices:
        began = time.monotonic()
        found.append(matrix())
        sys.stdout.write(f"{found[-1].shown()} in {time.monotonic() - began:.0f} s\n\n")
    return 1 if any(findings.leaks for findings in found) else 0


def _credentials(parser: argparse.ArgumentParser, name: str) -> tuple[str, str]:
    email, separator, password = os.environ.get(name, "").partition(":")
    if not separator:
        parser.error(f"set {name} to EMAIL:PASSWORD")
    return email, password


if __name__ == "__main__":
    sys.exit(main())
