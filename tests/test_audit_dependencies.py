"""What `make audit` makes of reports: a finding fails, a registry that cannot be asked does not."""

import pytest

from tests import audit_dependencies
from tests.audit_dependencies import node_findings, python_findings

VULNERABLE = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
FINE = {"name": "b", "version": "2", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "not found"}
NPM = {
    "metadata": {"dependencies": {"total": 7}},
    "vulnerabilities": {"d": {"severity": "high"}},
}


def test_reports_are_read():
    python = python_findings({"dependencies": [VULNERABLE, FINE, SKIPPED]})
    assert (python.asked, python.unknown, python.vulnerable) == (2, 1, ["a 1: PYSEC-1"])
    node = node_findings(NPM)
    assert (node.asked, node.unknown, node.vulnerable) == (7, 0, ["d: high"])


@pytest.mark.parametrize("report", [{}, {"message": "405 Method Not Allowed", "error": {}}])
def test_registry_that_was_not_asked_is_no_finding(report):
    assert python_findings(report).vulnerable == node_findings(report).vulnerable == []
    assert python_findings(report).unknown == node_findings(report).unknown == 1


@pytest.mark.parametrize(
    ("report", "code"),
    [({"dependencies": [VULNERABLE]}, 1), (NPM, 1), ({"dependencies": [FINE, SKIPPED]}, 0), ({}, 0)],
)
def test_only_a_finding_fails(monkeypatch, report, code):
    monkeypatch.setattr(audit_dependencies, "_report", lambda command, folder: report)
    assert audit_dependencies.main() == code


def test_broken_tool_says_nothing(tmp_path):
    assert audit_dependencies._report(["true"], tmp_path) == {}
