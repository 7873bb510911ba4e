"""A row in every table that the back office shows, all of one user's."""

import uuid

from django.utils import timezone

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import CustomUser
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.approvals.models import ToolApproval
from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.chat.models import ChatSession, DeletedThread
from controlplane.documents.models import UserDocument
from controlplane.erasure.models import DeletionReceipt
from controlplane.feedback.models import MessageFeedback
from controlplane.prompts.reception import prompt_rate
from controlplane.prompts.services import prompt_create
from controlplane.provider_keys.models import KeyCounter, UserAPIKey
from controlplane.runs.models import Run
from controlplane.takeout.models import AccountExport
from controlplane.tools.models import ToolCall, UserTool
from controlplane.upkeep.models import DriftFinding
from controlplane.usage.models import DailyCounter, DailySum, MonthlyCounter, TokenUsage, UsageGrant


def add_one_of_each_of(user: CustomUser) -> ChatSession:
    """Add the rows and give the session that they are about."""
    issue_refresh_token(user)
    personal_token_create(owner_id=user.pk, name="Report", scopes=["read"])
    invitation_create(email=f"guest-of-{user.email}", invited_by=user.pk)
    session = ChatSession.objects.create(user=user, title="Tea")
    run = Run.objects.create(user=user, session=session, thread_id=session.pk, graph_id="agent")
    TokenUsage.objects.create(user=user, chat_session=session, run=run, model_name="gpt-4o")
    counter = DailyCounter.objects.create(user=user, day=timezone.localdate(), resets_at=timezone.now())
    figures = dict.fromkeys(("calls", "failed_calls", "unpriced_calls", "tokens_in", "tokens_out"), 0)
    DailySum.objects.create(counter=counter, model_name="gpt-4o", is_house_paid=True, **figures)
    MonthlyCounter.objects.create(user=user, month=timezone.localdate(), resets_at=timezone.now())
    UsageGrant.objects.create(user=user, kind="grant", term="day", starts_on=timezone.localdate(), messages=1)
    key = UserAPIKey.objects.create(user=user, provider="openai", key_name="Mine")
    today = timezone.localdate()
    KeyCounter.objects.create(key=key, period="day", starts_on=today, resets_at=timezone.now())
    UserDocument.objects.create(user=user, file="none", file_name=f"{user.email}.txt", file_size=1)
    UserTool.objects.create(user=user, tool_name="calculator")
    ToolCall.objects.create(id=uuid.uuid4(), user=user, session=session, run=run, tool_name="calculator")
    ToolApproval.objects.create(
        id=uuid.uuid4(),
        user=user,
        session=session,
        thread_id=session.pk,
        run_id=run.pk,
        position=0,
        expires_at=timezone.now(),
    )
    DeletedThread.objects.create(thread_id=session.pk, user=user)
    entry_add(Action.REPAIR, subject=session, actor_id=None, concerns_id=user.pk)
    AccountExport.objects.create(user=user, status="ready")
    DriftFinding.objects.create(kind="owner_differs", thread_id=session.pk, details={"session": user.email})
    DeletionReceipt.objects.create(kind="session", subject_id=session.pk, user=user)
    MessageFeedback.objects.create(user=user, chat_session=session, message_id="m", rating="star_4")
    prompt = prompt_create(
        author_id=user.pk, owner_id=user.pk, settings={"name": f"Tutor of {user.email}", "content": "Teach."}
    )
    prompt_rate(prompt_id=prompt.pk, rater_id=user.pk, stars=4)
    return session
