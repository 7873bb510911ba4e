"""The catalogue: which tools there are, for whom, and how they are configured."""

import uuid
from typing import ClassVar, Self

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.tools.house import tools_without_means
from controlplane.tools.models.mcp_server import McpServer
from controlplane.tools.rate_limits import Period, RateLimit
from controlplane.tools.schemas import no_configuration, require_schema

# What model servers take for the name of a function.
require_tool_name = RegexValidator(r"\A[a-zA-Z0-9_-]{1,64}\Z", _("1 to 64 of: letters, digits, _ and -."))


class AvailableToolQuerySet(models.QuerySet["AvailableTool"]):
    """The words in which the catalogue is asked."""

    def active(self) -> Self:
        """Keep the tools that are on, as are their servers, and that the house has the means for."""
        is_there = models.Q(mcp_server=None) | models.Q(mcp_server__is_active=True)
        offered = self.filter(is_there, is_active=True, is_offered=True)
        return offered.exclude(tool_name__in=tools_without_means())

    def visible_to(self, user_id: uuid.UUID) -> Self:
        """Keep the active tools that a user may have: the public ones, and those that were given to them."""
        given = models.Q(user_tools__user_id=user_id, user_tools__follows_default=False)
        of_user = AvailableTool.objects.filter(given, pk=models.OuterRef("pk"))
        return self.active().filter(models.Q(is_public=True) | models.Exists(of_user))


class AvailableTool(models.Model):
    """A tool of the house. Switched off here, it is off for everyone at once."""

    class Category(models.TextChoices):
        """What kind of thing it does."""

        GENERAL = "general", _("general")
        SEARCH = "search", _("search")
        MATH = "math", _("mathematics")
        TIME = "time", _("time")
        DOCUMENTS = "documents", _("documents")
        CODE = "code", _("code")
        INTEGRATION = "integration", _("integration")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tool_name = models.CharField(
        max_length=64, unique=True, validators=[require_tool_name], help_text=_("As the graph knows it.")
    )
    display_name = models.CharField(max_length=200)
    description = models.TextField(max_length=2000, blank=True)
    category = models.CharField(max_length=20, choices=Category, default=Category.GENERAL)
    is_active = models.BooleanField(default=True, help_text=_("Off: nobody can use it, from now on."))
    is_public = models.BooleanField(
        default=True, help_text=_("Off: only users to whom it is given can see and use it.")
    )
    is_on_by_default = models.BooleanField(
        null=True,
        blank=True,
        help_text=_("For users who have not chosen; unknown: as DEFAULT_ENABLED_TOOLS says."),
    )
    requires_approval = models.BooleanField(
        default=False, help_text=_("Whether the user is to be asked before each call.")
    )
    only_reads = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_(
            "Whether it neither changes nor sends anything away. Others ask once a turn holds retrieved "
            "text, where APPROVE_ACTIONS_AFTER_RETRIEVAL is set."
        ),
    )
    config_schema = models.JSONField(
        default=no_configuration,
        validators=[require_schema],
        help_text=_("JSON Schema 2020-12 of an object; properties marked writeOnly are kept as secrets."),
    )
    default_rate_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    default_rate_limit_period = models.CharField(max_length=6, choices=Period, default=Period.HOUR)
    mcp_server = models.ForeignKey(
        McpServer, null=True, blank=True, editable=False, on_delete=models.CASCADE, related_name="tools"
    )
    remote_name = models.CharField(
        max_length=128, blank=True, editable=False, help_text=_("As its server knows it.")
    )
    input_schema = models.JSONField(default=dict, blank=True, editable=False)
    is_offered = models.BooleanField(
        default=True, editable=False, help_text=_("Whether its server still has it.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[AvailableToolQuerySet] = AvailableToolQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(default_rate_limit__isnull=True) | models.Q(default_rate_limit__gte=1),
                name="tools_default_limit_positive",
            ),
            models.UniqueConstraint(
                fields=["mcp_server", "remote_name"],
                name="tools_one_per_remote_name",
                condition=models.Q(mcp_server__isnull=False),
            ),
        )
        indexes = (models.Index(fields=["is_active", "tool_name"], name="tools_active"),)

    def __str__(self) -> str:
        return self.display_name

    @property
    def rate_limit(self) -> RateLimit | None:
        """How often a user may use it who has no limit of their own; None is no limit."""
        if self.default_rate_limit is None:
            return None
        return RateLimit(uses=self.default_rate_limit, period=Period(self.default_rate_limit_period))
