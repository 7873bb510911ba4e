"""The list of models and the prices in the back office: changed through services, and only as they allow."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from controlplane.language_models.models import AllowedModel
from controlplane.language_models.services import model_set_default
from controlplane.usage.models import ModelPrice

MODELS, PRICES = "admin:language_models_allowedmodel", "admin:usage_modelprice"
FACTS = {"provider": "openai", "price_source": "none", "context_length": "8000"}


@pytest.fixture
def models(db) -> list[AllowedModel]:
    return [AllowedModel.objects.create(name=name, is_active=name != "c") for name in ("a", "b", "c")]


def add_price(number: int = 0, *, days: int = -1) -> ModelPrice:
    moment = timezone.now() + timedelta(days=days)
    return ModelPrice.objects.create(model_name=f"m{number}", input_mtok=1, output_mtok=2, valid_from=moment)


def act(office, action: str, *rows: AllowedModel) -> str:
    keys = [str(row.pk) for row in rows]
    form = {"action": action, "_selected_action": keys}
    return office.post(reverse(f"{MODELS}_changelist"), form, follow=True).text


def states() -> dict[str, tuple[bool, bool]]:
    return {model.name: (model.is_active, model.is_default) for model in AllowedModel.objects.all()}


def test_model_is_added_and_changed_and_keeps_its_name(office):
    office.post(reverse(f"{MODELS}_add"), {"name": "own", **FACTS}, follow=True)
    model = AllowedModel.objects.get()
    assert (model.name, model.provider, model.context_length, model.is_active) == (
        "own",
        "openai",
        8000,
        False,
    )

    page = reverse(f"{MODELS}_change", args=[model.pk])
    office.post(page, {"name": "other", "is_active": "on", **FACTS}, follow=True)

    model.refresh_from_db()
    assert (model.name, model.is_active) == ("own", True)


def test_default_is_chosen_one_at_a_time(office, models):
    assert "Choose one model." in act(office, "make_default", *models[:2])
    assert "c is the default now." in act(office, "make_default", models[2])
    assert states() == {"a": (True, False), "b": (True, False), "c": (True, True)}


def test_models_are_switched_on_and_off(office, models):
    act(office, "activate", models[2])
    assert "Done for 2 models." in act(office, "deactivate", *models[:2])
    assert states() == {"a": (False, False), "b": (False, False), "c": (True, False)}


def test_default_is_neither_switched_off_nor_removed(office, models):
    model_set_default(model_id=models[0].pk)
    page = reverse(f"{MODELS}_change", args=[models[0].pk])

    assert "Make another model the default first." in office.post(page, FACTS).text
    assert "Done for 0 models." in act(office, "deactivate", models[0])
    assert office.post(reverse(f"{MODELS}_delete", args=[models[0].pk]), {"post": "yes"}).status_code == 403
    office.post(reverse(f"{MODELS}_delete", args=[models[1].pk]), {"post": "yes"})
    assert states() == {"a": (True, True), "c": (False, False)}


def test_price_is_added(office):
    day, time = "2026-03-01", "12:00:00"
    form = {
        "model_name": "own",
        "input_mtok": "0.5",
        "output_mtok": "1",
        "valid_from_0": day,
        "valid_from_1": time,
    }
    office.post(reverse(f"{PRICES}_add"), form, follow=True)

    price = ModelPrice.objects.get()
    assert (price.model_name, price.input_mtok, price.cached_input_mtok) == ("own", Decimal("0.5"), None)
    assert price.valid_from.isoformat() == "2026-03-01T12:00:00+00:00"


def test_price_is_never_changed_and_stays_once_it_has_begun(office):
    begun, coming = add_price(1), add_price(2, days=1)

    for price in (begun, coming):
        page = reverse(f"{PRICES}_change", args=[price.pk])
        assert office.post(page, {"input_mtok": "9"}).status_code == 403
    for price, status in ((begun, 403), (coming, 302)):
        page = reverse(f"{PRICES}_delete", args=[price.pk])
        assert office.post(page, {"post": "yes"}).status_code == status
    assert list(ModelPrice.objects.values_list("pk", "input_mtok")) == [(begun.pk, 1)]


@pytest.mark.parametrize("page", [MODELS, PRICES])
@pytest.mark.parametrize("query", ["", "?q=m", "?q=%00"])
def test_lists_cost_the_same_for_many_rows(office, page, query):
    counts = []
    for rows in (range(3), range(3, 30)):
        for number in rows:
            AllowedModel.objects.create(name=f"m{number}")
            add_price(number)
        with CaptureQueriesContext(connection) as asked:
            answer = office.get(reverse(f"{page}_changelist") + query, follow=True)
        assert answer.status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("page", [MODELS, PRICES])
def test_pages_are_closed_to_users(make_user, page):
    client = Client()
    client.force_login(make_user("curious@example.com"))

    assert client.get(reverse(f"{page}_changelist")).status_code == 302
