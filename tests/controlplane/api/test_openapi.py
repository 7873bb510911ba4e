"""The committed OpenAPI document is what the code says, and the page made from it lists every address."""

import io
from pathlib import Path

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
        error = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert error == {"$ref": "#/components/schemas/Error"}
        assert operation["tags"] != ["api"]
        assert operation["description"]


def test_reference_page_lists_every_address_to_anybody():
    page = Client().get("/api/v1/docs/")

    assert page.status_code == 200
    for path in yaml.safe_load(COMMITTED.read_text())["paths"]:
        assert path in page.text


def test_document_is_served_to_anybody():
    served = Client().get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi")

    assert yaml.safe_load(served.content) == yaml.safe_load(COMMITTED.read_text())
