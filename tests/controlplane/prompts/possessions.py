"""What addresses of prompts are about (see tests/controlplane/api/test_isolation.py)."""

from uuid import UUID

from controlplane.accounts.models import CustomUser
from controlplane.prompts.models import PromptVersion, SystemPromptTemplate

# Known beforehand, since a body has to name it.
TEMPLATE = UUID("0c7e4b7a-6a53-4a53-9b0e-3d6f4b1f7a21")
PUBLIC: set[str] = set()
SHARED: set[str] = set()
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("prompts", "post"): {"name": "Mine", "content": "Hello."},
    ("prompt", "patch"): {"name": "Mine now"},
    ("prompt-render", "post"): {"variables": {"topic": "tea"}},
    ("prompt-rate", "post"): {"rating": 1},
    ("session-prompt", "post"): {"template": str(TEMPLATE), "variables": {"topic": "tea"}},
}


def make(user: CustomUser) -> dict[str, object]:
    """A template with its first version."""
    template = SystemPromptTemplate.objects.create(
        id=TEMPLATE, owner=user, name="Tutor", slug="tutor", content="You teach {{topic}}."
    )
    PromptVersion.objects.create(template=template, number=1, content=template.content)
    return {"prompt_id": template.pk, "version_number": 1}
