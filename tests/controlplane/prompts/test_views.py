"""Templates over REST."""

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.reception import prompt_rate, prompt_share
from controlplane.prompts.services import prompt_change
from tests.controlplane.conftest import signed_in

PROMPTS = "/api/v1/prompts/"


def address(template: SystemPromptTemplate, step: str = "") -> str:
    return f"{PROMPTS}{template.pk}/{step}"


def names(response) -> list[str]:
    assert response.status_code == 200
    return [row["name"] for row in response.json()["results"]]


def rows() -> list[dict]:
    return list(SystemPromptTemplate.objects.order_by("pk").values())


def test_new_template_is_the_caller_s_own(api, user):
    content = "You teach {{topic}}.{{#user_name}} Hello {{user_name}}.{{/user_name}}\n"
    response = api.post(PROMPTS, {"name": "Tutor", "content": content, "category": "education"})

    assert response.status_code == 201
    template = SystemPromptTemplate.objects.get(owner=user)
    assert response.json() == {
        "id": str(template.pk),
        "name": "Tutor",
        "slug": "tutor",
        "content": content,
        "category": "education",
        "description": "",
        "variables": ["topic", "user_name"],
        "is_default": False,
        "is_public": False,
        "is_mine": True,
        "shared_with": {"users": [], "groups": []},
        "version": 1,
        "usage_count": 0,
        "rating": None,
        "rating_count": 0,
        "created_at": response.json()["created_at"],
        "updated_at": response.json()["updated_at"],
    }
    read = api.get(address(template))
    assert (read.json(), read.headers["ETag"]) == (response.json(), response.headers["ETag"])


def test_repeated_creation_makes_one(api, user):
    body, key = {"name": "Tutor", "content": "Hi."}, {"HTTP_IDEMPOTENCY_KEY": "k1"}

    first, second = api.post(PROMPTS, body, **key), api.post(PROMPTS, body, **key)

    assert (first.json(), second.headers["Idempotent-Replayed"]) == (second.json(), "true")
    assert SystemPromptTemplate.objects.filter(owner=user).count() == 1


def test_nobody_publishes_over_rest(api, user):
    body = {"name": "Tutor", "content": "Hi.", "is_public": True, "is_default": True, "owner": None}

    api.post(PROMPTS, body)

    template = SystemPromptTemplate.objects.get(owner=user)
    assert (template.is_public, template.is_default) == (False, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"name": None}, "name", id="name-is-null"),
        pytest.param({"name": 7}, "name", id="name-is-a-number"),
        pytest.param({"name": "a\0b"}, "name", id="null-character"),
        pytest.param({"name": "x" * 101}, "name", id="name-is-long"),
        pytest.param({"slug": "a b"}, "slug", id="slug"),
        pytest.param({"slug": "x" * 101}, "slug", id="slug-is-long"),
        pytest.param({"content": "  "}, "content", id="blank"),
        pytest.param({"content": "x" * 20_001}, "content", id="content-is-long"),
        pytest.param({"content": "{{a.b}}"}, "content", id="malformed"),
        pytest.param({"content": ["a"]}, "content", id="content-is-a-list"),
        pytest.param({"category": "tea"}, "category", id="category"),
        pytest.param({"description": "x" * 1001}, "description", id="description-is-long"),
        pytest.param({"variables": ["b"]}, "variables", id="variables-disagree"),
        pytest.param({"variables": "a"}, "variables", id="variables-are-a-text"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_made(api, db, body, field):
    before = rows()

    response = api.post(PROMPTS, {"name": "Tutor", "content": "{{a}}", **body})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert rows() == before


def test_taken_slug_is_a_conflict(api, make_prompt):
    make_prompt(slug="tea")

    response = api.post(PROMPTS, {"name": "Tea", "slug": "tea", "content": "Hi."})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "slug_taken")


def test_list_is_narrowed_down_and_ordered(api, default_assistant, make_prompt, user, stranger):
    mine = make_prompt("Tutor", category="education")
    theirs = make_prompt("Coder", owner=stranger, category="coding")
    make_prompt("Hidden", owner=stranger)
    prompt_share(prompt_id=theirs.pk, users=[user.pk], groups=[], sharer_id=stranger.pk)
    prompt_rate(prompt_id=mine.pk, rater_id=user.pk, stars=5)
    SystemPromptTemplate.objects.filter(pk=theirs.pk).update(usage_count=9)

    assert names(api.get(PROMPTS)) == ["Coder", "Default Assistant", "Tutor"]
    assert names(api.get(f"{PROMPTS}?scope=mine")) == ["Tutor"]
    assert names(api.get(f"{PROMPTS}?scope=shared")) == ["Coder"]
    assert names(api.get(f"{PROMPTS}?scope=public")) == ["Default Assistant"]
    assert names(api.get(f"{PROMPTS}?category=coding")) == ["Coder"]
    assert names(api.get(f"{PROMPTS}?search=T")) == ["Default Assistant", "Tutor"]
    assert names(api.get(f"{PROMPTS}?ordering=-rating"))[0] == "Tutor"
    assert names(api.get(f"{PROMPTS}?ordering=-usage_count"))[0] == "Coder"


