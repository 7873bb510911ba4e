"""Works out what holds for a run, and why: its wishes, over its session, over the user, over the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings

from controlplane.chat.models import ChatSession
from controlplane.errors import Invalid
from controlplane.language_models.selection import default_model_name, model_is_allowed
from controlplane.preferences.models import UserPreference
from controlplane.preferences.origins import Origin, Setting
from controlplane.prompts.selection import default_system_prompt
from controlplane.runs.context import Wishes
from controlplane.tools.selection import Selection, select_tools

Value = TypeVar("Value")

# Where a caller has to look who is told that a model may not be used.
MODEL_FIELDS: Final[Mapping[Origin, str]] = {
    Origin.RUN: "model",
    Origin.SESSION: "model_name",
    Origin.PREFERENCE: "default_model",
    Origin.SYSTEM: "model",
}


@dataclass(frozen=True, kw_only=True)
class EffectiveConfiguration:
    """What a run runs with; its fields are the keys of contract 2's context. None: the provider's default."""

    model: Setting[str]
    temperature: Setting[float | None]
    max_tokens: Setting[int | None]
    system_prompt: Setting[str]
    enabled_tools: Setting[list[str]]
    remote_tools: Setting[list[dict[str, Any]]]
    approval_tools: Setting[list[str]]
    fallback_models: Setting[list[str]]
    supports_tools: Setting[bool]
    supports_vision: Setting[bool]
    enable_summarization: Setting[bool]
    summarization_threshold: Setting[int]
    summary_model: Setting[str]
    summary_keep_tokens: Setting[int]

    def settings(self) -> dict[str, Setting[Any]]:
        """Give each value with its origin, by name."""
        return dict(vars(self))

    def context(self) -> dict[str, Any]:
        """Give the values alone, as the graph reads them."""
        return {name: setting.value for name, setting in self.settings().items()}

    def require_allowed_model(self) -> None:
        """Refuse a model that may not be used. Raises Invalid `model_not_allowed`, naming who chose it."""
        if not model_is_allowed(self.model.value):
            raise Invalid(
                "This model may not be used.",
                code="model_not_allowed",
                fields={MODEL_FIELDS[self.model.origin]: [f"{self.model.value} is not allowed."]},
                details={"model": self.model.value, "origin": self.model.origin},
            )


def effective_configuration(
    *, session: ChatSession | None, user_id: UUID | None, wishes: Wishes
) -> EffectiveConfiguration:
    """Resolve every setting from the database; without a user, as in Studio, the house's hold.

    What a session leaves empty follows the user's preferences, also those changed later.
    """
    levels = _Levels(wishes=wishes, session=session, preferences=_preferences_of(user_id))
    selection = select_tools(user_id)
    return EffectiveConfiguration(
        model=levels.model(),
        temperature=levels.first(
            wishes.temperature, "temperature", "default_temperature", settings.DEFAULT_TEMPERATURE
        ),
        max_tokens=levels.first(
            wishes.max_tokens, "max_tokens", "default_max_tokens", settings.DEFAULT_MAX_TOKENS
        ),
        system_prompt=levels.system_prompt(),
        enabled_tools=_enabled_tools(selection),
        remote_tools=Setting([], Origin.SYSTEM),
        approval_tools=Setting(selection.approval_names, Origin.SYSTEM),
        fallback_models=Setting([], Origin.SYSTEM),
        supports_tools=Setting(True, Origin.SYSTEM),  # noqa: FBT003  # a value among values
        supports_vision=Setting(True, Origin.SYSTEM),  # noqa: FBT003
        enable_summarization=levels.first(None, "enable_summarization", "enable_auto_summarization", True),  # noqa: FBT003  # a value among values
        summarization_threshold=levels.first(
            None,
            "summarization_threshold",
            "summarization_threshold",
            settings.DEFAULT_SUMMARIZATION_THRESHOLD,
        ),
        summary_model=levels.first(None, "", "summarization_model", ""),
        summary_keep_tokens=Setting(settings.DEFAULT_SUMMARY_KEEP_TOKENS, Origin.SYSTEM),
    )


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """The levels of one run; those that are missing say nothing."""

    wishes: Wishes
    session: ChatSession | None
    preferences: UserPreference | None

    def first(self, wish: Value | None, of_session: str, preferred: str, house: Any) -> Setting[Any]:
        """Take the nearest value; None says nothing, and so does an empty text."""
        said = {
            Origin.RUN: wish,
            Origin.SESSION: getattr(self.session, of_session, None) if of_session else None,
            Origin.PREFERENCE: getattr(self.preferences, preferred, None),
        }
        nearest = next((origin for origin, value in said.items() if value not in {None, ""}), None)
        return Setting(house, Origin.SYSTEM) if nearest is None else Setting(said[nearest], nearest)

    def model(self) -> Setting[str]:
        """Take the nearest model; the list of models is asked for its default only when nobody named one."""
        named = self.first(self.wishes.model, "model_name", "default_model", "")
        return named if named.value else Setting(default_model_name(), Origin.SYSTEM)

    def system_prompt(self) -> Setting[str]:
        """Take the nearest prompt; the house is asked for its own only when nobody has one."""
        own = self.first(None, "custom_system_prompt", "custom_system_prompt", "")
        return own if own.value else Setting(default_system_prompt(), Origin.SYSTEM)


def _enabled_tools(selection: Selection) -> Setting[list[str]]:
    return Setting(selection.names, Origin.PREFERENCE if selection.is_chosen else Origin.SYSTEM)


def _preferences_of(user_id: UUID | None) -> UserPreference | None:
    # Not from the cache: the choice of the model is one of money.
    return None if user_id is None else UserPreference.objects.filter(pk=user_id).first()
