"""The committed OpenAPI document is what the code says, and the page made from it lists every address."""

import io
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"


def generate() -> str:
    output = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=output)
    return output.getvalue()


def test_committed_document_is_current():
    assert yaml.safe_load(COMMITTED.read_text()) == yaml.safe_load(generate()), (
        "write it again: python -m controlplane.manage spectacular --validate --file docs/openapi.yaml"
    )


def test_every_operation_says_how_errors_look_and_belongs_to_a_group():
    document = yaml.safe_load(generate())
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert len(operations) > 15
    for operation in operations:
        refusals = {status: said for status, said in operation["responses"].items() if status >= "400"}
        assert {"406", "429", "503"} <= set(refusals)
        for refusal in refusals.values():
            assert refusal["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
            assert refusal["description"]
        assert operation["tags"] != ["api"]
        assert operation["description"]


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        pytest.param("me/", "get", {200, 401, 403}, id="closed"),
        pytest.param("auth/token/", "post", {200, 400, 401, 403, 409, 410, 415, 422}, id="open"),
        pytest.param("documents/", "get", {200, 401, 403, 422}, id="list"),
        pytest.param("documents/", "post", {201, 400, 401, 403, 409, 410, 415, 422}, id="create"),
        pytest.param("documents/{document_id}/", "get", {200, 401, 403, 404}, id="read"),
        pytest.param(
            "documents/{document_id}/",
            "patch",
            {200, 400, 401, 403, 404, 409, 410, 412, 415, 422},
            id="change",
        ),
        pytest.param("documents/{document_id}/", "delete", {204, 401, 403, 404, 409, 410, 412}, id="delete"),
    ],
)
def test_each_kind_of_operation_names_its_statuses(path, method, statuses):
    operation = yaml.safe_load(generate())["paths"][f"/api/v1/{path}"][method]

    assert set(map(int, operation["responses"])) - {406, 411, 413, 429, 503} == statuses


def test_headers_of_each_kind_are_named():
    paths = yaml.safe_load(generate())["paths"]
    named = {
        (parameter["name"], method)
        for path in ("/api/v1/documents/", "/api/v1/documents/{document_id}/")
        for method, operation in paths[path].items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header"
    }

    assert named == {("Idempotency-Key", "post"), ("If-Match", "patch"), ("If-Match", "delete")}
    told = paths["/api/v1/documents/{document_id}/"]["get"]["responses"]["200"]["headers"]
    assert list(told) == ["ETag"]


def test_reference_page_lists_every_address_to_anybody():
    page = Client().get("/api/v1/docs/")

    assert page.status_code == 200
    for path in yaml.safe_load(COMMITTED.read_text())["paths"]:
        assert path in page.text


def test_document_is_served_to_anybody():
    served = Client().get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi")

    assert yaml.safe_load(served.content) == yaml.safe_load(COMMITTED.read_text())
