"""REST addresses of the accounts, below /api/v1/."""

from django.urls import path

from controlplane.accounts.views import AgentTokenView, MeView, RefreshView, SignInView, SignOutEverywhereView

urlpatterns = [
    path("auth/token/", SignInView.as_view(), name="sign-in"),
    path("auth/token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("auth/agent-token/", AgentTokenView.as_view(), name="agent-token"),
    path("auth/sign-out-everywhere/", SignOutEverywhereView.as_view(), name="sign-out-everywhere"),
    path("me/", MeView.as_view(), name="me"),
]
