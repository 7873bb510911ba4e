"""The doctor: each part fit or not, what to do about it, and never a secret."""

import json
import socket
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from controlplane.accounts.signing_keys import load_signing_key
from controlplane.config.celery import app
from controlplane.language_models.models import AllowedModel
from controlplane.maintenance.doctor import house, parts
from controlplane.maintenance.doctor.findings import Finding, examine, ok
from controlplane.provider_keys.models import UserAPIKey
from sdk_bridge import ServerUnreachable
from tests.controlplane.provider_keys.fixtures import make_key

__all__ = ["make_key"]


def seen(check) -> dict[str, Finding]:
    return {finding.what: finding for finding in check()}


def level(check, what: str) -> str:
    return seen(check)[what].level


@pytest.fixture
def told():
    """Run the command; returns its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("doctor", *arguments, stdout=out)
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
        return 0, out.getvalue()

    return run


@pytest.mark.django_db(transaction=True)
def test_it_tells_all_and_fails_where_something_does(told, agent_server):
    code, text = told()
    assert code == 1
    assert "ok   database: PostgreSQL" in text
    assert "ok   clock: " in text
    assert "ok   migrations: all applied" in text
    assert "ok   queue: version" in text
    assert "fail workers: none answers" in text
    assert "fail administrators: nobody" in text


@pytest.mark.django_db(transaction=True)
def test_each_line_of_json_has_what_to_do_unless_it_is_ok(told, agent_server, settings):
    _, text = told("--json")
    findings = [json.loads(line) for line in text.splitlines()]
    assert len(findings) >= 12
    for finding in findings:
        assert finding["told"]
        assert (finding["level"] == "ok") == (finding["do"] == ""), finding


@pytest.mark.django_db(transaction=True)
def test_it_prints_no_secret(told, agent_server, settings):
    # The app keeps the settings that it reads first.
    assert app.conf.broker_url == settings.CELERY_BROKER_URL
    settings.PGVECTOR_CONNECTION_STRING = "postgresql+psycopg://ada:hunter2@127.0.0.1:1/vectors"
    settings.CELERY_BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    _, text = told()
    assert "fail vectors: no answer" in text
    assert "fail queue: no answer" in text
    secrets = ["hunter2", settings.SECRET_KEY, settings.CONTROL_PLANE_SECRET, settings.LG_WEBHOOK_SECRET]
    assert not [secret for secret in (*secrets, *settings.FERNET_KEYS) if secret in text]


def test_a_check_that_breaks_is_told_and_the_others_go_on():
    def broken():
        raise ZeroDivisionError("postgresql://ada:hunter2@host/db")

    first, second = examine([broken, lambda: [ok("next", "fine")]])
    assert (first.level, first.told) == ("fail", "the check broke off with ZeroDivisionError")
    assert second.told == "fine"


def test_public_addresses_want_tls_and_an_address_for_browsers(settings):
    settings.ALLOWED_HOSTS = ["chat.example.com"]
    settings.LANGGRAPH_PUBLIC_URL = "http://127.0.0.1:8123"
    settings.SECURE_SSL_REDIRECT = False
    assert level(house.addresses, "TLS") == "fail"
    assert level(house.addresses, "Agent Server's address") == "fail"
    settings.SECURE_SSL_REDIRECT, settings.LANGGRAPH_PUBLIC_URL = True, "https://chat.example.com/agent"
    assert {finding.level for finding in house.addresses()} == {"ok"}
    settings.ALLOWED_HOSTS, settings.DEBUG = ["*"], True
    assert (level(house.addresses, "host names"), level(house.addresses, "debug")) == ("fail", "fail")


def test_keys_sealed_with_a_former_key_are_told(make_key):
    make_key()
    assert level(house.sealing_keys, "sealing keys") == "ok"
    UserAPIKey.objects.update(key_version="former")
    assert level(house.sealing_keys, "sealing keys") == "warn"


def test_a_signing_key_that_others_can_read_is_told(settings, tmp_path):
    copy = tmp_path / "signing.pem"
    copy.write_bytes(settings.JWT_SIGNING_KEY_FILE.read_bytes())
    settings.JWT_SIGNING_KEY_FILE = copy
    copy.chmod(0o644)
    assert level(house.signing_key, "signing key") == "fail"
    copy.chmod(0o600)
    settings.AGENT_JWKS_FILE = tmp_path / "keys.json"
    assert level(house.signing_key, "signing key") == "fail"
    own = load_signing_key(copy).key_id
    settings.AGENT_JWKS_FILE.write_text(json.dumps({"keys": [{"kid": own}]}))
    assert seen(house.signing_key)["signing key"] == ok("signing key", own)


def test_an_administrator_is_found(make_user):
    assert level(house.people, "administrators") == "fail"
    make_user("boss@example.com", is_superuser=True, is_staff=True)
    assert level(house.people, "administrators") == "ok"


def test_the_default_model_must_be_allowed_and_should_have_a_price(db, settings):
    AllowedModel.objects.all().delete()
    AllowedModel.objects.create(name="another", is_active=True)
    assert level(house.models, "default model") == "fail"
    settings.DEFAULT_MODEL = "another"
    assert level(house.models, "default model") == "warn"
    AllowedModel.objects.create(name="gpt-4o", is_active=True)
    settings.DEFAULT_MODEL = "gpt-4o"
    assert level(house.models, "default model") == "ok"


def test_mail_is_wanted_where_people_sign_up(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.REGISTRATION = "open"
    assert level(house.mail, "mail") == "fail"
    settings.REGISTRATION = "closed"
    assert level(house.mail, "mail") == "warn"


def test_a_mail_server_that_is_away_is_told(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_SSL = "127.0.0.1", False
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = held.getsockname()[1]
        assert level(house.mail, "mail") == "fail"


def test_a_provider_of_sign_in_that_is_away_is_told(settings):
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [{"settings": {"server_url": "http://127.0.0.1:1"}}]}
    }
    assert level(house.single_sign_on, "single sign-on") == "fail"


@pytest.mark.django_db(transaction=True)
def test_an_agent_server_that_is_away_is_told(agent_server):
    agent_server.faults.fail_with = ServerUnreachable("gone")
    assert level(parts.agent_server, "Agent Server") == "fail"


def test_an_agent_server_that_is_too_old_is_told(monkeypatch):
    async def old():
        return SimpleNamespace(version="0.9.3", langgraph_version="1.0")

    monkeypatch.setattr(parts, "_server_info", old)
    assert seen(parts.agent_server)["Agent Server"].told == "version 0.9.3 is too old"


def test_missing_migrations_are_told(db, monkeypatch):
    monkeypatch.setattr(parts.MigrationExecutor, "migration_plan", lambda self, targets: [("x", False)])
    assert level(parts.migrations, "migrations") == "fail"


def test_a_database_without_the_extension_is_told(db, settings):
    settings.PGVECTOR_CONNECTION_STRING = ""
    assert level(parts.vectors, "vectors") == "warn"


def test_a_full_disk_is_told(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "not" / "yet"
    assert level(parts.space, "disk") == "ok"
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000))
    assert level(parts.space, "disk") == "fail"
