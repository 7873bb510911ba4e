"""Names of remote tools: what model servers take, always the same, never two alike."""

import re

import pytest

from controlplane.tools.mcp.naming import tool_name


def test_plain_name_is_kept():
    assert tool_name("web", "get-sum") == "web__get-sum"


@pytest.mark.parametrize("remote", ["files.read", "größe", "x" * 128, "a b", "🌍"])
def test_other_names_are_made_fit_and_stay_the_same(remote):
    name = tool_name("web", remote)

    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
    assert name == tool_name("web", remote)


def test_names_that_would_be_written_alike_are_told_apart():
    assert len({tool_name("web", one) for one in ("a.b", "a/b", "a b", "a_b")}) == 4
    assert tool_name("web", "x" * 100) != tool_name("web", "x" * 101)
