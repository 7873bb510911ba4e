"""What the OpenAPI document says beyond each view: the one error shape, and how callers sign in."""

from typing import Any, Literal

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
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


class ApiTokenScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]  # as the library is
    """Says how a caller names itself."""

    target_class = "controlplane.accounts.authentication.ApiTokenAuthentication"
    name = "apiToken"


class PersonalTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as the library is
    """Says how a script names itself."""

    target_class = "controlplane.accounts.authentication.PersonalTokenAuthentication"
    name = "personalAccessToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002  # the library's signature
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "description": "A personal access token, `tp_…`."}
