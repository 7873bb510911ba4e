"""Which parts are started, and that none is started without what it needs."""

from pathlib import Path

import pytest

from controlplane.embedded.errors import SettingInvalid
from controlplane.embedded.options import Options, Ports
from controlplane.embedded.stack import ALL_PARTS, assemble, choose_parts
from tests.embedded.test_settings import URLS

SERVERS = {"postgres", "valkey", "model"}


def test_everything_is_started_by_default() -> None:
    assert choose_parts({}) == ALL_PARTS


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        pytest.param(("REDIS_URL",), {"valkey"}, id="valkey"),
        pytest.param(("OPENAI_BASE_URL",), {"model"}, id="model"),
        pytest.param(("DATABASE_URL", "PG_CHECKPOINT_URI"), set(), id="two-of-three-databases"),
        pytest.param(
            ("DATABASE_URL", "PG_CHECKPOINT_URI", "PGVECTOR_CONNECTION_STRING"), {"postgres"}, id="postgres"
        ),
        pytest.param(tuple(URLS), SERVERS, id="all"),
    ],
)
def test_part_is_skipped_when_its_url_is_set(given: tuple[str, ...], left_out: set[str]) -> None:
    parts = choose_parts({name: URLS[name] for name in given})
    assert set(ALL_PARTS) - set(parts) == left_out


def test_empty_url_counts_as_unset() -> None:
    assert choose_parts({"REDIS_URL": ""}) == ALL_PARTS


def test_parts_can_be_picked_and_left_out() -> None:
    assert choose_parts({}, only=("valkey", "postgres")) == ("postgres", "valkey")
    assert set(ALL_PARTS) - set(choose_parts({}, without=("beat",))) == {"beat"}


def test_unknown_part_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="no such part: redis; the parts are postgres, valkey"):
        choose_parts({}, only=("redis",))


@pytest.mark.parametrize(
    ("part", "missing"),
    [("django", "DATABASE_URL, REDIS_URL"), ("beat", "DATABASE_URL"), ("agent-server", "PG_CHECKPOINT_URI")],
)
def test_part_without_its_servers_is_refused(tmp_path: Path, part: str, missing: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{part} needs {missing}"):
        assemble(Options(data=tmp_path, ports=Ports()), (part,), {})


def test_job_makes_the_demo_user_only_when_one_is_named(tmp_path: Path) -> None:
    options = Options(data=tmp_path, ports=Ports())
    (plain,) = assemble(options, ("migrate",), URLS).work
    (with_demo,) = assemble(options, ("migrate",), {**URLS, "DEMO_EMAIL": "demo@example.org"}).work
    assert "DEMO_PASSWORD" not in plain.environment
    assert plain.command[-2:] == ("migrate", "sync_roles")
    assert with_demo.command[-3:] == ("migrate", "sync_roles", "create_demo_user")
    assert with_demo.environment["DEMO_PASSWORD"]
