"""The stack as a whole: which parts it has, which of them this environment needs, and how they are made."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controlplane.embedded.agent_server import agent_server_part
from controlplane.embedded.credentials import Credentials
from controlplane.embedded.data_folder import DataFolder
from controlplane.embedded.django_processes import beat_part, django_part, migrate_job, worker_part
from controlplane.embedded.errors import SettingInvalid
from controlplane.embedded.options import Options
from controlplane.embedded.parts import Job, Part
from controlplane.embedded.postgres import postgres_part
from controlplane.embedded.readiness import http_answers
from controlplane.embedded.settings import (
    AGENT_SERVER_SETTINGS,
    DEMO_SETTINGS,
    DJANGO_SETTINGS,
    MODEL_SETTINGS,
    POSTGRES_URLS,
    part_environment,
    stack_settings,
    system_basics,
)
from controlplane.embedded.valkey import valkey_part

ALL_PARTS = ("postgres", "valkey", "model", "migrate", "agent-server", "django", "worker", "beat")
REPLACED_BY = {"postgres": POSTGRES_URLS, "valkey": ("REDIS_URL",), "model": ("OPENAI_BASE_URL",)}
NEEDED_SETTINGS = {
    "agent-server": ("PG_CHECKPOINT_URI",),
    **dict.fromkeys(("migrate", "django", "worker", "beat"), ("DATABASE_URL", "REDIS_URL")),
}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What to run and with which settings."""

    options: Options
    folder: DataFolder
    parts: tuple[str, ...]
    settings: Mapping[str, str] = field(repr=False)
    given_servers: Mapping[str, str] = field(repr=False)
    work: Sequence[Part | Job] = field(repr=False)

    @property
    def journal_url(self) -> str | None:
        """The embedded model server's list of calls; None when the model is somebody else's."""
        port = self.options.ports.model
        return f"http://127.0.0.1:{port}/journal" if "model" in self.parts else None


def choose_parts(
    environ: Mapping[str, str], *, only: Sequence[str] = (), without: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the parts to run: those asked for, less those whose URLs are in the environment.

    Raises SettingInvalid for a name that is no part.
    """
    if unknown := sorted({*only, *without} - set(ALL_PARTS)):
        raise SettingInvalid(f"no such part: {', '.join(unknown)}; the parts are {', '.join(ALL_PARTS)}")
    wanted = [part for part in ALL_PARTS if part in (only or ALL_PARTS) and part not in without]
    return tuple(part for part in wanted if not _is_replaced(part, environ))


def assemble(options: Options, parts: tuple[str, ...], environ: Mapping[str, str]) -> Stack:
    """Make the folders and secrets and describe the work.

    Raises SettingInvalid when a part lacks an address of a server that is neither run nor given.
    """
    folder = DataFolder(options.data)
    folder.create()
    credentials = Credentials.load(folder.secrets)
    settings = {
        "DOCUMENTS_FOLDER": str(folder.documents),
        "DELETION_JOURNAL": str(folder.deletion_journal),
        **stack_settings(parts, ports=options.ports, credentials=credentials, environ=environ),
    }
    for part in parts:
        missing = [name for name in NEEDED_SETTINGS.get(part, ()) if name not in settings]
        if missing:
            raise SettingInvalid(f"{part} needs {', '.join(missing)}: set it, or start the server too")
    makers = _makers(options, folder, credentials, settings, environ)
    work = [makers[part]() for part in parts]
    return Stack(
        options=options,
        folder=folder,
        parts=parts,
        settings=settings,
        given_servers=_given_servers(parts, environ),
        work=work,
    )


def _given_servers(parts: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    needed = {name for part in parts for name in NEEDED_SETTINGS.get(part, ())}
    return {name: environ[name] for name in sorted(needed) if environ.get(name)}


def _is_replaced(part: str, environ: Mapping[str, str]) -> bool:
    urls = REPLACED_BY.get(part, ())
    return bool(urls) and all(environ.get(name) for name in urls)


def _makers(
    options: Options,
    folder: DataFolder,
    credentials: Credentials,
    settings: Mapping[str, str],
    environ: Mapping[str, str],
) -> dict[str, Callable[[], Part | Job]]:
    ports = options.ports
    basics = system_basics(environ)
    of_django = part_environment(DJANGO_SETTINGS, settings, environ)
    of_job = part_environment((*DJANGO_SETTINGS, *DEMO_SETTINGS), settings, environ)
    of_agent_server = part_environment(AGENT_SERVER_SETTINGS, settings, environ)
    return {
        "postgres": lambda: postgres_part(
            folder.postgres, port=ports.postgres, password=credentials.database_password, environment=basics
        ),
        "valkey": lambda: valkey_part(
            folder.valkey, port=ports.valkey, password=credentials.valkey_password, environment=basics
        ),
        "model": lambda: _model_part(
            port=ports.model, environment=part_environment(MODEL_SETTINGS, settings, environ)
        ),
        "migrate": lambda: migrate_job(environment=of_job, with_demo_user="DEMO_EMAIL" in settings),
        "agent-server": lambda: agent_server_part(
            folder.agent_server,
            port=ports.agent_server,
            control_plane_port=ports.control_plane,
            environment=of_agent_server,
        ),
        "django": lambda: django_part(port=ports.control_plane, environment=of_django),
        "worker": lambda: worker_part(
            node=f"worker@threadplane-{ports.control_plane}",
            broker_url=settings["REDIS_URL"],
            environment=of_django,
        ),
        "beat": lambda: beat_part(folder.celery_beat, environment=of_django),
    }


def _model_part(*, port: int, environment: Mapping[str, str]) -> Part:
    return Part(
        name="model",
        command=(sys.executable, "-m", "controlplane.embedded.model_server"),
        environment=environment,
        is_ready=http_answers(port, "/health"),
    )
