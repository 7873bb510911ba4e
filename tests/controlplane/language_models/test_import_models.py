"""The command that fills the list from the price table."""

import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from controlplane.config.environment import ModelPrice
from controlplane.language_models.models import AllowedModel

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> list[str]:
    output = io.StringIO()
    call_command("import_models", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_models_are_added_with_their_facts_and_inactive():
    assert run("--provider=openai", "--match=gpt-4o") == [
        "added    gpt-4o",
        "1 added, 0 changed, 0 kept, 0 unchanged.",
    ]
    model = AllowedModel.objects.get()
    assert (model.name, model.provider, model.display_name) == ("gpt-4o", "openai", "gpt 4o")
    assert (model.context_length, model.price_source) == (128_000, "genai_prices")
    assert (model.is_active, model.is_default) == (False, False)


def test_repeat_changes_nothing():
    run("--match=gpt-4o*")
    before = list(AllowedModel.objects.order_by("pk").values())

    assert run("--match=gpt-4o*") == [f"0 added, 0 changed, 0 kept, {len(before)} unchanged."]
    assert list(AllowedModel.objects.order_by("pk").values()) == before
    assert len(before) > 1


def test_facts_are_brought_up_to_date_and_choices_kept():
    AllowedModel.objects.create(
        name="gpt-4o", display_name="Ours", is_active=True, is_default=True, supports_tools=True
    )

    assert run("--match=gpt-4o")[0] == "changed  gpt-4o: provider, context_length, price_source"
    model = AllowedModel.objects.get()
    assert (model.display_name, model.is_active, model.is_default) == ("Ours", True, True)
    assert (model.supports_tools, model.provider, model.context_length) == (True, "openai", 128_000)


def test_name_alone_decides_among_several_providers():
    run("--match=gpt-4o")

    assert AllowedModel.objects.get().provider == "openai"


def test_row_stays_with_its_provider():
    AllowedModel.objects.create(name="gpt-4o", provider="azure")

    assert run("--provider=openai", "--match=gpt-4o")[0] == (
        "kept     gpt-4o: the list has it for another provider"
    )
    assert AllowedModel.objects.get().context_length is None


def test_models_are_activated_on_request():
    run("--match=gpt-4o")

    assert run("--match=gpt-4o", "--activate")[0] == "changed  gpt-4o: is_active"
    assert AllowedModel.objects.get().is_active


def test_price_of_the_settings_is_named_as_the_source(settings):
    settings.MODEL_PRICES = {"gpt-4o": ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(2))}

    run("--match=gpt-4o")

    assert AllowedModel.objects.get().price_source == "house"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--activate"], "needs --provider or --match", id="all-at-once"),
        pytest.param(["--provider=nobody"], "no such model", id="unknown-provider"),
        pytest.param(["--match=no-such-*"], "no such model", id="unknown-model"),
    ],
)
def test_command_refuses(arguments, message):
    with pytest.raises(CommandError, match=message):
        run(*arguments)
    assert not AllowedModel.objects.exists()


def test_whole_table_can_be_taken(django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        run()

    assert AllowedModel.objects.count() > 1000
    assert not AllowedModel.objects.active().exists()
