"""No page and no answer asks the database more often because there is more to show.

What is measured is read from the URL map and from the back office's register, and what there is many of from
the models: a new address, page or table is measured as soon as it is there.
"""

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, connection, models
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controlplane.accounts.models import CustomUser
from controlplane.api.models import IdempotentCreation
from controlplane.chat.models import ChatSession, IndexedMessage
from controlplane.documents.models import UserDocument
from controlplane.language_models.models import AllowedModel
from controlplane.preferences.models import GroupLimits, UserPreference
from controlplane.prompts.models import PromptRating, PromptVersion, SystemPromptTemplate
from controlplane.provider_keys.models import UserAPIKey
from controlplane.runs.models import Run
from controlplane.tools.models import McpServer
from controlplane.upkeep.models import Bookmark
from controlplane.usage.models import ArchivedMonth, ArchivedSum, ModelPrice
from tests.controlplane.api.test_isolation import POSSESSIONS, endpoints
from tests.controlplane.one_of_each import add_one_of_each_of

FEW, MANY = 3, 30
MOST_FOR_AN_ANSWER = 12
MOST_FOR_A_PAGE = 30
# What an address has to be asked with.
QUERIES = {"session-search": "?q=tea"}
# The own memory of the API, upkeep and archive, shown to nobody.
SHOWN_NOWHERE = {IdempotentCreation, Bookmark, ArchivedMonth, ArchivedSum}
# Made with the user or the group, not copied.
MADE_WITH_OTHERS = {CustomUser, UserPreference, GroupLimits, PromptRating}
SHOWN = [
    model
    for model in apps.get_models()
    if model.__module__.startswith("controlplane.") and model not in SHOWN_NOWHERE
]
READ = [endpoint for endpoint in endpoints() if endpoint.method == "get"]

Rows = dict[type[models.Model], models.Model]


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    """A folder of the test's own for uploaded files."""
    settings.MEDIA_ROOT = tmp_path / "documents"


@pytest.fixture
def belongings(user, agent_server) -> dict[str, object]:
    """One of everything, all the user's and of one session; by the names that addresses use."""
    named = {name: value for module in POSSESSIONS for name, value in module.make(user).items()}
    add_one_of_each_of(user)
    for parent, pk in ((ChatSession, "session_id"), (Run, "run_id"), (UserAPIKey, "key_id")):
        for relation in parent._meta.related_objects:
            relation.related_model._default_manager.update(**{relation.field.name: named[pk]})
    return named


@pytest.fixture
def first_rows(belongings, user) -> Rows:
    """For each model the user's own row: its page is looked at, and the other rows are copies of it."""
    IndexedMessage.objects.get_or_create(
        session_id=belongings["session_id"], message_id="m", defaults={"position": 0, "words": "'tea'"}
    )
    AllowedModel.objects.get_or_create(name="gpt-4o", defaults={"is_active": True})
    ModelPrice.objects.create(
        model_name="gpt-4o", provider="openai", valid_from=timezone.now(), input_mtok=1, output_mtok=1
    )
    McpServer.objects.create(slug="house", display_name="House", url="https://tools.example.com/mcp")
    group = Group.objects.create(name="Tasters")
    GroupLimits.objects.create(group=group)
    user.groups.add(group)
    named = {
        ChatSession: belongings["session_id"],
        Run: belongings["run_id"],
        UserAPIKey: belongings["key_id"],
        UserDocument: belongings["document_id"],
        SystemPromptTemplate: belongings["prompt_id"],
    }
    rows = {model: model._default_manager.order_by("pk").last() for model in SHOWN}
    return {
        **rows,
        **{model: model._default_manager.get(pk=pk) for model, pk in named.items()},
        PromptVersion: PromptVersion.objects.get(template_id=belongings["prompt_id"]),
        CustomUser: user,
        Group: group,
    }