@pytest.mark.parametrize(
    "ordering", ["name", "-name", "-usage_count", "-rating", "-created_at", "-updated_at"]
)
def test_pages_go_through_everything_once(api, default_assistant, make_prompt, ordering):
    for number in range(5):
        make_prompt(f"T{number % 2}")
    address, found = f"{PROMPTS}?limit=2&ordering={ordering}", []
    while address:
        page = api.get(address).json()
        found += [row["id"] for row in page["results"]]
        address = page["next"]

    assert (len(found), len(set(found))) == (6, 6)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("scope=x", "scope"),
        ("category=x", "category"),
        ("search=%00", "search"),
        ("ordering=content", "ordering"),
    ],
)
def test_wrong_filter_is_named(api, query, field):
    response = api.get(f"{PROMPTS}?{query}")

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])


def test_change_holds_against_its_version(api, make_prompt):
    template = make_prompt()
    etag = api.get(address(template)).headers["ETag"]

    changed = api.patch(address(template), {"content": "Hi {{user_name}}."}, HTTP_IF_MATCH=etag)
    outdated = api.patch(address(template), {"name": "Late"}, HTTP_IF_MATCH=etag)

    assert (changed.status_code, changed.json()["version"], changed.json()["variables"]) == (
        200,
        2,
        ["user_name"],
    )
    assert (outdated.status_code, outdated.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert SystemPromptTemplate.objects.get(pk=template.pk).name == "Tutor"
    assert api.delete(address(template), HTTP_IF_MATCH=etag).status_code == 412
    assert api.delete(address(template), HTTP_IF_MATCH=changed.headers["ETag"]).status_code == 204
    assert not SystemPromptTemplate.objects.filter(pk=template.pk).exists()


def test_figures_do_not_change_the_version(api, make_prompt, stranger):
    template = make_prompt()
    etag = api.get(address(template)).headers["ETag"]
    SystemPromptTemplate.objects.filter(pk=template.pk).update(usage_count=5)

    assert api.get(address(template)).headers["ETag"] == etag


def test_template_is_shared_and_withdrawn(api, make_prompt, user, stranger, stranger_api):
    template, readers = make_prompt(), Group.objects.create(name="readers")
    user.groups.add(readers)
    sharing = {"users": [str(stranger.pk)], "groups": [readers.pk]}

    response = api.patch(address(template), {"shared_with": sharing})

    assert (response.status_code, response.json()["shared_with"]) == (200, sharing)
    seen = stranger_api.get(address(template)).json()
    assert (seen["is_mine"], seen["shared_with"]) == (False, None)
    withdrawn = api.patch(address(template), {"shared_with": {"users": []}})
    assert withdrawn.json()["shared_with"] == {"users": [], "groups": [readers.pk]}
    assert stranger_api.get(address(template)).status_code == 404


@pytest.mark.parametrize(
    ("sharing", "field"),
    [
        pytest.param({"users": ["x"], "groups": []}, "shared_with.users.0", id="no-id"),
        pytest.param({"users": [], "groups": [2**31]}, "shared_with.groups.0", id="huge-group"),
        pytest.param({"users": [], "groups": [12345]}, "shared_with.groups", id="unknown-group"),
        pytest.param({"users": [], "groups": list(range(1, 102))}, "shared_with.groups", id="many-groups"),
        pytest.param(None, "shared_with", id="null"),
    ],
)
def test_wrong_sharing_is_named(api, make_prompt, sharing, field):
    template = make_prompt()

    response = api.patch(address(template), {"name": "New", "shared_with": sharing})

    assert (response.status_code, list(response.json()["error"]["fields"])) == (422, [field])
    assert SystemPromptTemplate.objects.get(pk=template.pk).name == "Tutor"


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_seen_template_of_another_is_not_changed(
    stranger_api, default_assistant, make_prompt, user, stranger, method
):
    shared = make_prompt()
    prompt_share(prompt_id=shared.pk, users=[stranger.pk], groups=[], sharer_id=user.pk)
    before = rows()

    for template in (shared, default_assistant):
        assert stranger_api.get(address(template)).status_code == 200
        assert getattr(stranger_api, method)(address(template), {"name": "Mine"}).status_code == 404
        for step in ("versions/", "versions/1/restore/"):
            send = stranger_api.get if step == "versions/" else stranger_api.post
            assert send(address(template, step)).status_code == 404
    assert rows() == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", 4, id="list"),
        pytest.param("one/", 4, id="detail"),
        pytest.param("one/versions/", 3, id="versions"),
    ],
)
@pytest.mark.parametrize("count", [3, 30])
def test_reading_costs_the_same_for_few_and_many(
    api, make_prompt, make_user, user, path, expected, count, django_assert_num_queries
):
    readers = [make_user(f"u{number}@example.com") for number in range(3)]
    for number in range(count):
        one = make_prompt(f"T{number}")
        prompt_share(prompt_id=one.pk, users=[reader.pk for reader in readers], groups=[], sharer_id=user.pk)
        prompt_change(prompt_id=one.pk, author_id=user.pk, changes={"content": "Two."})

    with django_assert_num_queries(expected):
        response = api.get(f"{PROMPTS}{path}?limit=100".replace("one", str(one.pk)))
    assert response.status_code == 200


def test_nobody_sees_public_ones_without_signing_in(default_assistant):
    for path in (PROMPTS, address(default_assistant)):
        assert APIClient().get(path).status_code == 401


def test_signed_in_strangers_see_public_ones(default_assistant, make_user):
    assert names(signed_in(make_user("new@example.com")).get(PROMPTS)) == ["Default Assistant"]
