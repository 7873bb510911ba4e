"""Every user has preferences from the first moment, whoever made the user and however."""

import json
import uuid

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import DecimalField, Value
from django.db.models.functions import Cast

from controlplane.accounts.models import CustomUser
from controlplane.preferences.models import GroupLimits, UserPreference
from tests.controlplane.in_parallel import in_parallel


def by_the_manager() -> None:
    CustomUser.objects.create_user("new@example.com")


def in_bulk() -> None:
    CustomUser.objects.bulk_create(CustomUser(email=f"new{n}@example.com") for n in range(3))


def in_bulk_that_passes_over_known_ones() -> None:
    user = CustomUser(email="new@example.com")
    user.save()
    CustomUser.objects.bulk_create([user], ignore_conflicts=True)


def by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_customuser (id, email, password, is_superuser, first_name, last_name,"
            " is_staff, is_active, date_joined, token_version)"
            " VALUES (gen_random_uuid(), 'new@example.com', '', false, '', '', false, true, now(), 1)"
        )


@pytest.mark.django_db
@pytest.mark.parametrize("make", [by_the_manager, in_bulk, in_bulk_that_passes_over_known_ones, by_sql])
def test_user_made_by_any_path_has_preferences(make):
    make()

    assert CustomUser.objects.filter(email__startswith="new").exists()
    for user in CustomUser.objects.all():
        assert user.ai_preferences.theme == "system"


def fixture_rows() -> list[dict]:
    key = str(uuid.uuid4())
    user = {"email": "new@example.com", "password": "", "date_joined": "2026-03-01T00:00:00Z"}
    preferences = {"theme": "dark", "daily_token_limit": 7, "empty_is_unlimited": True}
    return [
        {"model": "accounts.customuser", "pk": key, "fields": user},
        {"model": "preferences.userpreference", "pk": key, "fields": preferences},
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("is_reversed", [False, True], ids=["user-first", "preferences-first"])
def test_fixture_brings_preferences_of_its_own(tmp_path, is_reversed):
    rows = fixture_rows()
    path = tmp_path / "users.json"
    path.write_text(json.dumps(rows[::-1] if is_reversed else rows))

    for _ in range(2):
        call_command("loaddata", str(path), verbosity=0)

    preferences = CustomUser.objects.get().ai_preferences
    assert (preferences.theme, preferences.daily_token_limit) == ("dark", 7)
    assert preferences.empty_is_unlimited


@pytest.mark.django_db
def test_fixture_of_a_user_alone_brings_preferences(tmp_path):
    path = tmp_path / "users.json"
    path.write_text(json.dumps(fixture_rows()[:1]))

    call_command("loaddata", str(path), verbosity=0)

    assert CustomUser.objects.get().ai_preferences.theme == "system"


@pytest.mark.django_db(transaction=True)
def test_users_are_dumped_and_brought_back(make_user, tmp_path):
    UserPreference.objects.filter(pk=make_user("a@example.com").pk).update(theme="dark")
    make_user("b@example.com")
    dump = str(tmp_path / "dump.json")
    call_command("dumpdata", "accounts", "preferences", output=dump, verbosity=0)
    call_command("flush", verbosity=0, interactive=False)
    assert not UserPreference.objects.exists()

    call_command("loaddata", dump, verbosity=0)

    themes = {user.email: user.ai_preferences.theme for user in CustomUser.objects.all()}
    assert themes == {"a@example.com": "dark", "b@example.com": "system"}


@pytest.mark.django_db(transaction=True)
def test_users_made_at_once_have_one_row_each():
    in_parallel(20, lambda n: CustomUser.objects.create_user(f"new{n}@example.com").ai_preferences)

    assert (CustomUser.objects.count(), UserPreference.objects.count()) == (20, 20)


@pytest.mark.django_db(transaction=True)
def test_deleted_preferences_come_back_as_new(user):
    UserPreference.objects.filter(pk=user.pk).update(theme="dark")
    before = CustomUser.objects.get()
    UserPreference.objects.all().delete()

    user = CustomUser.objects.get()
    assert user.ai_preferences.theme == "system"
    assert user.preferences_stamp > before.preferences_stamp


@pytest.mark.django_db(transaction=True)
def test_preferences_go_with_their_user(user, stranger):
    user.delete()

    assert list(UserPreference.objects.values_list("pk", flat=True)) == [stranger.pk]


@pytest.mark.django_db
def test_saving_a_user_as_read_before_a_change_does_not_turn_the_stamp_back(user):
    before = CustomUser.objects.get()
    UserPreference.objects.filter(pk=user.pk).update(theme="dark")
    stamp = CustomUser.objects.get().preferences_stamp
    assert stamp > before.preferences_stamp

    before.first_name = "Ada"
    before.save()
    CustomUser.objects.bulk_update([before], ["preferences_stamp"])

    after = CustomUser.objects.get()
    assert (after.first_name, after.preferences_stamp) == ("Ada", stamp)


@pytest.mark.django_db
def test_writing_what_is_there_already_moves_no_stamp(user):
    UserPreference.objects.filter(pk=user.pk).update(theme="system")

    assert CustomUser.objects.get().preferences_stamp == user.preferences_stamp


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        pytest.param({"default_temperature": 2.1}, "temperature_range", id="too-hot"),
        pytest.param({"default_temperature": -0.1}, "temperature_range", id="too-cold"),
        pytest.param({"default_temperature": float("nan")}, "temperature_range", id="no-number"),
        pytest.param({"default_temperature": float("inf")}, "temperature_range", id="endless"),
        pytest.param({"default_max_tokens": 0}, "max_tokens_range", id="no-tokens"),
        pytest.param({"summarization_threshold": 255}, "threshold_range", id="threshold"),
        pytest.param({"daily_message_limit": -1}, "daily_message_limit_check", id="messages"),
        pytest.param({"daily_token_limit": -1}, "daily_token_limit_check", id="tokens"),
        pytest.param({"daily_cost_limit": -1}, "cost_limit_range", id="cost"),
        pytest.param({"theme": "pink"}, "theme_known", id="theme"),
    ],
)
def test_database_refuses_what_is_out_of_range(user, changes, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        UserPreference.objects.filter(pk=user.pk).update(**changes)


@pytest.mark.parametrize("model", [UserPreference, GroupLimits])
def test_database_refuses_a_cost_that_is_no_number(user, model):
    GroupLimits.objects.create(group=Group.objects.create(name="g"))

    nan = Cast(Value("NaN"), DecimalField(max_digits=18, decimal_places=9))
    with pytest.raises(IntegrityError, match="cost"), transaction.atomic():
        model.objects.update(daily_cost_limit=nan)
