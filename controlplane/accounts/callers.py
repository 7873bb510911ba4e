"""Names the caller of a request that has passed authentication."""

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from controlplane.accounts.models import CustomUser


def user_of(request: Request | HttpRequest) -> CustomUser:
    """Give the signed-in user. Raises NotAuthenticated when a view forgot to demand one."""
    if not isinstance(request.user, CustomUser):
        raise NotAuthenticated
    return request.user
