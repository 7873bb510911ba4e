"""Personal access tokens over REST: made, listed and revoked by their owner, never by a token."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from controlplane.accounts.authentication import AccountOwnerOnly
from controlplane.accounts.models import PersonalAccessToken
from controlplane.accounts.models.personal_tokens import Scope
from controlplane.accounts.personal_tokens import personal_token_create, personal_token_revoke
from controlplane.api.viewsets import CreatesOnce, Deletes

_ABOUT = {
    "id": "4f1d5f0e-54a6-4b0e-9d34-0f6c2b3f7a10",
    "name": "Nightly report",
    "prefix": "tp_6Yh2Qa",
    "scopes": ["read"],
    "state": "active",
    "created_at": "2026-11-22T20:00:00Z",
    "expires_at": "2027-05-22T20:00:00Z",
    "last_used_at": None,
}
ASKED = OpenApiExample(
    "A token for a report",
    value={"name": "Nightly report", "scopes": ["read"], "expires_at": "2027-05-22T20:00:00Z"},
    request_only=True,
)
MADE = OpenApiExample("Just made", value={**_ABOUT, "secret": "tp_6Yh2Qa…"}, response_only=True)
KEPT = OpenApiExample("A token", value=_ABOUT, response_only=True)


@extend_schema_view(
    list=extend_schema(operation_id="personal_tokens_list", tags=["auth"], examples=[KEPT]),
    retrieve=extend_schema(operation_id="personal_tokens_retrieve", tags=["auth"], examples=[KEPT]),
    destroy=extend_schema(
        operation_id="personal_tokens_revoke",
        tags=["auth"],
        responses={204: None},
        description="Revoke it: whoever holds it is refused from now on.",
    ),
)
class PersonalTokens(AccountOwnerOnly, CreatesOnce[PersonalAccessToken], Deletes[PersonalAccessToken]):
    """The caller's tokens that were not revoked, newest first."""

    queryset = PersonalAccessToken.objects.none()
    lookup_url_kwarg = "personal_token_id"

    class Output(serializers.ModelSerializer[PersonalAccessToken]):
        """A token without its secret, which is known to nobody any more."""

        scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), read_only=True)
        state = serializers.CharField(read_only=True, help_text="active, expired, signed out or revoked")

        class Meta:
            ref_name = "PersonalAccessToken"
            model = PersonalAccessToken
            fields: ClassVar[list[str]] = list(_ABOUT)
            read_only_fields = fields

    class Made(Output):
        """A new token; null in place of the secret where an `Idempotency-Key` was repeated."""

        secret = serializers.CharField(read_only=True, allow_null=True, default=None)

        class Meta:
            ref_name = "PersonalAccessTokenMade"
            model = PersonalAccessToken
            fields: ClassVar[list[str]] = [*_ABOUT, "secret"]
            read_only_fields = fields

    class Input(serializers.Serializer[dict[str, Any]]):
        """What the token is for, what it may do and when it ends; without an end it does not."""

        name = serializers.CharField(max_length=100)
        scopes = serializers.ListField(
            child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope)
        )
        expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

        class Meta:
            ref_name = "PersonalAccessTokenInput"

    serializer_class = Output

    @extend_schema(
        request=Input,
        responses={201: Made},
        operation_id="personal_tokens_create",
        tags=["auth"],
        examples=[ASKED, MADE],
    )
    def create(self, *args: Any, **kwargs: Any) -> Response:
        """Make a token; its secret is in this answer and nowhere else, ever."""
        return super().create(*args, **kwargs)

    def owned_by(self, owner_id: UUID) -> QuerySet[PersonalAccessToken]:
        """Give the caller's unrevoked tokens."""
        return PersonalAccessToken.objects.owned_by(owner_id).unrevoked().select_related("user")

    def make(self, given: dict[str, Any]) -> PersonalAccessToken:
        """Create it by its service and keep the secret for this answer."""
        expires_at: datetime | None = given["expires_at"]
        token, secret = personal_token_create(
            owner_id=self.owner_id, name=given["name"], scopes=given["scopes"], expires_at=expires_at
        )
        token.secret = secret  # type: ignore[attr-defined]  # for the serializer above, not for the table
        return token

    def remove(self, row: PersonalAccessToken) -> None:
        """Revoke it by its service."""
        personal_token_revoke(token_id=row.pk, owner_id=self.owner_id)

    def present(self, row: PersonalAccessToken, *, status: int = 200) -> Response:
        """Answer with one token; only a new one comes with its secret."""
        form = self.Made if status == 201 else self.Output  # noqa: PLR2004  # HTTP's word for "made"
        return Response(form(row).data, status=status)
