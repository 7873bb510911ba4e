"""Works out what holds for a run, and why: its wishes, over its session, over the user, over the house."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from django.conf import settings

from controlplane.chat.models import ChatSession
from controlplane.errors import Invalid
from controlplane.language_models.capabilities import capabilities_of, fallbacks_of
from controlplane.language_models.selection import (
    context_lengths,
    default_model_name,
    model_is_allowed,
)
from controlplane.preferences.models import UserPreference
from controlplane.preferences.origins import Origin, Setting
from controlplane.prompts.selection import default_system_prompt
from controlplane.provider_keys.models import UserAPIKey
from controlplane.provider_keys.providers import provider_of_model
from controlplane.runs.context import Wishes
from controlplane.tools.selection import Selection, describe_remote_tools, select_tools

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
    approval_tools_after_retrieval: Setting[list[str]]
    embedding_model: Setting[str]
    fallback_models: Setting[list[str]]
    supports_tools: Setting[bool]
    supports_vision: Setting[bool]
    enable_summarization: Setting[bool]
    summarization_threshold: Setting[int]
    summary_model: Setting[str]
    summary_keep_tokens: Setting[int]
    context_length: Setting[int | None]
    summary_context_length: Setting[int | None]

    def settings(self) -> dict[str, Setting[Any]]:
        """Give each value with its origin, by name."""
        return dict(vars(self))

    def context(self) -> dict[str, Any]:
        """Give the values alone, as the graph reads them."""
        return {name: setting.value for name, setting in self.settings().items()}

    def on_key(self, key: UserAPIKey | None) -> Self:
        """Leave out fallbacks that would be paid with the house's key where the user did not agree to it."""
        if key is None or key.may_use_house_key:
            return self
        theirs = [name for name in self.fallback_models.value if provider_of_model(name) == key.provider]
        return replace(self, fallback_models=replace(self.fallback_models, value=theirs))

    def for_summaries(self) -> Self:
        """Take the model of summaries in place of the conversation's, unless the run itself names one."""
        if self.model.origin is Origin.RUN or not self.summary_model.value:
            return self
        return replace(
            self,
            model=self.summary_model,
            context_length=self.summary_context_length,
            fallback_models=Setting(fallbacks_of(self.summary_model.value), Origin.SYSTEM),
        )

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
    tools = select_tools(user_id)
    levels = _Levels(wishes=wishes, session=session, preferences=_preferences_of(user_id))
    model, summary_model = levels.model(), levels.summary_model()
    abilities = capabilities_of(model.value)
    lengths = context_lengths([model.value, summary_model.value])
    return EffectiveConfiguration(
        model=model,
        temperature=levels.first(
            wishes.temperature, "temperature", "default_temperature", settings.DEFAULT_TEMPERATURE
        ),
        max_tokens=levels.first(
            wishes.max_tokens, "max_tokens", "default_max_tokens", settings.DEFAULT_MAX_TOKENS
        ),
        system_prompt=levels.system_prompt(),
        enabled_tools=_of_tools(tools, tools.names),
        remote_tools=_of_tools(tools, describe_remote_tools(tools.remote_names)),
        approval_tools=Setting(tools.approval_names, Origin.SYSTEM),
        approval_tools_after_retrieval=Setting(tools.acting_names, Origin.SYSTEM),
        embedding_model=Setting(settings.EMBEDDING_MODEL, Origin.SYSTEM),
        fallback_models=Setting(fallbacks_of(model.value), Origin.SYSTEM),
        supports_tools=Setting(abilities.tools, Origin.SYSTEM),
        supports_vision=Setting(abilities.vision, Origin.SYSTEM),
        enable_summarization=levels.first(None, "enable_summarization", "enable_auto_summarization", True),  # noqa: FBT003  # a value among values
        summarization_threshold=levels.first(
            None,
            "summarization_threshold",
            "summarization_threshold",
            settings.DEFAULT_SUMMARIZATION_THRESHOLD,
        ),
        summary_model=summary_model,
        summary_keep_tokens=Setting(settings.DEFAULT_SUMMARY_KEEP_TOKENS, Origin.SYSTEM),
        context_length=Setting(lengths.get(model.value), Origin.SYSTEM),
        summary_context_length=Setting(lengths.get(summary_model.value), Origin.SYSTEM),
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

    def summary_model(self) -> Setting[str]:
        """Take the nearest model of summaries that may be used; empty is the conversation's own.

        One that was withdrawn holds up no conversation.
        """
        named = self.first(None, "", "summarization_model", "")
        for choice in (named, Setting(settings.SUMMARIZATION_MODEL, Origin.SYSTEM)):
            if choice.value and model_is_allowed(choice.value):
                return choice
        return Setting("", Origin.SYSTEM)

    def system_prompt(self) -> Setting[str]:
        """Take the nearest prompt; the house is asked for its own only when nobody has one."""
        own = self.first(None, "custom_system_prompt", "custom_system_prompt", "")
        return own if own.value else Setting(default_system_prompt(), Origin.SYSTEM)


def _of_tools(selection: Selection, value: list[Value]) -> Setting[list[Value]]:
    return Setting(value, Origin.PREFERENCE if selection.is_chosen else Origin.SYSTEM)


def _preferences_of(user_id: UUID | None) -> UserPreference | None:
    # Not from the cache: the choice of the model is one of money.
    return None if user_id is None else UserPreference.objects.filter(pk=user_id).first()
