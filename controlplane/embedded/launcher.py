"""Started before each part: ties it to the supervisor's life, drops root when asked, then becomes the part.

Runs by itself (`python -I -S launcher.py PARENT SIGNAL ACCOUNT COMMAND…`), so it imports nothing of ours.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NO_ACCOUNT = "-"


def main(parent: int, death_signal: int, account: str, command: list[str]) -> None:
    """Become `command`. `account` is `UID:GID`, or `-` to stay who we are."""
    if account != NO_ACCOUNT:
        user, group = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        # Changing the user clears it, so it comes after.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the supervisor is gone")
    os.execvp(command[0], command)  # noqa: S606  # no shell is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
