"""Reads the JSON that the Agent Server posts into typed models, and names the fields that are wrong."""

from typing import TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, ValidationError
from rest_framework.exceptions import ParseError

from controlplane.errors import Invalid

Payload = TypeVar("Payload", bound=BaseModel)


def read_payload(request: HttpRequest, model: type[Payload]) -> Payload:
    """Parse the body. Raises ParseError for what is no JSON, Invalid with `fields` for what does not fit."""
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        complaints = error.errors(include_input=False, include_url=False)
        if complaints[0]["type"] == "json_invalid":
            raise ParseError from error
        fields: dict[str, list[str]] = {}
        for complaint in complaints:
            name = ".".join(str(part) for part in complaint["loc"]) or "body"
            fields.setdefault(name, []).append(complaint["msg"])
        raise Invalid("The request does not fit.", fields=fields) from error
