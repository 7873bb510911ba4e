"""REST addresses of sessions, below /api/v1/."""

from django.urls import path

from controlplane.chat.views.configuration import EffectiveConfigurationView
from controlplane.chat.views.messages import HistoryView, MessagesView
from controlplane.chat.views.prompts import SessionPromptView
from controlplane.chat.views.runs import RunCancelView, RunsView
from controlplane.chat.views.search import SessionSearchView
from controlplane.chat.views.sessions import SessionViewSet
from controlplane.chat.views.summaries import SessionSummaryView

_all = SessionViewSet.as_view({"get": "list", "post": "create"})
_one = SessionViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})

urlpatterns = [
    path("sessions/", _all, name="sessions"),
    path("sessions/search/", SessionSearchView.as_view(), name="session-search"),
    path("sessions/<uuid:session_id>/", _one, name="session"),
    *(
        path(
            f"sessions/<uuid:session_id>/{step}/",
            SessionViewSet.as_view({"post": step}),
            name=f"session-{step}",
        )
        for step in ("archive", "restore", "pin", "unpin")
    ),
    path(
        "sessions/<uuid:session_id>/effective-config/",
        EffectiveConfigurationView.as_view(),
        name="session-effective-config",
    ),
    path("sessions/<uuid:session_id>/prompt/", SessionPromptView.as_view(), name="session-prompt"),
    path("sessions/<uuid:session_id>/summary/", SessionSummaryView.as_view(), name="session-summary"),
    path("sessions/<uuid:session_id>/history/", HistoryView.as_view(), name="session-history"),
    path("sessions/<uuid:session_id>/messages/", MessagesView.as_view(), name="session-messages"),
    path("sessions/<uuid:session_id>/runs/", RunsView.as_view(), name="session-runs"),
    path("sessions/<uuid:session_id>/runs/<uuid:run_id>/cancel/", RunCancelView.as_view(), name="run-cancel"),
]
