"""A session's page leads to its thread in Studio, where Studio is let in."""

import pytest
from django.test import Client
from django.urls import reverse

from controlplane.chat.models import ChatSession


@pytest.fixture
def shown(user, make_user):
    session = ChatSession.objects.create(user=user, title="Tea")
    client = Client()
    client.force_login(make_user("admin@example.com", is_staff=True, is_superuser=True))
    address = reverse("admin:chat_chatsession_change", args=[session.pk])

    def page() -> str:
        return client.get(address).content.decode()

    return session, page


def test_link_opens_the_thread_at_the_address_that_clients_use(shown, settings):
    session, page = shown
    settings.ALLOW_STUDIO_USER, settings.LANGGRAPH_PUBLIC_URL = True, "http://127.0.0.1:2024"
    settings.STUDIO_URL = "https://studio.test/studio/"

    link = f"https://studio.test/studio/thread/{session.pk}?baseUrl=http%3A%2F%2F127.0.0.1%3A2024"
    assert f'href="{link}"' in page()


@pytest.mark.parametrize(("allowed", "url"), [(False, "https://studio.test/"), (True, "")])
def test_no_link_where_studio_is_not_let_in(shown, settings, allowed, url):
    settings.ALLOW_STUDIO_USER, settings.STUDIO_URL = allowed, url

    _, page = shown
    assert "studio.test" not in page()
    assert "Open the thread in Studio" not in page()
