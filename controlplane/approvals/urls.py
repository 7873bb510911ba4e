"""REST addresses of approvals, below /api/v1/."""

from django.urls import path

from controlplane.approvals.views import ApprovalDecisionView, ApprovalsView, ApprovalView

urlpatterns = [
    path("approvals/", ApprovalsView.as_view(), name="approvals"),
    path("approvals/<uuid:approval_id>/", ApprovalView.as_view(), name="approval"),
    path("approvals/<uuid:approval_id>/decide/", ApprovalDecisionView.as_view(), name="approval-decide"),
]
