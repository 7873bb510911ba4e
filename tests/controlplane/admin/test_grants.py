"""Grants and resets in the back office: by the services, so recorded with who did it."""

import pytest
from django.urls import reverse

from controlplane.audit.models import AuditEntry
from controlplane.usage import counters
from controlplane.usage.models import DailyCounter, UsageGrant
from controlplane.usage.standing import limits_standing

GRANTS = "admin:usage_usagegrant"


@pytest.fixture
def used_up(user, settings):
    """Leave a user nothing of one message a day."""
    settings.DAILY_MESSAGE_LIMIT = 1
    counters.consume_message(user)
    return user


def test_administrator_grants_and_resets(office, used_up):
    page = office.post(
        reverse(f"{GRANTS}_add"),
        {"user": used_up.pk, "term": "day", "messages": "1", "tokens": "0", "cost": "0"},
        follow=True,
    )
    assert page.status_code == 200
    grant = UsageGrant.objects.get()
    assert (grant.messages, grant.granted_by_id) == (1, AuditEntry.objects.get().actor_id)
    counters.consume_message(used_up)

    chosen = {"action": "reset", "_selected_action": [DailyCounter.objects.get().pk]}
    page = office.post(reverse("admin:usage_dailycounter_changelist"), chosen, follow=True)

    assert "1 counter was reset." in page.text
    assert limits_standing(used_up).day.messages.remaining == 1


def test_grant_of_nothing_is_told_beside_the_field(office, used_up):
    given = {"user": used_up.pk, "term": "day", "messages": "0", "tokens": "0", "cost": "0"}
    page = office.post(reverse(f"{GRANTS}_add"), given)
    assert "Messages, tokens or cost above 0." in page.text
    assert not UsageGrant.objects.exists()
