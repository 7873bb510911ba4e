"""Deleting one's account, and the receipts of what was deleted."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlplane.accounts.authentication import AccountOwnerOnly
from controlplane.accounts.callers import user_of
from controlplane.api.pagination import KeysetPagination
from controlplane.api.viewsets import OwnedViewSet
from controlplane.erasure.account.request import account_delete, deletion_confirm
from controlplane.erasure.models import DeletionReceipt

_RECEIPT: dict[str, Any] = {
    "id": "019aa9b4-6f0a-7cc1-9c0e-0d5b9c5a7a11",
    "kind": "session",
    "subject_id": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "state": "done",
    "requested_at": "2026-11-22T20:00:00Z",
    "erased_at": "2026-11-22T20:00:01Z",
    "checked_at": "2026-11-22T20:01:02Z",
    "counts": {"messages": 12, "documents": 1, "files": 1, "messagefeedback": 2},
}
SHOWN = OpenApiExample("A deleted conversation", value=_RECEIPT, response_only=True)
BEGUN = OpenApiExample(
    "Begun",
    value={
        **_RECEIPT,
        "kind": "account",
        "state": "erasing",
        "erased_at": None,
        "checked_at": None,
        "counts": {},
    },
    response_only=True,
)
CONFIRMED = OpenApiExample(
    "With a second factor", value={"password": "correct horse battery", "code": "123456"}, request_only=True
)


class ReceiptSerializer(serializers.ModelSerializer[DeletionReceipt]):
    """What a deletion has erased: numbers by kind, and no content."""

    state = serializers.CharField(read_only=True, help_text="erasing, looking_again or done")
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        ref_name = "DeletionReceipt"
        model = DeletionReceipt
        fields: ClassVar[list[str]] = list(_RECEIPT)
        read_only_fields = fields


class ReceiptPages(KeysetPagination[DeletionReceipt]):
    """Newest first."""

    ordering = "-requested_at"


@extend_schema_view(
    list=extend_schema(operation_id="deletions_list", tags=["deletions"], examples=[SHOWN]),
    retrieve=extend_schema(operation_id="deletions_retrieve", tags=["deletions"], examples=[SHOWN]),
)
class Receipts(OwnedViewSet[DeletionReceipt]):
    """The receipts of what the caller has deleted, newest first; one comes as soon as its job has begun."""

    queryset = DeletionReceipt.objects.none()
    lookup_url_kwarg = "receipt_id"
    serializer_class = Output = ReceiptSerializer
    pagination_class = ReceiptPages

    def owned_by(self, owner_id: UUID) -> QuerySet[DeletionReceipt]:
        """Give one user's receipts."""
        return DeletionReceipt.objects.owned_by(owner_id)


class AccountDeletionView(AccountOwnerOnly, APIView):
    """The end of the caller's account."""

    class Input(serializers.Serializer[dict[str, str]]):
        """Who asks proves again who it is."""

        password = serializers.CharField(
            required=False,
            allow_blank=True,
            default="",
            trim_whitespace=False,
            max_length=1024,
            help_text="Where the account has one; else signing in must be no more than ten minutes ago.",
        )
        code = serializers.CharField(
            required=False,
            allow_blank=True,
            default="",
            max_length=64,
            help_text="One-time or recovery code, where a second factor is set up.",
        )

        class Meta:
            ref_name = "AccountDeletion"

    @extend_schema(
        request=Input,
        responses={202: ReceiptSerializer},
        operation_id="me_delete",
        tags=["auth"],
        examples=[CONFIRMED, BEGUN],
    )
    def post(self, request: Request) -> Response:
        """Delete the caller's account for good: off at once, every token included; erased soon after.

        403 `password_wrong` or `sign_in_again`, 401 `totp_required` or `totp_invalid`, and 409
        `account_is_staff` or `last_administrator` for those who keep the house running.
        """
        given = self.Input(data=request.data)
        given.is_valid(raise_exception=True)
        user = user_of(request)
        deletion_confirm(user=user, **given.validated_data)
        receipt = account_delete(user_id=user.pk, actor_id=user.pk)
        return Response(ReceiptSerializer(receipt).data, status=202)
