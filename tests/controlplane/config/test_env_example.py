"""`.env.example` names every setting there is, says what it is for, and shows the default."""

import re
from pathlib import Path

from pydantic.fields import FieldInfo

from controlplane.config.environment import Environment
from controlplane.embedded import options, settings
from graphs.settings import Settings as AgentServerSettings

EXAMPLE = Path(__file__).resolve().parents[3] / ".env.example"
OF_THE_STACK = {
    "THREADPLANE_DATA",
    "THREADPLANE_ENV_FILE",
    *(variable for variable, _ in options.PORT_SETTINGS.values()),
    *settings.POSTGRES_URLS,
    *settings.PASSED_TO_DJANGO,
    *settings.PASSED_TO_AGENT_SERVER,
}
OF_CONTAINERS = {"SECRETS_FOLDER", "COMPOSE_PROFILES", "MODEL_HOST"}
COMPOSE = EXAMPLE.with_name("docker-compose.yml")


def documented() -> dict[str, tuple[str, str]]:
    """Read the file: each name with its comment and its value."""
    lines = EXAMPLE.read_text().splitlines()
    named = {}
    for above, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            named[name] = (above.removeprefix("# "), value)
    return named


def shown(field: FieldInfo) -> str:
    """Write a default as one would type it."""
    if field.is_required() or field.default is None or field.default_factory is not None:
        return ""
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)


def test_every_setting_is_named_and_no_other():
    fields = {*Environment.model_fields, *AgentServerSettings.model_fields}
    in_compose = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    known = {name.upper() for name in fields} | OF_THE_STACK | OF_CONTAINERS | in_compose
    assert set(documented()) == known


def test_each_name_comes_once():
    names = [line.partition("=")[0] for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    assert len(names) == len(set(names))


def test_control_plane_settings_show_their_description_and_default():
    expected = {
        name.upper(): (field.description, shown(field)) for name, field in Environment.model_fields.items()
    }
    assert {name: line for name, line in documented().items() if name in expected} == expected


def test_every_setting_says_what_it_is_for():
    assert [name for name, (comment, _) in documented().items() if len(comment) < 15] == []
