"""The models that users may choose, as they are told about them."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from controlplane.config.environment import ModelPrice as PriceOfSettings
from controlplane.language_models.models import AllowedModel
from controlplane.usage.services import price_add

URL = "/api/v1/models/"


@pytest.fixture(autouse=True)
def house(settings) -> None:
    settings.DEFAULT_MODEL = "house-model"


def test_fresh_installation_shows_the_default_of_the_settings(api, settings):
    settings.MODEL_PRICES = {
        "house-model": PriceOfSettings(input_mtok=Decimal("0.5"), output_mtok=Decimal(1))
    }

    assert api.get(URL).json() == {
        "results": [
            {
                "name": "house-model",
                "provider": "",
                "display_name": "house-model",
                "supports_tools": True,
                "supports_vision": True,
                "supports_reasoning": False,
                "context_length": None,
                "max_output_tokens": None,
                "is_default": True,
                "price": {
                    "input_mtok": "0.500000",
                    "cached_input_mtok": None,
                    "output_mtok": "1.000000",
                    "source": "house",
                },
            }
        ],
        "next": None,
    }


def test_allowed_models_come_by_name_with_what_they_can_do(api):
    AllowedModel.objects.create(name="z", is_active=True)
    AllowedModel.objects.create(
        name="gpt-4o",
        provider="openai",
        display_name="GPT-4o",
        supports_tools=True,
        context_length=128_000,
        is_active=True,
        is_default=True,
    )
    AllowedModel.objects.create(name="house-model")

    results = api.get(URL).json()["results"]

    assert [(row["name"], row["is_default"]) for row in results] == [("gpt-4o", True), ("z", False)]
    assert (results[0]["display_name"], results[0]["supports_tools"]) == ("GPT-4o", True)
    assert results[0]["price"] == {
        "input_mtok": "2.500000",
        "cached_input_mtok": "1.250000",
        "output_mtok": "10.000000",
        "source": "genai_prices",
    }
    assert results[1]["price"] is None


def test_default_of_the_settings_is_shown_beside_that_of_the_list(api):
    AllowedModel.objects.create(name="listed", is_active=True, is_default=True)

    results = api.get(URL).json()["results"]

    assert [(row["name"], row["is_default"]) for row in results] == [("house-model", False), ("listed", True)]


def test_kept_price_is_shown_at_once(api):
    price_add(model_name="house-model", input_mtok=Decimal(7), output_mtok=Decimal(8))

    assert api.get(URL).json()["results"][0]["price"]["input_mtok"] == "7.000000"


def test_pages_show_each_model_once(api):
    AllowedModel.objects.bulk_create(AllowedModel(name=f"m{number}", is_active=True) for number in range(5))

    seen, url = [], f"{URL}?limit=2"
    while url:
        page = api.get(url).json()
        seen += [row["name"] for row in page["results"]]
        url = page["next"]
    assert seen == ["house-model", "m0", "m1", "m2", "m3", "m4"]


def test_nobody_is_told(db):
    assert APIClient().get(URL).status_code == 401


@pytest.mark.parametrize("rows", [3, 30])
def test_queries_are_the_same_for_any_number_of_rows(api, rows, django_assert_num_queries):
    AllowedModel.objects.bulk_create(
        AllowedModel(name=f"m{number}", is_active=True) for number in range(rows)
    )
    with django_assert_num_queries(5):  # the caller, the default, the page, whether it is listed, the prices
        assert len(api.get(URL, {"limit": 100}).json()["results"]) == rows + 1
