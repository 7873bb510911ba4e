"""The prompt of sessions for which nobody chose one."""

from django.conf import settings

from controlplane.prompts.models import SystemPromptTemplate
from controlplane.prompts.mustache import render_template


def default_system_prompt() -> str:
    """Give the house's prompt: the setting where there is one, else the default template; one query at most.

    Nobody was asked for values here, so variables are left empty. Empty in a database that was emptied: the
    graph has a prompt of its own.
    """
    house: str = settings.DEFAULT_SYSTEM_PROMPT
    if house:
        return house
    default = SystemPromptTemplate.objects.filter(is_default=True).only("content", "variables").first()
    if default is None:
        return ""
    return render_template(default.content, dict.fromkeys(default.variables, ""))
