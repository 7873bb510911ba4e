"""MCP servers: where they are, what proves who calls, and what came of asking them for their tools."""

import re
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from controlplane.outbound.errors import AddressRefused
from controlplane.outbound.fetching import LONGEST_ADDRESS, Bounds, check_address

# Two underscores part it from the tool's own name, so that no two servers can mean the same one.
SLUG: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
LONGEST_SLUG: Final = 24
require_slug = RegexValidator(rf"\A{SLUG.pattern}\Z", _("Small letters and digits, parted by single _."))


class McpServerQuerySet(models.QuerySet["McpServer"]):
    """The words in which servers are asked for."""

    def active(self) -> Self:
        """Keep the servers that are on."""
        return self.filter(is_active=True)


class McpServer(models.Model):
    """A server of the house. Its tools are rows of the catalogue; switched off here, all of them are off."""

    class Transport(models.TextChoices):
        """How it is reached."""

        STREAMABLE_HTTP = "streamable_http", _("streamable HTTP")
        STDIO = "stdio", _("program of MCP_STDIO_SERVERS")

    class Outcome(models.TextChoices):
        """What came of asking for its tools; empty until it was asked."""

        FOUND = "found", _("found")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(
        max_length=LONGEST_SLUG,
        unique=True,
        validators=[require_slug],
        help_text=_("The names of its tools begin with it; of a program, its name in MCP_STDIO_SERVERS."),
    )
    display_name = models.CharField(max_length=200)
    transport = models.CharField(max_length=16, choices=Transport, default=Transport.STREAMABLE_HTTP)
    url = models.CharField(
        max_length=LONGEST_ADDRESS,
        blank=True,
        verbose_name=_("address"),
        help_text=_("Without a query: keys belong into headers."),
    )
    sealed_headers = models.TextField(blank=True, editable=False)
    headers_key_version = models.CharField(max_length=12, blank=True, editable=False)
    header_names = models.JSONField(default=list, blank=True, editable=False)
    is_active = models.BooleanField(default=True, help_text=_("Off: nobody can use its tools, from now on."))
    call_timeout_seconds = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(300)],
        help_text=_("How long one call of a tool may take."),
    )
    discovered_at = models.DateTimeField(null=True, editable=False)
    discovery_outcome = models.CharField(max_length=6, choices=Outcome, blank=True, editable=False)
    discovery_error = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[McpServerQuerySet] = McpServerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("MCP server")
        verbose_name_plural = _("MCP servers")

    def __str__(self) -> str:
        return self.display_name

    def clean(self) -> None:
        """Hold the address to its transport. Raises ValidationError."""
        if self.transport == self.Transport.STDIO:
            if self.url:
                raise ValidationError({"url": _("A program has no address.")})
            if self.slug not in settings.MCP_STDIO_SERVERS:
                raise ValidationError({"slug": _("MCP_STDIO_SERVERS names no such program.")})
            return
        try:
            address = check_address(self.url, bounds=self.bounds())
        except AddressRefused:
            raise ValidationError({"url": _("This is no address that may be asked.")}) from None
        if address.query or address.fragment:
            raise ValidationError({"url": _("Without a query: keys belong into headers.")})

    @staticmethod
    def bounds(**narrower: Any) -> Bounds:
        """Say where requests may go: as MCP_PRIVATE_ADDRESSES lets them, without TLS only there is any."""
        private = settings.MCP_PRIVATE_ADDRESSES
        return Bounds(private_networks=private, is_plain_http_allowed=bool(private), **narrower)
