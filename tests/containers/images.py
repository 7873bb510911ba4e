"""Images that would be pulled, made of Debian's and Python's packages under the same tags; and our own."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.containers.engine import Engine
from tests.running_stack import ROOT

STAND_INS = Path(__file__).parent / "stand_ins"
BASE = "threadplane-test/debian:bookworm"
# In the order in which they stand on each other.
TAGS = {
    "python": "python:3.11-slim-bookworm",
    "redis": "redis:6",
    "postgres": "pgvector/pgvector:pg16",
    "caddy": "caddy:2",
    "agent-server": "langchain/langgraph-api:3.11",
}
OURS = {
    "controlplane": "threadplane/controlplane:latest",
    "proxy": "threadplane/proxy:latest",
    "model": "threadplane/model:latest",
}
GRAPH_IMAGE = "threadplane/agent-server:latest"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
LONGEST_BUILD = 1800


def make_stand_ins(engine: Engine) -> None:
    """Build the base and what stands on it."""
    _make_base(engine)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copytree(STAND_INS, context, dirs_exist_ok=True)
        (context / "constraints.txt").write_text("".join(f"{pin}\n" for pin in pins()))
        for name, tag in TAGS.items():
            engine.run(
                "build", "--network", "host", "--tag", tag, "--file", context / f"{name}.Dockerfile", context,
                timeout=LONGEST_BUILD,
            )  # fmt: skip


def make_ours(engine: Engine, project: Path) -> None:
    """Build our images and, by the Dockerfile that `langgraph dockerfile` writes, the Agent Server's."""
    for target, tag in OURS.items():
        engine.run(
            "build", "--network", "host", "--target", target, "--tag", tag, project, timeout=LONGEST_BUILD
        )
    written = engine.folder / "graphs.Dockerfile"
    engine.call(ROOT / ".venv/bin/langgraph", "dockerfile", written, cwd=project)
    engine.run(
        "build", "--network", "host", "--tag", GRAPH_IMAGE, "--file", written, project, timeout=LONGEST_BUILD
    )


def pins() -> Iterator[str]:
    """Give the versions that the lock names, without their hashes."""
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if found := re.match(r"([\w.-]+(?:\[[^]]*\])?==[^ ;\\]+)", line):
            yield found[1]


def _make_base(engine: Engine) -> None:
    """Import a minimal Debian that trusts whom this machine trusts and has its package sources."""
    root = engine.folder / "debian"
    engine.call(
        "debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root, _mirror(),
        timeout=LONGEST_BUILD,
    )  # fmt: skip
    shutil.copy2(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    for place in ("sources.list.d", "sources.list"):
        source = Path("/etc/apt", place)
        if source.is_dir():
            shutil.copytree(source, root / "etc/apt" / place, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, root / "etc/apt" / place)
    for configured in ("pip.conf", "npmrc"):
        if Path("/etc", configured).exists():
            shutil.copy2(Path("/etc", configured), root / "etc")
    packed = subprocess.Popen(["tar", "--create", "--directory", root, "."], stdout=subprocess.PIPE)
    variables = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
    changes = [word for name in variables for word in ("--change", f"ENV {name}={CERTIFICATES}")]
    imported = subprocess.run(
        ["docker", "import", *changes, "-", BASE], stdin=packed.stdout, env=engine.environment, check=False
    )
    if packed.wait() or imported.returncode:
        raise RuntimeError("the base image could not be made")
    shutil.rmtree(root)


def _mirror() -> str:
    """Return the address of this machine's own source of Debian packages."""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text = path.read_text() if path.is_file() else ""
        found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
        if found:
            return found[1]
    raise RuntimeError("this machine names no source of Debian packages")
