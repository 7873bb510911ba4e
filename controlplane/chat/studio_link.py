"""Leads from a session's page in the back office to its thread in LangGraph Studio."""

from urllib.parse import urlencode

from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from controlplane.backoffice.columns import column
from controlplane.chat.models import ChatSession


def studio_address(session: ChatSession) -> str | None:
    """Give where Studio shows the session's thread; None where the Agent Server does not let Studio in."""
    if not (settings.ALLOW_STUDIO_USER and settings.STUDIO_URL):
        return None
    query = urlencode({"baseUrl": settings.LANGGRAPH_PUBLIC_URL})
    return f"{settings.STUDIO_URL.rstrip('/')}/thread/{session.pk}?{query}"


class LeadsToStudio:
    """Adds the link to the sessions' own pages."""

    @column(_("in Studio"), empty="-")
    def studio(self, session: ChatSession) -> str | None:
        """Lead to the thread, for developers on the server's own machine; Studio asks the server itself."""
        address = studio_address(session)
        if address is None:
            return None
        return format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer"'
            ' class="text-primary-600 dark:text-primary-500">{}</a>',
            address,
            _("Open the thread in Studio"),
        )
