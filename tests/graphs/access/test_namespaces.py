"""Users reach their own part of the store and nothing else."""

import pytest

from graphs.access.callers import Caller, Role
from graphs.access.denial import Denial
from graphs.access.namespaces import check_namespace

USER = Caller(role=Role.USER, owner="me")


@pytest.mark.parametrize("namespace", [("users", "me"), ("users", "me", "notes"), ["users", "me"]])
def test_a_users_own_namespace_is_open(namespace: list[str]):
    check_namespace(USER, {"namespace": namespace})


@pytest.mark.parametrize(
    "namespace",
    [
        None,
        (),
        ("users",),
        ("users", "*"),
        ("users", "somebody else"),
        ("usage",),
        ("usage", "me"),
        ("me",),
        ("*", "me"),
    ],
)
def test_everything_else_is_closed(namespace: tuple[str, ...] | None):
    with pytest.raises(Denial) as denied:
        check_namespace(USER, {"namespace": namespace})

    assert denied.value.status_code == 403


@pytest.mark.parametrize("role", [Role.SERVICE, Role.STANDALONE])
def test_the_system_reads_everything(role: Role):
    check_namespace(Caller(role=role, owner="x"), {"namespace": ("usage", "run")})


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ({"key": "\x00"}, "key"),
        ({"value": {"a": [{"b\x00": 1}]}}, "value"),
        ({"filter": {"a": "\x00"}}, "filter"),
        ({"limit": -1}, "limit"),
        ({"limit": 10**20}, "limit"),
        ({"offset": -1}, "offset"),
        ({"max_depth": -1}, "max_depth"),
        ({"limit": "10"}, "limit"),
    ],
)
def test_what_the_store_would_fail_on_is_refused_by_name(option: dict[str, object], field: str):
    with pytest.raises(Denial) as denied:
        check_namespace(USER, {"namespace": ("users", "me"), **option})

    assert denied.value.status_code == 422
    assert f'"fields": {{"{field}"' in denied.value.detail


def test_sensible_numbers_pass():
    check_namespace(USER, {"namespace": ("users", "me"), "limit": 10_000, "offset": 0, "max_depth": None})
