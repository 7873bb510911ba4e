"""Preferences and limits in the back office: changed by the same services as over REST."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline  # type: ignore[import-untyped]  # ships no types

from controlplane.accounts.admin import GroupAdmin
from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin
from controlplane.language_models.selection import model_is_allowed
from controlplane.preferences.models import LIMITS, GroupLimits, UserPreference
from controlplane.preferences.services import (
    SETTINGS,
    group_limits_change,
    preference_change,
    user_limits_change,
)


class PreferenceForm(ModelForm):  # type: ignore[type-arg]  # generic for type checkers only
    """Refuses what the service would refuse, beside the field."""

    def clean_default_model(self) -> str:
        """Take models of the list alone; one that was set before stays until it is changed."""
        name: str = self.cleaned_data["default_model"]
        if name and "default_model" in self.changed_data and not model_is_allowed(name):
            self.add_error("default_model", _("This model is not on the list of allowed models."))
        return name


@admin.register(UserPreference)
class UserPreferenceAdmin(LargeTableAdmin[UserPreference]):
    """One row per user, made and deleted with the user; here administrators set limits."""

    form = PreferenceForm
    content_fields = ("custom_system_prompt",)
    list_display = ("user", "answers_by", "messages", "tokens", "cost", "by_month", "unlimited", "updated_at")
    list_select_related = ("user",)
    list_filter = (
        ("daily_message_limit", admin.EmptyFieldListFilter),
        ("daily_token_limit", admin.EmptyFieldListFilter),
        ("daily_cost_limit", admin.EmptyFieldListFilter),
        ("monthly_message_limit", admin.EmptyFieldListFilter),
        ("monthly_token_limit", admin.EmptyFieldListFilter),
        ("monthly_cost_limit", admin.EmptyFieldListFilter),
        "empty_is_unlimited",
        "enable_auto_summarization",
        "theme",
    )
    search_fields = ("user__email", "user__id", "default_model")
    search_help_text = _("E-mail address, id of the user, or model")
    ordering = ("user_id",)
    readonly_fields = ("user", "updated_at")
    fieldsets = (
        (None, {"fields": ("user",)}),
        (_("Limits"), {"fields": LIMITS}),
        (
            _("Sessions"),
            {
                "fields": (
                    "default_model",
                    ("default_temperature", "default_max_tokens"),
                    "custom_system_prompt",
                    ("enable_auto_summarization", "summarization_threshold", "summarization_model"),
                    "multitask_strategy",
                )
            },
        ),
        (_("Pages"), {"fields": (("theme", "language", "timezone"), "enable_streaming")}),
        (_("Record"), {"fields": ("updated_at",)}),
    )

    @column(_("model"), ordering="default_model", empty="default")
    def answers_by(self, preferences: UserPreference) -> str | None:
        """Show the default as such."""
        return preferences.default_model or None

    @column(_("messages a day"), ordering="daily_message_limit", empty="-")
    def messages(self, preferences: UserPreference) -> int | None:
        """Show a short heading for a long field name."""
        return preferences.daily_message_limit

    @column(_("tokens a day"), ordering="daily_token_limit", empty="-")
    def tokens(self, preferences: UserPreference) -> str | None:
        """Show grouped digits."""
        limit = preferences.daily_token_limit
        return None if limit is None else f"{limit:,}"

    @column(_("cost a day"), ordering="daily_cost_limit", empty="-")
    def cost(self, preferences: UserPreference) -> str | None:
        """Show dollars."""
        limit = preferences.daily_cost_limit
        return None if limit is None else f"${limit:.2f}"

    @column(_("by month"), empty="-")
    def by_month(self, preferences: UserPreference) -> str | None:
        """Show the limits that there are in one column: few users have any."""
        messages, tokens = preferences.monthly_message_limit, preferences.monthly_token_limit
        cost = preferences.monthly_cost_limit
        said = (
            "" if messages is None else f"{messages:,} messages",
            "" if tokens is None else f"{tokens:,} tokens",
            "" if cost is None else f"${cost:.2f}",
        )
        return ", ".join(filter(None, said)) or None

    @column(_("else unlimited"), ordering="empty_is_unlimited", is_mark=True)
    def unlimited(self, preferences: UserPreference) -> bool:
        """Show a short heading for a long field name."""
        return preferences.empty_is_unlimited

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django passes it
        """Nobody may: the database makes the row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UserPreference | None = None) -> bool:  # noqa: ARG002
        """Nobody may: every user has preferences."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: UserPreference,
        form: "ModelForm[UserPreference]",
        change: bool,  # noqa: ARG002, FBT001  # Django passes it
    ) -> None:
        """Change what was changed in the form, by the services."""
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        settings = {name: value for name, value in changed.items() if name in SETTINGS}
        limits = {name: value for name, value in changed.items() if name in LIMITS}
        actor_id = user_of(request).pk
        with transaction.atomic():
            if settings:
                preference_change(user_id=obj.pk, changes=settings, actor_id=actor_id)
            if limits:
                user_limits_change(user_id=obj.pk, limits=limits, actor_id=actor_id)


class GroupLimitsInline(StackedInline):  # type: ignore[misc]  # the library has no types
    """A group's limits, on the group's own page."""

    model = GroupLimits
    can_delete = False
    fields = LIMITS


admin.site.unregister(Group)


@admin.register(Group)
class LimitedGroupAdmin(GroupAdmin):
    """Permissions and limits by group."""

    inlines = (GroupLimitsInline,)

    def save_formset(
        self,
        request: HttpRequest,
        form: "ModelForm[Group]",
        formset: "BaseFormSet[Any]",
        change: bool,  # noqa: FBT001
    ) -> None:
        """Save a group's limits by their service, anything else as Django does."""
        if getattr(formset, "model", None) is not GroupLimits:
            super().save_formset(request, form, formset, change)
            return
        for one in formset.forms:
            if limits := {name: one.cleaned_data[name] for name in LIMITS if name in one.changed_data}:
                group_limits_change(group_id=form.instance.pk, limits=limits, actor_id=user_of(request).pk)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # type: ignore[attr-defined]  # what the history is written from
