"""Tells the Agent Server whether a user's tokens still count (docs/contracts.md, section 1)."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from controlplane.accounts.models import CustomUser
from controlplane.errors import NotFound
from controlplane.internal.callers import agent_server_only


@agent_server_only
@require_GET
def user_state(_request: HttpRequest, user_id: UUID) -> JsonResponse:
    """Answer with the user's activity and token version; 404 `user_not_found`."""
    state = CustomUser.objects.filter(pk=user_id).values("is_active", "token_version").first()
    if state is None:
        raise NotFound("There is no such user.", code="user_not_found")
    return JsonResponse({"user_id": str(user_id), **state})
