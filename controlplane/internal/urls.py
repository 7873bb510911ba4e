"""Addresses below /internal/, for the Agent Server alone; no proxy may route them to the outside."""

from django.urls import path

from controlplane.internal.approvals import approvals
from controlplane.internal.passages import passages
from controlplane.internal.runs import admit, calls, run_webhook
from controlplane.internal.threads import claim
from controlplane.internal.tool_calls import tool_call_ended, tool_calls
from controlplane.internal.users import user_state

urlpatterns = [
    path("runs/admit/", admit, name="run-admit"),
    path("runs/<uuid:run_id>/calls/", calls, name="run-calls"),
    path("runs/<uuid:run_id>/passages/", passages, name="run-passages"),
    path("runs/<uuid:run_id>/tool-calls/", tool_calls, name="run-tool-calls"),
    path("runs/<uuid:run_id>/tool-calls/<uuid:attempt_id>/end/", tool_call_ended, name="run-tool-call-end"),
    path("runs/<uuid:run_id>/approvals/", approvals, name="run-approvals"),
    path("threads/claim/", claim, name="thread-claim"),
    path("users/<uuid:user_id>/", user_state, name="user-state"),
    path("webhooks/runs/", run_webhook, name="run-webhook"),
]
