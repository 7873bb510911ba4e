"""Modules stay small, say why they exist and are named by what they are about."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES = 300
FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers", "base", "lib"}
REGISTRY_HOSTS = re.compile(r"py[p]i\.org|python[h]osted|npm[j]s\.org|deb\.deb[i]an\.org")
LOCAL_PATH = re.compile(r"(?<![\w.$}/])/(work|root|home/\w+)/\w")
SDK_CLIENTS = {"get_client", "get_sync_client", "LangGraphClient"}
MAY_HOLD_A_CLIENT = ("sdk_bridge/", "controlplane/demo/", "tests/", "docs/clients/")


def tracked_files() -> list[Path]:
    """List what git tracks, and what it would track."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


FILES = tracked_files()
MODULES = [path for path in FILES if path.suffix == ".py" and "migrations" not in path.parts]
TEXTS = [path for path in FILES if path.name not in {"requirements.lock", "package-lock.json"}]


def read(path: Path) -> str:
    """Read a file of the project."""
    return (ROOT / path).read_text(errors="replace")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_is_small(path: Path) -> None:
    lines = read(path).count("\n")
    assert lines <= MODULE_LINES, f"{lines} lines: two ideas in one module"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_says_why_it_exists(path: Path) -> None:
    if not read(path):
        return  # an empty package marker has nothing to say
    assert ast.get_docstring(ast.parse(read(path))), (
        "the first line says in one sentence why the module exists"
    )


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_name_says_something(path: Path) -> None:
    assert not VAGUE & {path.stem, *path.parts[:-1]}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_functions_are_short(path: Path) -> None:
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_bridge_holds_an_sdk_client(path: Path) -> None:
    if str(path).startswith(MAY_HOLD_A_CLIENT):
        return
    imported = {
        alias.name
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langgraph_sdk")
        for alias in node.names
    }
    assert not imported & SDK_CLIENTS


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_no_registry_host_and_no_local_path(path: Path) -> None:
    text = read(path)
    assert not REGISTRY_HOSTS.search(text)
    assert not LOCAL_PATH.search(text)


def test_locks_record_no_download_address() -> None:
    assert "://" not in read(Path("requirements.lock"))
    for path in FILES:
        if path.name == "package-lock.json":
            assert '"resolved"' not in read(path)
