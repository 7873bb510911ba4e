"""Whatever is sent, the server answers as the OpenAPI document says, and never with a 5xx.

Every operation of the document is tried by a signed-in user of its own, by what the document allows and by
what it does not, and by nobody. A new operation is tried as soon as it is there.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.end_to_end import walked_collections
from tests.end_to_end.api import eventually
from tests.end_to_end.signed_in_users import access_tokens
from tests.running_stack import RunningStack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REFUSED = 400
# A model may fail as it likes: messages are only sent to sessions that are not there.
ASKS_A_MODEL = {"messages_send", "sessions_summarize"}


walked_collections.install()


def load() -> Any:
    """Read the document as the code makes it now."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as it is
    generation = GenerationConfig(with_security_parameters=False, deterministic=True, database="none")
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    return schemathesis.openapi.from_dict(json.loads(json.dumps(document, default=str)), config=config)


OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in load().get_all_operations())
}

# However many operations there are, they share about a minute.
EXAMPLES_OF_USER = max(4, 360 // len(OPERATIONS))
EXAMPLES_OF_NOBODY = max(2, 120 // len(OPERATIONS))


@pytest.fixture(scope="module")
def tokens(stack: RunningStack) -> dict[str, str]:
    """A user for each operation, so that signing out in one spoils no other."""
    return dict(zip(OPERATIONS, access_tokens(stack, len(OPERATIONS)), strict=True))


def made(http: httpx.Client, path: str, **body: Any) -> str:
    """Make something by its endpoint and return its id."""
    return str(http.post(path, **body).raise_for_status().json()["id"])


def receipt(http: httpx.Client) -> str:
    """Delete a session and wait until its job has begun a receipt."""
    http.delete(f"sessions/{made(http, 'sessions/', json={'title': 'Tea'})}/").raise_for_status()
    found = eventually(lambda: http.get("deletions/").raise_for_status().json()["results"], bool, within=30)
    return str(found[0]["id"])


# What a path names, by the name that it has there: every second request is about one that exists.
MAKERS: dict[str, Callable[[httpx.Client], str]] = {
    "session_id": lambda http: made(http, "sessions/", json={"title": "Tea"}),
    "document_id": lambda http: made(http, "documents/", files={"file": ("tea.txt", b"Tea.")}),
    "prompt_id": lambda http: made(http, "prompts/", json={"name": "Tutor", "content": "Teach {{topic}}."}),
    "version_number": lambda _: "1",
    "key_id": lambda http: made(
        http, "provider-keys/", json={"provider": "openai", "key_name": "Mine", "api_key": "sk-scripted-key"}
    ),
    "export_id": lambda http: made(http, "exports/"),
    "user_tool_id": lambda http: made(http, "user-tools/", json={"tool_name": "calculator"}),
    "personal_token_id": lambda http: made(
        http, "auth/personal-access-tokens/", json={"name": "Script", "scopes": ["read"]}
    ),
    "receipt_id": receipt,
}
# Only a model's answer makes these.
COME_OF_TURNS = {"run_id", "feedback_id"}


def existing(stack: RunningStack, operation: Any, token: str) -> dict[str, str]:
    """Make what the operation's path names, all of it or nothing."""
    names = [parameter.name for parameter in operation.path_parameters]
    if operation.definition.raw["operationId"] in ASKS_A_MODEL or not set(names) <= set(MAKERS):
        return {}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{stack.control_plane_url}/api/v1/", headers=headers, timeout=30) as http:
        return {name: MAKERS[name](http) for name in names}


def try_out(
    operation: Any,
    *,
    address: str,
    mode: GenerationMode,
    examples: int,
    headers: dict[str, str],
    ids: dict[str, str] | None = None,
) -> set[int]:
    """Send so many requests and check every answer; returns the statuses seen."""
    seen: set[int] = set()
    sent = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        if ids and sent % 2:
            case.path_parameters = {**(case.path_parameters or {}), **ids}
        response = case.call(base_url=address, headers=headers, timeout=30)
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= REFUSED:
            check_error(response)
        seen.add(response.status_code)

    send()
    return seen


def test_everything_that_a_path_names_can_be_made() -> None:
    named = {parameter.name for operation in OPERATIONS.values() for parameter in operation.path_parameters}

    assert named == {*MAKERS, *COME_OF_TURNS}


def is_open(operation: Any) -> bool:
    """Tell whether nobody has to sign in: the document says so by an empty requirement, or by none."""
    return {} in operation.definition.raw.get("security", [{}])


def check_error(response: Any) -> None:
    """Fail unless an error has the one shape (docs/contracts.md, section 8)."""
    error = response.json()["error"]
    assert set(error) <= {"code", "message", "fields", "details", "request_id"}
    assert error["code"]
    assert error["message"]
    assert error["request_id"] == response.headers["x-request-id"][0]


@pytest.mark.parametrize("name", OPERATIONS)
def test_user_is_answered_as_the_document_says(
    stack: RunningStack, tokens: dict[str, str], name: str
) -> None:
    operation, token = OPERATIONS[name], tokens[name]
    seen = try_out(
        operation,
        address=stack.control_plane_url,
        mode=GenerationMode.POSITIVE,
        examples=EXAMPLES_OF_USER,
        headers={"Authorization": f"Bearer {token}"},
        ids=existing(stack, operation, token),
    )

    # Something was reached that only a signed-in caller reaches, and no throttle stood before it all.
    assert not seen <= ({429} if is_open(operation) else {401, 429})


# The others take nothing that could be wrong.
TAKING_SOMETHING = [
    name
    for name, operation in OPERATIONS.items()
    if operation.body or operation.query or operation.path_parameters or operation.headers
]


@pytest.mark.parametrize("name", TAKING_SOMETHING)
def test_nonsense_is_refused_as_the_document_says(
    stack: RunningStack, tokens: dict[str, str], name: str
) -> None:
    operation = OPERATIONS[name]
    headers = {"Authorization": f"Bearer {tokens[name]}"}
    try_out(
        operation,
        address=stack.control_plane_url,
        mode=GenerationMode.NEGATIVE,
        examples=EXAMPLES_OF_USER,
        headers=headers,
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_nobody_is_answered_as_the_document_says(stack: RunningStack, name: str) -> None:
    operation = OPERATIONS[name]
    seen = try_out(
        operation,
        address=stack.control_plane_url,
        mode=GenerationMode.POSITIVE,
        examples=EXAMPLES_OF_NOBODY,
        headers={},
    )

    assert is_open(operation) or seen == {401}


def test_document_holds_every_operation_once() -> None:
    assert len(OPERATIONS) > 20


def test_libraries_still_need_help_to_understand_each_other() -> None:
    assert walked_collections.is_needed(), "delete tests/end_to_end/walked_collections.py"