@pytest.fixture
def grow(first_rows, make_user) -> Callable[[range], None]:
    """Add rows of everything: copies of the user's own, and some of others."""

    def add(numbers: range) -> None:
        for number in numbers:
            other = make_user(f"user{number}@example.com")
            add_one_of_each_of(other)
            PromptRating.objects.create(template=first_rows[SystemPromptTemplate], user=other, stars=3)
            group = Group.objects.create(name=f"Group {number}")
            GroupLimits.objects.create(group=group)
            first_rows[CustomUser].groups.add(group)
        for model, first in first_rows.items():
            if model not in {*MADE_WITH_OTHERS, Group}:
                model._default_manager.bulk_create(copy_of(first, number) for number in numbers)
        least = FEW if numbers.stop <= FEW else MANY
        assert {model.__name__ for model in SHOWN if model._default_manager.count() < least} == set()

    return add


def copy_of(row: models.Model, number: int) -> models.Model:
    """Make the same row anew, with another value wherever the database wants one."""
    fields = {field.name: field for field in row._meta.concrete_fields}
    values = {field.attname: getattr(row, field.attname) for field in fields.values()}
    differ = {name for name, field in fields.items() if field.unique}
    for constraint in row._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            # One of relations alone is about some states only, in which the first row is not.
            differ.update([name for name in constraint.fields if not fields[name].is_relation][-1:])
    for name in differ:
        values[name] = another(fields[name], values[name], number)
    return type(row)(**{name: value for name, value in values.items() if value is not None})


def another(field: models.Field, value: object, number: int) -> object:
    """Give a value of the same kind that no other copy has."""
    if value is None or isinstance(field, models.AutoField):
        return None
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return value + number
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, datetime | date):
        return value - timedelta(days=number)
    return f"{number}-{value}"[: field.max_length]


def answers(belongings: dict[str, object]) -> list[str]:
    """Everything that the API reads."""
    return [
        reverse(endpoint.name, kwargs={name: belongings[name] for name in endpoint.ids})
        + QUERIES.get(endpoint.name, "")
        for endpoint in READ
    ]


def pages(rows: Rows) -> list[str]:
    """Everything that the back office shows: lists, rows, empty forms, histories and pages of our own."""
    return [
        reverse("admin:index"),
        *(
            reverse(f"admin:{pattern.name}", args=[rows[model].pk] if pattern.pattern.converters else [])
            for model, office in admin.site._registry.items()
            for pattern in office.get_urls()
            if pattern.name
        ),
    ]


def count_queries(client: Client, addresses: list[str]) -> dict[str, int]:
    """Count what each asks of the database while no cache helps it."""
    counts = {}
    for address in addresses:
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            response = client.get(address)
        let_go(response)
        assert (address, response.status_code) in {(address, 200), (address, 403)}
        counts[address] = len(asked)
    return counts


def let_go(response: HttpResponseBase) -> None:
    """Close the files of an answer, and not the test's connection with them."""
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)


def require_steady(client: Client, addresses: list[str], grow, *, most: int) -> None:
    ContentType.objects.get_for_models(*apps.get_models())
    grow(range(1, FEW))
    few = count_queries(client, addresses)
    grow(range(FEW, MANY))
    many = count_queries(client, addresses)

    assert {address: (few[address], many[address]) for address in few if few[address] != many[address]} == {}
    assert {address: count for address, count in many.items() if count > most} == {}


def test_register_and_map_are_read(belongings, first_rows):
    assert set(answers(belongings)) >= {reverse("sessions"), reverse("usage"), reverse("invitations")}
    assert set(pages(first_rows)) >= {
        reverse("admin:chat_chatsession_changelist"),
        reverse("admin:accounts_customuser_change", args=[first_rows[CustomUser].pk]),
        reverse("admin:language_models_allowedmodel_add"),
    }


def test_answers_cost_the_same_for_many_rows(api, user, belongings, grow):
    # Invitations are listed to staff alone; the rest is each one's own, staff's too.
    CustomUser.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)

    require_steady(api, answers(belongings), grow, most=MOST_FOR_AN_ANSWER)


def test_pages_of_the_back_office_cost_the_same_for_many_rows(first_rows, make_user, grow):
    client = Client(raise_request_exception=True)
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))

    require_steady(client, pages(first_rows), grow, most=MOST_FOR_A_PAGE)
