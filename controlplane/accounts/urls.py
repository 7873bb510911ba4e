"""REST addresses of the accounts, below /api/v1/."""

from django.urls import path

from controlplane.accounts.views.invitations import Invitations
from controlplane.accounts.views.personal_tokens import PersonalTokens
from controlplane.accounts.views.sign_in import (
    AgentTokenView,
    MeView,
    RefreshView,
    SignInView,
    SignOutEverywhereView,
)

urlpatterns = [
    path("auth/token/", SignInView.as_view(), name="sign-in"),
    path("auth/token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("auth/agent-token/", AgentTokenView.as_view(), name="agent-token"),
    path("auth/sign-out-everywhere/", SignOutEverywhereView.as_view(), name="sign-out-everywhere"),
    path(
        "auth/personal-access-tokens/",
        PersonalTokens.as_view({"get": "list", "post": "create"}),
        name="personal-tokens",
    ),
    path(
        "auth/personal-access-tokens/<uuid:personal_token_id>/",
        PersonalTokens.as_view({"get": "retrieve", "delete": "destroy"}),
        name="personal-token",
    ),
    path("invitations/", Invitations.as_view({"get": "list", "post": "create"}), name="invitations"),
    path("me/", MeView.as_view(), name="me"),
]
