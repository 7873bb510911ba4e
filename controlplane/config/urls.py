"""Every address of the control plane."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from controlplane.accounts.sign_up.not_offered import not_offered

api_v1 = [
    path("", include("controlplane.accounts.urls")),
    path("", include("controlplane.chat.urls")),
    path("", include("controlplane.usage.urls")),
    path("", include("controlplane.preferences.urls")),
    path("", include("controlplane.prompts.urls")),
    path("", include("controlplane.tools.urls")),
    path("", include("controlplane.approvals.urls")),
    path("", include("controlplane.provider_keys.urls")),
    path("", include("controlplane.documents.urls")),
    path("", include("controlplane.feedback.urls")),
    path("", include("controlplane.memories.urls")),
    path("", include("controlplane.takeout.urls")),
    path("", include("controlplane.erasure.urls")),
    path("", include("controlplane.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="webchat")),
    path("chat/", include("controlplane.webchat.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api_v1)),
    re_path(r"^api/accounts/(?:app|browser)/v1/(?:account|auth)/phone", not_offered),
    path("api/accounts/", include("allauth.headless.urls")),
    # The way back from the OpenID Connect provider; everything else of signing in is the line above.
    path("accounts/", include("allauth.urls")),
    path("health/", include("controlplane.health.urls")),
    path("internal/", include("controlplane.internal.urls")),
]

handler400 = "controlplane.api.fallbacks.bad_request"
handler404 = "controlplane.api.fallbacks.not_found"
handler500 = "controlplane.api.fallbacks.server_error"
