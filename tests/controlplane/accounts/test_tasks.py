"""What is over is forgotten; what is not stays."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.invitations import invitation_create
from controlplane.accounts.models import Invitation, PersonalAccessToken
from controlplane.accounts.personal_tokens import personal_token_create
from controlplane.accounts.tasks import forget_expired


def test_only_expired_tokens_are_forgotten(user):
    kept, expired = issue_refresh_token(user), issue_refresh_token(user)
    yesterday = timezone.now() - timedelta(days=1)
    OutstandingToken.objects.filter(jti=expired["jti"]).update(expires_at=yesterday)
    forget_expired()
    assert [token.jti for token in OutstandingToken.objects.all()] == [kept["jti"]]


@pytest.mark.parametrize(("days", "left"), [(89, 3), (91, 1)], ids=["lately", "long ago"])
def test_tokens_and_invitations_that_are_long_over_are_forgotten(user, days, left):
    revoked, expired, living = (
        personal_token_create(owner_id=user.pk, name=name, scopes=["read"])[0] for name in "abc"
    )
    accepted, unused, still_open = (
        invitation_create(email=f"{name}@example.org", invited_by=user.pk)[0] for name in "abc"
    )
    then = timezone.now() - timedelta(days=days)
    PersonalAccessToken.objects.filter(pk=revoked.pk).update(revoked_at=then)
    PersonalAccessToken.objects.filter(pk=expired.pk).update(expires_at=then)
    Invitation.objects.filter(pk__in=[accepted.pk, unused.pk]).update(expires_at=then)
    Invitation.objects.filter(pk=accepted.pk).update(accepted_at=then)

    forget_expired()

    assert PersonalAccessToken.objects.count() == left
    assert PersonalAccessToken.objects.filter(pk=living.pk).exists()
    kept = set(Invitation.objects.values_list("pk", flat=True))
    assert kept == {accepted.pk, still_open.pk} | ({unused.pk} if left == 3 else set())
