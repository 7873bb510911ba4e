"""REST addresses of sessions, below /api/v1/."""

from django.urls import path

from controlplane.chat.views.configuration import EffectiveConfigurationView
from controlplane.chat.views.messages import HistoryView, MessagesView
from controlplane.chat.views.runs import RunCancelView, RunsView
from controlplane.chat.views.sessions import (
    ArchiveView,
    PinView,
    RestoreView,
    SessionsView,
    SessionView,
    UnpinView,
)

urlpatterns = [
    path("sessions/", SessionsView.as_view(), name="sessions"),
    path("sessions/<uuid:session_id>/", SessionView.as_view(), name="session"),
    path("sessions/<uuid:session_id>/archive/", ArchiveView.as_view(), name="session-archive"),
    path("sessions/<uuid:session_id>/restore/", RestoreView.as_view(), name="session-restore"),
    path("sessions/<uuid:session_id>/pin/", PinView.as_view(), name="session-pin"),
    path("sessions/<uuid:session_id>/unpin/", UnpinView.as_view(), name="session-unpin"),
    path(
        "sessions/<uuid:session_id>/effective-config/",
        EffectiveConfigurationView.as_view(),
        name="session-effective-config",
    ),
    path("sessions/<uuid:session_id>/history/", HistoryView.as_view(), name="session-history"),
    path("sessions/<uuid:session_id>/messages/", MessagesView.as_view(), name="session-messages"),
    path("sessions/<uuid:session_id>/runs/", RunsView.as_view(), name="session-runs"),
    path("sessions/<uuid:session_id>/runs/<uuid:run_id>/cancel/", RunCancelView.as_view(), name="run-cancel"),
]
