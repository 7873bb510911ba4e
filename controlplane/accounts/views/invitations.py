"""Invitations over REST, for staff."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.authentication import AccountOwnerOnly
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import Invitation
from controlplane.api.viewsets import OwnedViewSet

_ABOUT = {
    "id": "4f1d5f0e-54a6-4b0e-9d34-0f6c2b3f7a10",
    "email": "grace@example.com",
    "state": "open",
    "created_at": "2026-11-22T20:00:00Z",
    "expires_at": "2026-11-29T20:00:00Z",
    "accepted_at": None,
}
ASKED = OpenApiExample("Somebody new", value={"email": "grace@example.com"}, request_only=True)
MADE = OpenApiExample("Just made", value={**_ABOUT, "token": "Qw3rT…"}, response_only=True)
KEPT = OpenApiExample("An invitation", value=_ABOUT, response_only=True)


class MayInvite(BasePermission):
    """Staff whose role lets them invite."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  # DRF's signature
        """Ask for the permission that the back office asks for."""
        return bool(request.user.is_staff and request.user.has_perm("accounts.add_invitation"))


@extend_schema_view(list=extend_schema(operation_id="invitations_list", tags=["auth"], examples=[KEPT]))
class Invitations(AccountOwnerOnly, OwnedViewSet[Invitation]):
    """The invitations of the house, newest first; for staff alone."""

    queryset = Invitation.objects.none()
    permission_classes = (IsAuthenticated, MayInvite)

    class Output(serializers.ModelSerializer[Invitation]):
        """An invitation without its token, which is known to the invited alone."""

        state = serializers.CharField(read_only=True, help_text="open, accepted or expired")

        class Meta:
            ref_name = "Invitation"
            model = Invitation
            fields: ClassVar[list[str]] = list(_ABOUT)
            read_only_fields = fields

    class Made(Output):
        """A new invitation; the token was sent by mail as well."""

        token = serializers.CharField(read_only=True)

        class Meta:
            ref_name = "InvitationMade"
            model = Invitation
            fields: ClassVar[list[str]] = [*_ABOUT, "token"]
            read_only_fields = fields

    class Input(serializers.Serializer[dict[str, Any]]):
        """Who is invited."""

        email = serializers.EmailField(max_length=254)

        class Meta:
            ref_name = "InvitationInput"

    serializer_class = Output

    def owned_by(self, owner_id: UUID) -> QuerySet[Invitation]:  # noqa: ARG002  # they are the house's
        """Give all of them: the permission has been asked for."""
        return Invitation.objects.all()

    @extend_schema(
        request=Input,
        responses={201: Made},
        operation_id="invitations_create",
        tags=["auth"],
        examples=[ASKED, MADE],
    )
    def create(self, request: Request) -> Response:  # noqa: ARG002  # DRF passes it
        """Invite an address and send it a mail; an earlier invitation of it is over."""
        given = self.given(self.Input)
        invitation, token = invitation_create(email=given["email"], invited_by=self.owner_id)
        invitation.token = token  # type: ignore[attr-defined]  # for the serializer, not for the table
        return Response(self.Made(invitation).data, status=201)
