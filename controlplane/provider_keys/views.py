"""REST of users' own keys: a key goes in and never comes out."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from controlplane.api.fields import TextField
from controlplane.api.viewsets import ChangesByVersion, CreatesOnce, Deletes
from controlplane.provider_keys.models import LONGEST_KEY, UserAPIKey
from controlplane.provider_keys.services import (
    key_change,
    key_create,
    key_delete,
    key_validate,
    lock_keys_of,
)

MOST_TOKENS = 1_000_000_000_000
EXAMPLE = {
    "id": "019c2b1e-7c2e-7d3a-9a51-0c6d1f0e4b7a",
    "provider": "openai",
    "key_name": "My OpenAI Key",
    "key_prefix": "sk-",
    "last_four": "x7Qa",
    "base_url": "",
    "is_active": True,
    "is_default": True,
    "use_for_runs": True,
    "may_use_house_key": False,
    "needs_reentry": False,
    "is_validated": True,
    "last_validated_at": "2026-03-01T09:30:00Z",
    "validation_error": "",
    "refused_at": None,
    "daily_limit": 200000,
    "monthly_limit": None,
    "usage_count": 12,
    "total_tokens_used": 18345,
    "last_used_at": "2026-03-01T10:02:11Z",
    "created_at": "2026-03-01T09:29:41Z",
    "updated_at": "2026-03-01T09:30:00Z",
}
SHOWN = OpenApiExample("A key", EXAMPLE, response_only=True)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag of the version that is being changed."
)
ONCE = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A repeat with the same one makes nothing new.",
)
TAGS = ["provider keys"]


def _api_key_field(**options: Any) -> TextField:
    return TextField(max_length=LONGEST_KEY, write_only=True, trim_whitespace=True, **options)


def _limit_field() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1,
        max_value=MOST_TOKENS,
        required=False,
        allow_null=True,
        help_text="Tokens; null: no limit.",
    )


class ProviderKeyViewSet(CreatesOnce[UserAPIKey], ChangesByVersion[UserAPIKey], Deletes[UserAPIKey]):
    """The caller's own keys for model providers."""

    lookup_url_kwarg = "key_id"
    versioned = (
        "provider",
        "key_name",
        "base_url",
        "is_active",
        "is_default",
        "use_for_runs",
        "may_use_house_key",
        "daily_limit",
        "monthly_limit",
        "entered_at",
    )

    class Output(serializers.ModelSerializer[UserAPIKey]):
        """A key as its owner sees it: by its name, its first characters and its last."""

        needs_reentry = serializers.BooleanField(read_only=True)

        class Meta:
            ref_name = "ProviderKey"
            model = UserAPIKey
            fields: ClassVar[list[str]] = list(EXAMPLE)
            read_only_fields = fields

    class Settings(serializers.Serializer[UserAPIKey]):
        """What can be set about a key at any time."""

        base_url = TextField(max_length=200, required=False, allow_blank=True)
        is_active = serializers.BooleanField(required=False)
        is_default = serializers.BooleanField(required=False)
        use_for_runs = serializers.BooleanField(required=False)
        may_use_house_key = serializers.BooleanField(required=False)
        daily_limit = _limit_field()
        monthly_limit = _limit_field()

    class Input(Settings):
        """A new key; unless `is_default` says otherwise, the first one of a provider becomes its default."""

        provider = TextField(max_length=100)
        key_name = TextField(max_length=100)
        api_key = _api_key_field()

        class Meta:
            ref_name = "ProviderKeyInput"

    class Changes(Settings):
        """What is to change; `api_key` takes the old key's place."""

        key_name = TextField(max_length=100, required=False)
        api_key = _api_key_field(required=False)

        class Meta:
            ref_name = "ProviderKeyChange"

    class Filters(serializers.Serializer[UserAPIKey]):
        """What a list can be narrowed by."""

        provider = TextField(max_length=100, required=False)
        is_active = serializers.BooleanField(required=False)
        is_default = serializers.BooleanField(required=False)

    class Validation(serializers.Serializer[Any]):
        """What the provider said; `error_code` is empty for a good key."""

        valid = serializers.BooleanField()
        error_code = serializers.CharField()
        message = serializers.CharField()
        is_validated = serializers.BooleanField()
        last_validated_at = serializers.DateTimeField()

        class Meta:
            ref_name = "ProviderKeyValidation"

    serializer_class = Output

    def owned_by(self, owner_id: UUID) -> QuerySet[UserAPIKey]:
        """Give the caller's keys."""
        return UserAPIKey.objects.owned_by(owner_id).existing()

    def find(self, *, lock: bool = False) -> UserAPIKey:
        """Find one; to lock it is to lock all of its owner's, as the services do."""
        if lock:
            lock_keys_of(self.owner_id)
        return super().find()

    def make(self, given: dict[str, Any]) -> UserAPIKey:
        """Take it over by the service."""
        return key_create(user_id=self.owner_id, **given)

    def change(self, row: UserAPIKey, changes: dict[str, Any]) -> UserAPIKey:
        """Change it by the service."""
        return key_change(key_id=row.pk, user_id=self.owner_id, changes=changes)

    def remove(self, row: UserAPIKey) -> None:
        """Erase it by the service."""
        key_delete(key_id=row.pk, user_id=self.owner_id)

    @extend_schema(
        operation_id="provider_keys_list", tags=TAGS, parameters=[Filters], responses=Output, examples=[SHOWN]
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the caller's keys, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(
        operation_id="provider_keys_create",
        tags=TAGS,
        parameters=[ONCE],
        request=Input,
        responses={201: Output},
        examples=[
            OpenApiExample(
                "A new key",
                {"provider": "openai", "key_name": "My OpenAI Key", "api_key": "sk-…", "daily_limit": 200000},
                request_only=True,
            ),
            SHOWN,
        ],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Take over a key. It is kept encrypted, and nothing but its ends is ever shown again.

        422 for a provider or an address that is not on the house's list.
        """
        return super().create(request, **kwargs)

    @extend_schema(operation_id="provider_keys_read", tags=TAGS, responses=Output, examples=[SHOWN])
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Read one key's settings and figures."""
        return super().retrieve(request, **kwargs)

    @extend_schema(
        operation_id="provider_keys_change",
        tags=TAGS,
        parameters=[IF_MATCH],
        request=Changes,
        responses=Output,
        examples=[OpenApiExample("Less per day", {"daily_limit": 50000}, request_only=True), SHOWN],
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change some settings, or put another key in the place of this one.

        With `If-Match`, 412 `changed_meanwhile` when it was changed since it was read.
        """
        return super().partial_update(request, **kwargs)

    @extend_schema(
        operation_id="provider_keys_delete", tags=TAGS, parameters=[IF_MATCH], responses={204: None}
    )
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Erase the key. Runs that use it end at their next call; usage that was recorded stays."""
        return super().destroy(request, **kwargs)

    @extend_schema(
        operation_id="provider_keys_validate",
        tags=TAGS,
        request=None,
        responses=Validation,
        examples=[
            OpenApiExample(
                "A good key",
                {
                    "valid": True,
                    "error_code": "",
                    "message": "The provider accepts this key.",
                    "is_validated": True,
                    "last_validated_at": "2026-03-01T09:30:00Z",
                },
                response_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, **kwargs: Any) -> Response:  # noqa: ARG002  # DRF passes them
        """Ask the provider whether it takes the key: up to ten seconds.

        A bad key is an answer, not an error: `valid` is false and `error_code` one of `invalid_key`,
        `key_unreadable`, `unreachable`, `timed_out`, `rate_limited`, `provider_failed`, `unexpected_answer`,
        `address_refused`, `unknown_provider`. Only the first two change `is_validated`. A key that its
        provider refused (`refused_at`) is used again once it is found good.
        """
        key, result = key_validate(key_id=self.kwargs["key_id"], user_id=self.owner_id)
        known = {"is_validated": key.is_validated, "last_validated_at": key.last_validated_at}
        return Response(self.Validation({**result, **known}).data)
