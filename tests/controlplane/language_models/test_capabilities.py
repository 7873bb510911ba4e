"""What a model can do, and who stands in for it."""

import pytest
from django.core.exceptions import ValidationError

from controlplane.audit.models import AuditEntry
from controlplane.language_models import services
from controlplane.language_models.capabilities import capabilities_of, fallbacks_of
from controlplane.language_models.models import AllowedModel
from controlplane.preferences.models import UserPreference
from controlplane.runs.configuration import effective_configuration
from controlplane.runs.context import Wishes


def listed(name: str, **fields: object) -> AllowedModel:
    return AllowedModel.objects.create(**{"name": name, "is_active": True, **fields})


def abilities(name: str) -> tuple[bool, bool]:
    found = capabilities_of(name)
    return found.tools, found.vision


def test_list_says_what_a_model_can_do_and_others_are_trusted(db):
    listed("plain", supports_tools=False)
    listed("seeing", supports_vision=True)

    assert [abilities(name) for name in ("plain", "seeing", "unknown", "smollm2-135m-instruct")] == [
        (False, False),
        (True, True),
        (True, True),
        (False, False),
    ]


def test_chain_is_bounded_and_passes_over_what_cannot_be_taken(db):
    last = listed("g")
    for name, fields in (
        ("f", {}),
        ("e", {}),
        ("d", {"supports_tools": False}),
        ("c", {"is_active": False}),
        ("b", {}),
        ("a", {}),
    ):
        last = listed(name, fallback=last, **fields)

    assert fallbacks_of("a") == ["b"]
    assert fallbacks_of("d") == ["e", "f", "g"]
    assert fallbacks_of("unknown") == []


def test_ring_in_the_rows_ends(db):
    first = listed("a")
    second = listed("b", fallback=first)
    AllowedModel.objects.filter(pk=first.pk).update(fallback=second)

    assert fallbacks_of("a") == ["b"]


def test_administrators_cannot_close_a_ring_nor_name_an_inactive_one(db):
    first, idle = listed("a"), listed("idle", is_active=False)
    second = listed("b", fallback=first)

    for fallback in (second, first, idle):
        with pytest.raises(ValidationError) as refused:
            services.model_change(model_id=first.pk, changes={"fallback": fallback})
        assert set(refused.value.message_dict) == {"fallback"}
    assert AllowedModel.objects.get(pk=first.pk).fallback_id is None


def test_choice_of_a_fallback_is_on_record(db):
    first, second = listed("a"), listed("b")

    services.model_change(model_id=first.pk, changes={"fallback": second})

    assert AuditEntry.objects.get().changes == {"fallback": [None, second.pk]}


def test_context_says_what_the_model_can_do_and_who_stands_in(user):
    listed("main", supports_tools=False, supports_vision=True, fallback=listed("spare", supports_vision=True))
    UserPreference.objects.filter(pk=user.pk).update(default_model="main")

    context = effective_configuration(session=None, user_id=user.pk, wishes=Wishes()).context()

    assert (context["supports_tools"], context["supports_vision"]) == (False, True)
    assert context["fallback_models"] == ["spare"]
