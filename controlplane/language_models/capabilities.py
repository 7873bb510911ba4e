"""Says what a model can do beyond text, and which models stand in for it when its provider fails."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from controlplane.language_models.models import AllowedModel

MOST_FALLBACKS: Final = 3
# Small models that answer in plain text alone, the embedded stack's among them.
TEXT_ONLY: Final = ("smollm*",)
# The price table says nothing of images: families whose members are known to take them.
SEEING: Final = ("gpt-4o*", "gpt-4.1*", "gpt-5*", "claude-*", "gemini-*", "pixtral-*", "*-vision*", "*-vl*")


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What may be sent to a model."""

    tools: bool
    vision: bool

    def cover(self, needed: "Capabilities") -> bool:
        """Whether nothing is missing of what another model can do."""
        return (self.tools or not needed.tools) and (self.vision or not needed.vision)


def capabilities_of(name: str) -> Capabilities:
    """Read them from the list; a model that it does not know is trusted with all, unless known otherwise."""
    model = AllowedModel.objects.filter(name=name).first()
    if model is None:
        return Capabilities(tools=not is_text_only(name), vision=not is_text_only(name))
    return _of_row(model)


def fallbacks_of(name: str) -> list[str]:
    """Name the models that stand in for one, in order: active, and able to do what it can.

    One that is not is passed over, and what stands in for it may be taken.
    """
    model = AllowedModel.objects.filter(name=name).select_related("fallback").first()
    if model is None:
        return []
    needed, seen, names = _of_row(model), {model.pk}, list[str]()
    following = model.fallback
    while following is not None and following.pk not in seen and len(seen) <= MOST_FALLBACKS:
        seen.add(following.pk)
        if following.is_active and _of_row(following).cover(needed):
            names.append(following.name)
        following = following.fallback
    return names


def is_text_only(name: str) -> bool:
    """Whether a model is known to take neither tools nor images."""
    return _is_of(name, TEXT_ONLY)


def is_seeing(name: str) -> bool:
    """Whether a model is of a family that takes images."""
    return _is_of(name, SEEING)


def _is_of(name: str, families: tuple[str, ...]) -> bool:
    own = name.lower().rsplit("/", 1)[-1]
    return any(fnmatchcase(own, family) for family in families)


def _of_row(model: AllowedModel) -> Capabilities:
    return Capabilities(tools=model.supports_tools, vision=model.supports_vision)
