"""What is over is forgotten; what is not stays."""

from datetime import timedelta

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.tasks import forget_expired


def test_only_expired_tokens_are_forgotten(user):
    kept, expired = issue_refresh_token(user), issue_refresh_token(user)
    yesterday = timezone.now() - timedelta(days=1)
    OutstandingToken.objects.filter(jti=expired["jti"]).update(expires_at=yesterday)
    forget_expired()
    assert [token.jti for token in OutstandingToken.objects.all()] == [kept["jti"]]
