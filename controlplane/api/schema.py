"""What the OpenAPI document says beyond each view: the one error shape, and the pages that show it."""

from typing import Any, ClassVar, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string", "example": "validation_failed"},
                "message": {"type": "string", "description": "Safe to show to people."},
                "fields": {
                    "type": "object",
                    "description": "Complaints by field.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "details": {"type": "object", "additionalProperties": {}},
                "request_id": {"type": "string", "description": "The same as in the header X-Request-Id."},
            },
        }
    },
}


class ApiSchema(AutoSchema):
    """Says of every operation how its errors look."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # as the library is
            name="Error", type=ResolvedComponent.SCHEMA, schema=ERROR_SCHEMA, object="Error"
        )
        self.registry.register_on_missing(component)
        error = {"application/json": {"schema": component.ref}}
        return {**bodies, "default": {"description": "Any error.", "content": error}}


class ApiReference(View):
    """A page that lists all endpoints from the same document; needs no script and nothing from elsewhere."""

    methods: ClassVar[tuple[str, ...]] = ("get", "post", "put", "patch", "delete")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the reference to anybody; it tells nothing that the document does not."""
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # as the library is
        document = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as above
        groups: dict[str, list[dict[str, Any]]] = {}
        for path, operations in document["paths"].items():
            for method in self.methods:
                if method in operations:
                    operation = operations[method]
                    groups.setdefault(operation["tags"][0], []).append(
                        {"method": method.upper(), "path": path, **operation}
                    )
        context = {"info": document["info"], "groups": groups}
        return render(request, "api/reference.html", context)
