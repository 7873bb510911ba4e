"""REST addresses of prompts, below /api/v1/."""

from django.urls import path

from controlplane.prompts.views.reception import PromptRateView, PromptRenderView
from controlplane.prompts.views.templates import PromptsViewSet
from controlplane.prompts.views.versions import PromptRestoreView, PromptVersionsView

urlpatterns = [
    path("prompts/", PromptsViewSet.as_view({"get": "list", "post": "create"}), name="prompts"),
    path(
        "prompts/<uuid:prompt_id>/",
        PromptsViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="prompt",
    ),
    path("prompts/<uuid:prompt_id>/render/", PromptRenderView.as_view(), name="prompt-render"),
    path("prompts/<uuid:prompt_id>/rate/", PromptRateView.as_view(), name="prompt-rate"),
    path("prompts/<uuid:prompt_id>/versions/", PromptVersionsView.as_view(), name="prompt-versions"),
    path(
        "prompts/<uuid:prompt_id>/versions/<int:version_number>/restore/",
        PromptRestoreView.as_view(),
        name="prompt-restore",
    ),
]
