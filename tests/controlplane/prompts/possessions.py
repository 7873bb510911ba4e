"""What addresses of prompts are about (see tests/controlplane/api/test_isolation.py)."""

from controlplane.accounts.models import CustomUser
from controlplane.prompts.services import prompt_create

PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("prompts", "post"): {"name": "Mine", "content": "Hello."},
    ("prompt", "patch"): {"name": "Mine now"},
    ("prompt-render", "post"): {"variables": {"topic": "tea"}},
    ("prompt-rate", "post"): {"rating": 1},
}


def make(user: CustomUser) -> dict[str, object]:
    """A template with its first version."""
    template = prompt_create(
        author_id=user.pk, owner_id=user.pk, settings={"name": "Tutor", "content": "You teach {{topic}}."}
    )
    BODIES["session-prompt", "post"] = {"template": str(template.pk), "variables": {"topic": "tea"}}
    return {"prompt_id": template.pk, "version_number": 1}
