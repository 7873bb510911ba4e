"""REST addresses of feedback, below /api/v1/."""

from django.urls import path

from controlplane.feedback.views import FeedbackItemView, FeedbackView, SatisfactionView

urlpatterns = [
    path("sessions/<uuid:session_id>/feedback/", FeedbackView.as_view(), name="session-feedback"),
    path(
        "sessions/<uuid:session_id>/feedback/<uuid:feedback_id>/",
        FeedbackItemView.as_view(),
        name="session-feedback-item",
    ),
    path("sessions/<uuid:session_id>/satisfaction/", SatisfactionView.as_view(), name="session-satisfaction"),
]
