"""Rotating the house's keys: everything is sealed anew while it is being read and written."""

import itertools
import threading
import time

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from controlplane.maintenance import rotation
from controlplane.maintenance.rotation import secrets_rotate, secrets_standing
from controlplane.provider_keys.models import UserAPIKey
from controlplane.vault.box import current_key_version, seal


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def old(settings) -> str:
    """The key under which everything is sealed at first."""
    settings.FERNET_KEYS = [new_key()]
    return settings.FERNET_KEYS[0]


def add_keys(user, count: int) -> list[UserAPIKey]:
    def sealed(number: int) -> UserAPIKey:
        box = seal(f"sk-{number}")
        return UserAPIKey(
            user=user,
            provider="openai",
            key_name=str(number),
            encrypted_key=box.token,
            key_version=box.key_version,
        )

    return UserAPIKey.objects.bulk_create([sealed(number) for number in range(count)], batch_size=2000)


def all_readable() -> bool:
    return all(key.decrypt_api_key() == f"sk-{key.key_name}" for key in UserAPIKey.objects.all())


def test_every_sealed_column_is_known():
    versions = {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.name.endswith("key_version")
    }

    assert versions == {(column.model, column.version) for column in rotation.SEALED_COLUMNS}


def test_command_rotates_in_batches_and_tells_its_progress(user, old, settings, capsys):
    add_keys(user, 450)
    settings.FERNET_KEYS = [new_key(), old]

    call_command("rotate_secrets")

    said = capsys.readouterr().out.splitlines()
    assert said == [
        "200 of 450",
        "400 of 450",
        "450 of 450",
        "Sealed anew: 450.",
        "No older key is needed any more.",
    ]
    settings.FERNET_KEYS = settings.FERNET_KEYS[:1]
    assert all_readable()
    assert set(UserAPIKey.objects.values_list("key_version", flat=True)) == {current_key_version()}


def test_check_changes_nothing_and_fails_while_an_older_key_is_needed(user, old, settings, capsys):
    add_keys(user, 3)
    settings.FERNET_KEYS = [new_key(), old]
    before = list(UserAPIKey.objects.order_by("pk").values())

    with pytest.raises(CommandError, match="Still under an older key: 3"):
        call_command("rotate_secrets", "--check")
    assert list(UserAPIKey.objects.order_by("pk").values()) == before

    call_command("rotate_secrets")
    call_command("rotate_secrets", "--check")
    assert capsys.readouterr().out.splitlines()[-1] == "No older key is needed any more."


def test_stopped_rotation_goes_on_where_it_was(user, old, settings):
    add_keys(user, 500)
    settings.FERNET_KEYS = [new_key(), old]

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        secrets_rotate(progress=stop)
    assert secrets_standing().readable == 300

    done = secrets_rotate(progress=lambda _: None)
    assert (done.waiting, done.resealed) == (300, 300)


def test_second_rotation_has_nothing_to_do(user, old, settings):
    add_keys(user, 3)
    settings.FERNET_KEYS = [new_key(), old]
    secrets_rotate(progress=lambda _: None)

    assert secrets_rotate(progress=lambda _: None).waiting == 0


def test_key_entered_meanwhile_is_not_overwritten(user, old, settings, monkeypatch):
    (key,) = add_keys(user, 1)
    settings.FERNET_KEYS = [new_key(), old]
    reseal = rotation.reseal

    def reseal_while_the_owner_enters_another(token: str) -> object:
        key.encrypt_api_key("sk-entered-meanwhile")
        key.save()
        return reseal(token)

    monkeypatch.setattr(rotation, "reseal", reseal_while_the_owner_enters_another)
    done = secrets_rotate(progress=lambda _: None)

    assert (done.resealed, done.changed) == (0, 1)
    assert UserAPIKey.objects.get().decrypt_api_key() == "sk-entered-meanwhile"
    assert secrets_standing().readable == 0


def test_unreadable_key_holds_nothing_up(user, old, settings, capsys):
    broken, *_ = add_keys(user, 3)
    UserAPIKey.objects.filter(pk=broken.pk).update(encrypted_key="gAAAA-nobody-opens-this")
    settings.FERNET_KEYS = [new_key(), old]

    call_command("rotate_secrets")

    said = capsys.readouterr()
    assert "Sealed anew: 2." in said.out
    assert "Unreadable, whatever keys are kept: 1." in said.out
    assert f"provider_keys.UserAPIKey {broken.pk}" in said.err


def test_row_without_a_secret_is_left_alone(user, old, settings):
    UserAPIKey.objects.create(user=user, provider="openai", key_name="empty")
    settings.FERNET_KEYS = [new_key(), old]

    assert secrets_rotate(progress=lambda _: None).waiting == 0


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_keys_are_rotated_under_concurrent_reads(user, old, settings):
    ids = [key.pk for key in add_keys(user, 10_000)]
    settings.FERNET_KEYS = [new_key(), old]
    over, failures, reads = threading.Event(), [], itertools.count()

    def read() -> None:
        try:
            while not over.wait(0.002):
                key = UserAPIKey.objects.get(pk=ids[next(reads) * 7919 % len(ids)])
                if key.decrypt_api_key() != f"sk-{key.key_name}":
                    failures.append(key.pk)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            failures.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    started = time.monotonic()
    done = secrets_rotate(progress=lambda _: None)
    took = time.monotonic() - started
    over.set()
    for reader in readers:
        reader.join()

    print(f"10,000 keys in {took:.1f} s, {next(reads)} reads meanwhile")  # noqa: T201  # the figure
    assert failures == []
    assert (done.resealed, done.changed, done.unreadable) == (10_000, 0, [])
    assert secrets_standing().readable == 0
    settings.FERNET_KEYS = settings.FERNET_KEYS[:1]
    assert all_readable()
