"""What is asked: one user's lists, pages, filters, search, limit check and year's usage; admin pages."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane.accounts.api_tokens import issue_refresh_token
from controlplane.accounts.models import CustomUser
from controlplane.usage.models import TokenUsage
from tests.scale.filling import HEAVY, ORDINARY

Question = Callable[[], object]
SESSIONS = "/api/v1/sessions/"
DEEP = 60
OF_EACH_USER = {
    "list": {},
    "by title": {"ordering": "title"},
    "by age": {"ordering": "created_at"},
    "archived": {"status": "archived"},
    "pinned": {"status": "pinned"},
    "of a model": {"model": "gpt-4o"},
    "with a tag": {"tag": "home"},
    "of a month": {"updated_after": "2026-06-01T00:00:00Z", "updated_before": "2026-07-01T00:00:00Z"},
    "part of a title": {"search": "w12"},
}
IN_THE_BACK_OFFICE = {
    "admin: sessions": ("chat_chatsession", {}),
    "admin: archived sessions": ("chat_chatsession", {"is_archived__exact": "1"}),
    "admin: sessions by e-mail": ("chat_chatsession", {"q": "user2@example.com"}),
    "admin: usage": ("usage_tokenusage", {}),
}


def questions() -> dict[str, Question]:
    """Name the questions to the connected database, each ready to be asked."""
    asked: dict[str, Question] = {}
    for who, number in (("heavy user", HEAVY), ("ordinary user", ORDINARY)):
        user = CustomUser.objects.get(email=f"user{number}@example.com")
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_refresh_token(user).access_token}")
        for name, filters in OF_EACH_USER.items():
            asked[f"{who}: {name}"] = _get(api, f"{SESSIONS}?{urlencode(filters)}")
        asked[f"{who}: search"] = _get(api, f"{SESSIONS}search/?q=w7+w1")
        asked[f"{who}: usage"] = _get(api, "/api/v1/usage/")
        asked[f"{who}: year's chart"] = _get(api, f"/api/v1/usage/summary/?{urlencode(_year('from', 'to'))}")
        asked[f"{who}: limit check"] = _check(user)
        if number == HEAVY:
            asked[f"{who}: page {DEEP + 1}"] = _get(api, _deep_page(api))
    return asked | _of_the_back_office()


def _of_the_back_office() -> dict[str, Question]:
    admin = CustomUser.objects.get(email="user3@example.com")
    CustomUser.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(admin)
    report = reverse("admin:usage_tokenusage_report")
    one_user = urlencode({**_year("first", "last"), "user": f"user{HEAVY}@example.com"})
    return {
        **{
            name: _get(client, f"{reverse(f'admin:{page}_changelist')}?{urlencode(filters)}")
            for name, (page, filters) in IN_THE_BACK_OFFICE.items()
        },
        "admin: heavy user's year": _get(client, f"{report}?{one_user}"),
        "admin: everybody's year": _get(client, f"{report}?{urlencode(_year('first', 'last'))}"),
    }


def _year(first: str, last: str) -> dict[str, str]:
    today = timezone.localdate()
    return {first: str(today - timedelta(days=365)), last: str(today)}


def _get(client: Client, address: str) -> Question:
    def ask() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.content[:300])

    return ask


def _check(user: CustomUser) -> Question:
    return lambda: TokenUsage.check_user_limits(user, 200)


def _deep_page(api: APIClient) -> str:
    address = SESSIONS
    for _ in range(DEEP):
        address = api.get(address).json()["next"]
    return address
