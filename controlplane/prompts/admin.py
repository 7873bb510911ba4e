"""Templates in the back office: the house's catalogue, and what users have written."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.messages import ERROR, SUCCESS, WARNING
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline  # type: ignore[import-untyped]  # ships no types

from controlplane.accounts.callers import user_of
from controlplane.backoffice.columns import column
from controlplane.backoffice.pages import LargeTableAdmin, ShownOnlyAdmin
from controlplane.errors import Invalid, ThreadplaneError
from controlplane.prompts import services
from controlplane.prompts.models import PromptRating, PromptVersion, SystemPromptTemplate
from controlplane.prompts.mustache import render_template
from controlplane.prompts.reception import prompt_share

SHARING = ("shared_with_users", "shared_with_groups")


class PromptForm(forms.ModelForm):  # type: ignore[type-arg]  # the class takes none while it runs
    """Refuses what the service would refuse."""

    class Meta:
        model = SystemPromptTemplate
        fields = (*services.SETTINGS, *SHARING)

    def clean_is_public(self) -> bool:
        """Keep the default public."""
        is_public = bool(self.cleaned_data["is_public"])
        if self.instance.is_default and not is_public:
            raise forms.ValidationError(_("Make another template the default first."))
        return is_public

    def clean_slug(self) -> str:
        """Say beside the field that a slug is taken; of two at once the database stops the second."""
        slug: str = self.cleaned_data["slug"]
        same = SystemPromptTemplate.objects.filter(owner_id=self.instance.owner_id, slug=slug)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("There is a template with this slug already."))
        return slug


class VersionsInline(TabularInline):  # type: ignore[misc]  # the library has no types
    """What a template has said, newest first; the page of versions has an action that restores one."""

    model = PromptVersion
    fields = readonly_fields = ("number", "content", "author", "created_at")
    ordering = ("-number",)
    extra = max_num = 0
    can_delete = False
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptVersion]:
        """Fetch the authors along."""
        versions: QuerySet[PromptVersion] = super().get_queryset(request)
        return versions.select_related("author")


@admin.register(SystemPromptTemplate)
class SystemPromptTemplateAdmin(LargeTableAdmin[SystemPromptTemplate]):
    """What is made here is the house's; a user's template keeps its owner."""

    form = PromptForm
    content_fields = ("name", "slug", "content", "description", "preview_text", "__str__")
    list_display = ("name", "whose", "category", "state", "uses", "stars", "version", "updated_at")
    list_filter = ("category", "is_default", "is_public", ("owner", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("name", "slug", "owner__email")
    search_help_text = _("Name, slug or the owner's e-mail address")
    autocomplete_fields = SHARING
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  # Django's own shape
    ordering = ("name",)
    actions = ("preview", "make_default")
    inlines = (VersionsInline,)
    readonly_fields = (
        "owner",
        "variables",
        "is_default",
        "preview_text",
        "usage_count",
        "rating",
        "rating_count",
        "version",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (None, {"fields": ("name", "slug", "category", "description", "owner")}),
        (_("Prompt"), {"fields": ("content", "variables", "preview_text")}),
        (_("Who sees it"), {"fields": (("is_public", "is_default"), *SHARING)}),
        (
            _("Record"),
            {"fields": (("usage_count", "rating", "rating_count"), "version", "created_at", "updated_at")},
        ),
    )

    @column(_("owner"), ordering="owner")
    def whose(self, template: SystemPromptTemplate) -> str:
        """Show the house as such."""
        return str(template.owner) if template.owner else str(_("the house"))

    @column(_("state"), colours={"default": "success", "public": "info", "private": "warning"})
    def state(self, template: SystemPromptTemplate) -> str:
        """Say in one word who comes across it."""
        if template.is_default:
            return "default"
        return "public" if template.is_public else "private"

    @column(_("uses"), ordering="usage_count")
    def uses(self, template: SystemPromptTemplate) -> str:
        """Show grouped digits."""
        return f"{template.usage_count:,}"

    @column(_("rating"), ordering="rating", empty="-")
    def stars(self, template: SystemPromptTemplate) -> str | None:
        """Show the average, and of how many."""
        return f"{template.rating} ({template.rating_count})" if template.rating_count else None

    @column(_("preview"), empty="-")
    def preview_text(self, template: SystemPromptTemplate) -> str | None:
        """Show it with each variable's own name for a value."""
        return _preview(template) if template.content else None

    @admin.action(description=_("Preview"), permissions=["view"])
    def preview(self, request: HttpRequest, templates: QuerySet[SystemPromptTemplate]) -> None:
        """Show what a model would read, with each variable's own name for a value."""
        for template in templates[:5]:
            self.message_user(request, f"{template.name}: {_preview(template)}")

    @admin.action(description=_("Make it the default"), permissions=["change"])
    def make_default(self, request: HttpRequest, templates: QuerySet[SystemPromptTemplate]) -> None:
        """Make the one chosen template the default."""
        chosen: list[UUID] = list(templates.values_list("pk", flat=True))
        if len(chosen) != 1:
            self.message_user(request, _("Choose one template."), ERROR)
            return
        try:
            template = services.prompt_make_default(prompt_id=chosen[0], actor_id=user_of(request).pk)
        except ThreadplaneError as error:
            self.message_user(request, error.message, ERROR)
            return
        self.message_user(request, _("%s is the default now.") % template.name, SUCCESS)
        if settings.DEFAULT_SYSTEM_PROMPT:
            self.message_user(request, _("The setting DEFAULT_SYSTEM_PROMPT still goes before it."), WARNING)

    def save_model(self, request: HttpRequest, obj: SystemPromptTemplate, form: Any, change: bool) -> None:  # noqa: FBT001  # Django passes it
        """Write through the services."""
        author_id = user_of(request).pk
        names = form.changed_data if change else services.SETTINGS
        given = {name: form.cleaned_data[name] for name in names if name in services.SETTINGS}
        if change:
            services.prompt_change(prompt_id=obj.pk, author_id=author_id, changes=given)
        else:
            obj.pk = services.prompt_create(author_id=author_id, owner_id=None, settings=given).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: ARG002, FBT001  # as above
        """Share by the service; versions are only shown, so there is nothing of them for the history."""
        for versions in formsets:
            versions.new_objects, versions.changed_objects, versions.deleted_objects = [], [], []
        if any(name in form.changed_data for name in SHARING):
            users, groups = (form.cleaned_data[name] for name in SHARING)
            prompt_share(
                prompt_id=form.instance.pk,
                users=[user.pk for user in users],
                groups=[group.pk for group in groups],
                sharer_id=None,
                actor_id=user_of(request).pk,
            )

    def delete_model(self, request: HttpRequest, obj: SystemPromptTemplate) -> None:
        """Delete by the service."""
        services.prompt_delete(prompt_id=obj.pk, actor_id=user_of(request).pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SystemPromptTemplate]) -> None:
        """Delete the chosen ones; the default stays."""
        for prompt_id in queryset.filter(is_default=False).values_list("pk", flat=True):
            services.prompt_delete(prompt_id=prompt_id, actor_id=user_of(request).pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let versions and ratings go along, though nobody may delete them by themselves."""
        shown, counts, _refused, kept = super().get_deleted_objects(objs, request)
        return shown, counts, set(), kept

    def has_delete_permission(self, request: HttpRequest, obj: SystemPromptTemplate | None = None) -> bool:
        """Keep the default."""
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.is_default)


@admin.register(PromptVersion)
class PromptVersionAdmin(ShownOnlyAdmin[PromptVersion]):
    """What templates have said; restoring makes a new version of an old one."""

    content_fields = ("template", "content", "__str__")
    list_display = ("template", "number", "author", "created_at")
    list_select_related = ("template", "author")
    search_fields = ("template__name", "template__slug", "author__email")
    search_help_text = _("Name or slug of the template, or the author's e-mail address")
    list_filter = ("created_at",)
    ordering = ("-created_at",)
    actions = ("restore",)

    @admin.action(description=_("Restore"), permissions=["restore"])
    def restore(self, request: HttpRequest, versions: QuerySet[PromptVersion]) -> None:
        """Let the templates say again what they said in the chosen versions, the oldest first."""
        chosen: list[tuple[UUID, int]] = list(versions.order_by("number").values_list("template", "number"))
        for prompt_id, number in chosen:
            services.prompt_restore(prompt_id=prompt_id, number=number, author_id=user_of(request).pk)
        said = ngettext("Restored %d version.", "Restored %d versions.", len(chosen))
        self.message_user(request, said % len(chosen), SUCCESS)

    def has_restore_permission(self, request: HttpRequest) -> bool:
        """Ask whether templates may be changed."""
        return request.user.has_perm("prompts.change_systemprompttemplate")


@admin.register(PromptRating)
class PromptRatingAdmin(ShownOnlyAdmin[PromptRating]):
    """Who thinks what of which template."""

    content_fields = ("template",)
    list_display = ("template", "user", "stars", "updated_at")
    list_select_related = ("template", "user")
    search_fields = ("template__name", "user__email")
    ordering = ("-updated_at",)


def _preview(template: SystemPromptTemplate) -> str:
    try:
        return render_template(template.content, {name: f"<{name}>" for name in template.variables})
    except Invalid as error:
        return error.message
