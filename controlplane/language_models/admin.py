"""The list of allowed models in the back office: who may use what, and which one is the default."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.messages import ERROR, SUCCESS
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin
from controlplane.language_models import services
from controlplane.language_models.models import AllowedModel


class AllowedModelForm(forms.ModelForm):  # type: ignore[type-arg]  # the class takes none while it runs
    """Refuses what the service would refuse."""

    class Meta:
        model = AllowedModel
        fields = (
            "name",
            "provider",
            "display_name",
            "is_active",
            "supports_tools",
            "supports_vision",
            "supports_reasoning",
            "context_length",
            "max_output_tokens",
            "price_source",
            "fallback",
        )

    def clean_is_active(self) -> bool:
        """Keep the default active."""
        is_active = bool(self.cleaned_data["is_active"])
        if self.instance.is_default and not is_active:
            raise forms.ValidationError(_("Make another model the default first."))
        return is_active


@admin.register(AllowedModel)
class AllowedModelAdmin(LargeTableAdmin[AllowedModel]):
    """Everything can be changed but a model's name, which is what sessions and bills know it by."""

    form = AllowedModelForm
    list_display = ("name", "provider", "state", "abilities", "context", "price_source", "updated_at")
    list_filter = (
        "is_active",
        "price_source",
        "supports_tools",
        "supports_vision",
        "supports_reasoning",
    )
    search_fields = ("name", "display_name", "provider")
    search_help_text = _("Name or provider")
    ordering = ("name",)
    actions = ("activate", "deactivate", "make_default")
    autocomplete_fields = ("fallback",)
    readonly_fields = ("is_default", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "provider", "display_name", ("is_active", "is_default"), "fallback")}),
        (
            _("Capabilities"),
            {
                "fields": (
                    ("supports_tools", "supports_vision", "supports_reasoning"),
                    ("context_length", "max_output_tokens"),
                )
            },
        ),
        (_("Record"), {"fields": ("price_source", "created_at", "updated_at")}),
    )

    @column(_("state"), colours={"default": "success", "active": "info", "inactive": "warning"})
    def state(self, model: AllowedModel) -> str:
        """Say in one word whether it may be used."""
        if model.is_default:
            return "default"
        return "active" if model.is_active else "inactive"

    @column(_("can"), empty="-")
    def abilities(self, model: AllowedModel) -> str | None:
        """Name what it can do beyond text."""
        marks = {
            _("tools"): model.supports_tools,
            _("vision"): model.supports_vision,
            _("reasoning"): model.supports_reasoning,
        }
        return ", ".join(str(name) for name, has in marks.items() if has) or None

    @column(_("context"), ordering="context_length", empty="-")
    def context(self, model: AllowedModel) -> str | None:
        """Show grouped digits."""
        return None if model.context_length is None else f"{model.context_length:,}"

    @admin.action(description=_("Let them be used"), permissions=["change"])
    def activate(self, request: HttpRequest, models: QuerySet[AllowedModel]) -> None:
        """Activate the chosen models."""
        self._say(request, services.models_activate(model_ids=_keys(models), actor_id=user_of(request).pk))

    @admin.action(description=_("Let them be used no longer"), permissions=["change"])
    def deactivate(self, request: HttpRequest, models: QuerySet[AllowedModel]) -> None:
        """Deactivate the chosen models; the default stays."""
        count = services.models_deactivate(model_ids=_keys(models), actor_id=user_of(request).pk)
        self._say(request, count)

    @admin.action(description=_("Make it the default"), permissions=["change"])
    def make_default(self, request: HttpRequest, models: QuerySet[AllowedModel]) -> None:
        """Make the one chosen model the default."""
        chosen = _keys(models)
        if len(chosen) != 1:
            self.message_user(request, _("Choose one model."), ERROR)
            return
        model = services.model_set_default(model_id=chosen[0], actor_id=user_of(request).pk)
        self.message_user(request, _("%s is the default now.") % model.name, SUCCESS)

    def get_readonly_fields(self, request: HttpRequest, obj: AllowedModel | None = None) -> Any:
        """Keep the name once it is there."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "name") if obj else fields

    def save_model(self, request: HttpRequest, obj: AllowedModel, form: Any, change: bool) -> None:  # noqa: FBT001  # Django passes it
        """Write through the services."""
        actor_id = user_of(request).pk
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            services.model_change(model_id=obj.pk, changes=changes, actor_id=actor_id)
        else:
            obj.pk = services.model_add(actor_id=actor_id, **form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: AllowedModel) -> None:
        """Take one off the list."""
        services.models_remove(model_ids=[obj.pk], actor_id=user_of(request).pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AllowedModel]) -> None:
        """Take the chosen ones off the list; the default stays."""
        services.models_remove(model_ids=_keys(queryset), actor_id=user_of(request).pk)

    def has_delete_permission(self, request: HttpRequest, obj: AllowedModel | None = None) -> bool:
        """Keep the default."""
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.is_default)

    def _say(self, request: HttpRequest, count: int) -> None:
        said = ngettext("Done for %d model.", "Done for %d models.", count)
        self.message_user(request, said % count, SUCCESS)


def _keys(models: QuerySet[AllowedModel]) -> list[int]:
    return list(models.values_list("pk", flat=True))
