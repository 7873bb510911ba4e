"""The commands that make the first accounts: from the environment, repeatable, never by surprise."""

import pytest
from django.core.management import CommandError, call_command

from controlplane.accounts.models import CustomUser
from controlplane.config.environment import read_environment


@pytest.fixture
def environment(monkeypatch):
    """Set variables for the commands, which read the environment anew."""

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        read_environment.cache_clear()

    for name in ("DEMO_EMAIL", "DEMO_PASSWORD", "FIRST_ADMIN_EMAIL", "FIRST_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    read_environment.cache_clear()
    yield put
    monkeypatch.undo()
    read_environment.cache_clear()


def test_demo_user_may_look_at_the_admin(db, environment, capsys):
    environment(DEMO_EMAIL="demo@threadplane.local", DEMO_PASSWORD="first")
    call_command("create_demo_user")
    user = CustomUser.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("demo@threadplane.local", True, True)
    assert user.check_password("first")
    assert "first" not in capsys.readouterr().out


def test_demo_user_gets_the_password_of_the_environment_again(db, environment):
    environment(DEMO_EMAIL="demo@threadplane.local", DEMO_PASSWORD="first")
    call_command("create_demo_user")
    CustomUser.objects.update(is_active=False)
    environment(DEMO_EMAIL="Demo@threadplane.local", DEMO_PASSWORD="second")
    call_command("create_demo_user")
    user = CustomUser.objects.get()
    assert user.check_password("second")
    assert user.is_active


@pytest.mark.parametrize("given", [{}, {"DEMO_EMAIL": "demo@x.org"}, {"DEMO_PASSWORD": "x"}], ids=str)
def test_demo_user_is_refused_unless_named(db, environment, given):
    environment(**given)
    with pytest.raises(CommandError, match="DEMO_EMAIL and DEMO_PASSWORD"):
        call_command("create_demo_user")
    assert not CustomUser.objects.exists()


def test_first_admin_is_made_once_and_then_left_alone(db, environment):
    environment(FIRST_ADMIN_EMAIL="boss@example.com", FIRST_ADMIN_PASSWORD="first")
    call_command("create_first_admin")
    environment(FIRST_ADMIN_EMAIL="BOSS@example.com", FIRST_ADMIN_PASSWORD="second")
    call_command("create_first_admin")
    user = CustomUser.objects.get()
    assert user.check_password("first")
    assert (user.is_staff, user.is_superuser) == (True, True)


def test_first_admin_does_not_promote_an_existing_user(user, environment):
    environment(FIRST_ADMIN_EMAIL=user.email, FIRST_ADMIN_PASSWORD="x")
    call_command("create_first_admin")
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)


def test_first_admin_is_refused_unless_named(db, environment):
    with pytest.raises(CommandError, match="FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD"):
        call_command("create_first_admin")
    assert not CustomUser.objects.exists()
