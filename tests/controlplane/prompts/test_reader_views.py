"""Rendering and rating templates, and looking at what they have said, over REST."""

import pytest

from controlplane.prompts.models import PromptRating, PromptVersion
from controlplane.prompts.services import prompt_change
from tests.controlplane.prompts.test_views import address, rows


def test_rendering_keeps_nothing(api, make_prompt):
    template = make_prompt()
    before = rows()

    response = api.post(address(template, "render/"), {"variables": {"topic": "<tea>", "user_name": "Ada"}})

    assert (response.status_code, response.json()) == (200, {"text": "You teach <tea>."})
    assert rows() == before


@pytest.mark.parametrize(
    ("variables", "field", "code"),
    [
        pytest.param({}, "variables", "variables_do_not_match", id="missing"),
        pytest.param({"topic": "a", "x": "b"}, "variables", "variables_do_not_match", id="unknown"),
        pytest.param({"topic": 7}, "variables.topic", "validation_failed", id="number"),
        pytest.param({"topic": ["a"]}, "variables.topic", "validation_failed", id="list"),
        pytest.param({"topic": "a\0"}, "variables.topic", "validation_failed", id="null-character"),
        pytest.param({"topic": "x" * 2001}, "variables.topic", "validation_failed", id="long"),
        pytest.param([], "variables", "validation_failed", id="no-object"),
        pytest.param({f"v{n}": "" for n in range(201)}, "variables", "validation_failed", id="many"),
    ],
)
def test_wrong_values_are_named(api, make_prompt, variables, field, code):
    response = api.post(address(make_prompt(), "render/"), {"variables": variables})

    error = response.json()["error"]
    assert (response.status_code, list(error["fields"]), error["code"]) == (422, [field], code)


def test_rating_is_averaged(api, stranger_api, default_assistant):
    api.post(address(default_assistant, "rate/"), {"rating": 5})
    api.post(address(default_assistant, "rate/"), {"rating": 3})
    response = stranger_api.post(address(default_assistant, "rate/"), {"rating": 4})

    assert (response.status_code, response.json()) == (200, {"rating": "3.50", "rating_count": 2})
    assert api.get(address(default_assistant)).json()["rating"] == "3.50"


@pytest.mark.parametrize("rating", [0, 6, "x", None, 2.5, 10**30], ids=str)
def test_wrong_rating_is_named(api, default_assistant, rating):
    response = api.post(address(default_assistant, "rate/"), {"rating": rating})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, ["rating"])
    assert PromptRating.objects.count() == 0


def test_versions_are_listed_and_restored(api, make_prompt, user):
    template = make_prompt()
    prompt_change(prompt_id=template.pk, author_id=user.pk, changes={"content": "Two."})

    listed = api.get(address(template, "versions/")).json()["results"]
    restored = api.post(address(template, "versions/1/restore/"))

    assert [(row["number"], row["content"], row["author_id"]) for row in listed] == [
        (2, "Two.", str(user.pk)),
        (1, "You teach {{topic}}.", str(user.pk)),
    ]
    assert (restored.status_code, restored.json()) == (200, {"version": 3, "content": "You teach {{topic}}."})


@pytest.mark.parametrize("number", [0, 2, 2**31, 10**30, 10**5000], ids=["0", "2", "int", "huge", "endless"])
def test_missing_version_is_not_found(api, make_prompt, number):
    template = make_prompt()

    with_number = "9" * 5000 if number == 10**5000 else str(number)
    assert api.post(address(template, f"versions/{with_number}/restore/")).status_code == 404
    assert PromptVersion.objects.filter(template=template).count() == 1
