"""The control plane's own processes: the migrations, the web server, the worker and beat."""

import sys
from collections.abc import Mapping
from pathlib import Path

from controlplane.embedded.options import HOST
from controlplane.embedded.parts import Job, Part
from controlplane.embedded.readiness import FileWritten, http_answers, worker_answers

SERVERS = ("postgres", "valkey")
SETUP = (sys.executable, "-m", "controlplane.embedded.database_setup")
CELERY = (sys.executable, "-m", "celery", "-A", "controlplane.config.celery", "--quiet")
# A container's only user is often root; jobs are JSON, so they cannot bring code along.
ROOT_IS_FINE = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
LONGEST_GOODBYE_SECONDS = 5


def migrate_job(*, environment: Mapping[str, str], with_demo_user: bool) -> Job:
    """Describe the migrations, and the demo user after them where there is to be one."""
    commands = ("migrate", "sync_roles", *(("create_demo_user",) if with_demo_user else ()))
    return Job(name="migrate", command=(*SETUP, *commands), environment=environment, needs=SERVERS)


def django_part(*, port: int, environment: Mapping[str, str]) -> Part:
    """Describe the web server. Streams that are open when it stops are cut after some seconds."""
    return Part(
        name="django",
        command=(
            sys.executable, "-m", "uvicorn", "controlplane.config.asgi:application", "--host", HOST,
            "--port", str(port), "--no-access-log",
            "--timeout-graceful-shutdown", str(LONGEST_GOODBYE_SECONDS),
        ),
        environment=environment,
        needs=(*SERVERS, "migrate"),
        is_ready=http_answers(port, "/health/live/"),
    )  # fmt: skip


def worker_part(*, node: str, broker_url: str, environment: Mapping[str, str]) -> Part:
    """Describe the Celery worker; `node` has to be the only one of its name on this broker."""
    return Part(
        name="worker",
        command=(
            *CELERY,
            "worker",
            "--concurrency",
            "2",
            "--hostname",
            node,
            "--without-gossip",
            "--without-mingle",
        ),
        environment={**environment, **ROOT_IS_FINE},
        needs=(*SERVERS, "migrate"),
        is_ready=worker_answers(broker_url, node),
        grace_seconds=15,
    )


def beat_part(folder: Path, *, environment: Mapping[str, str]) -> Part:
    """Describe Celery's beat, which keeps its schedule in `folder` and writes it when it begins."""
    written = FileWritten(folder, "schedule*")
    return Part(
        name="beat",
        command=(*CELERY, "beat", "--schedule", str(folder / "schedule"), "--pidfile", ""),
        environment=environment,
        needs=(*SERVERS, "migrate"),
        prepare=written.start_waiting,
        is_ready=written.is_ready,
    )
