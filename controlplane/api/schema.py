"""What the OpenAPI document says beyond each view: the one error shape, and how callers sign in."""

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from controlplane.api import rate_limits
from controlplane.api.asynchronous import AsyncAPIView
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, OwnedViewSet

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


_EXPLAINED = {
    400: "The body cannot be read.",
    401: "Nobody is signed in, or no longer.",
    403: "Not for this caller.",
    404: "There is nothing here, or it is another user's.",
    406: "None of the media types asked for can be given.",
    409: "The state of things forbids it now.",
    410: "It was deleted for good.",
    411: "The body comes without its length.",
    412: "It was changed since the version that `If-Match` names.",
    413: "The body is too large.",
    415: "The body is in a media type that is not taken here.",
    422: "The request cannot be carried out as it is written; `fields` says where.",
    429: "Too many requests, or a limit is used up; `Retry-After` says when to come back, `RateLimit` which.",
    502: "The Agent Server failed.",
    503: "A part that is needed does not answer; try again in a moment.",
    504: "The Agent Server took too long.",
}
_ALWAYS = (406, 411, 413, 429, 503)
_OF_CLOSED = (401, 403)
_OF_WRITING = (403, 409, 410)
_OF_BODIES = (400, 415, 422)
_OF_PLACES = {"path": 404, "query": 422}
# What keeps telling its owner that it was deleted.
_LEAVING_TOMBSTONES = ("session_id",)
_OF_AGENT_SERVER = (409, 410, 502, 504)

_OF_LIMITS = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds until it may be tried again."},
    **{
        name: {"schema": {"type": "string"}, "description": f"{meaning} Only where a limit is used up."}
        for name, meaning in rate_limits.MEANINGS.items()
    },
}

_ANSWERS = {"create": 201, "retrieve": 200, "partial_update": 200}

_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200},
    OpenApiParameter.HEADER,
    description="Any text of yours: a repeat with the same key makes nothing new.",
)
_VERSION = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The `ETag` of the version that was read; left out, every version will do.",
)
_TELLS_VERSION = OpenApiParameter(
    "ETag",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="The version, for `If-Match`.",
    response=[200, 201],
)


class ApiSchema(AutoSchema):
    """Says of every operation what it may answer besides, and which headers its kind of view reads."""

    def get_request_serializer(self) -> Any:
        """Find the view's own nested serializer, where its kind has one."""
        if isinstance(self.view, CreatesOnce) and self._action == "create":
            return self.view.Input
        if isinstance(self.view, ChangesByVersion) and self._action == "partial_update":
            return self.view.Changes
        return super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """Find the view's own nested serializer, where its kind has one."""
        if isinstance(self.view, OwnedViewSet) and self._action in _ANSWERS:
            return {_ANSWERS[self._action]: self.view.Output}
        return super().get_response_serializers()

    def get_override_parameters(self) -> list[Any]:
        """Add the filters of the view, and the headers that its kind reads and tells."""
        action = self._action
        found: list[Any] = list(super().get_override_parameters())
        if action == "list" and isinstance(self.view, OwnedViewSet) and self.view.Filters:
            found.append(self.view.Filters)
        if action == "create" and isinstance(self.view, CreatesOnce):
            found.append(_KEY)
        if self._is_versioned():
            found += [_VERSION] if action in {"partial_update", "destroy"} else []
            found += [_TELLS_VERSION] if action in {"create", "retrieve", "partial_update"} else []
        return found

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # as the library is
            name="Error", type=ResolvedComponent.SCHEMA, schema=ERROR_SCHEMA, object="Error"
        )
        self.registry.register_on_missing(component)
        content = {"application/json": {"schema": component.ref}}
        errors = {
            str(status): {"description": _EXPLAINED[status], "content": content}
            | ({"headers": _OF_LIMITS} if status == HTTPStatus.TOO_MANY_REQUESTS else {})
            for status in sorted(self._error_statuses())
        }
        return bodies | {status: said for status, said in errors.items() if status not in bodies}

    def _error_statuses(self) -> set[int]:
        """Name the statuses of this kind of operation; one that has others says so by `extend_schema`."""
        found = set(_ALWAYS)
        is_writing = self.method != "GET"
        if self.view.authentication_classes or is_writing:
            # Signing in is open to all, and refused to some.
            found.update(_OF_CLOSED)
        if is_writing:
            found.update(_OF_WRITING)
        if self.method in {"POST", "PUT", "PATCH"} and self.get_request_serializer() is not None:
            found.update(_OF_BODIES)
        found.update(_OF_PLACES[one["in"]] for one in self._get_parameters() if one["in"] in _OF_PLACES)
        if any(one["name"] in _LEAVING_TOMBSTONES for one in self._get_parameters()):
            found.add(410)
        if isinstance(self.view, AsyncAPIView):
            found.update(_OF_AGENT_SERVER)
        if self._is_versioned() and self.method in {"PATCH", "DELETE"}:
            found.add(412)
        return found

    @property
    def _action(self) -> str:
        return getattr(self.view, "action", None) or ""

    def _is_versioned(self) -> bool:
        return isinstance(self.view, OwnedViewSet) and bool(self.view.versioned)


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
