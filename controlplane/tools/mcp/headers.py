"""Keeps the headers that prove to an MCP server who calls: sealed as one JSON object, shown by name alone."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from controlplane.tools.models import McpServer
from controlplane.vault.box import seal, unseal

MOST: Final = 20
NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,3998}[\x21-\x7e])?")
# The connection's and the protocol's own.
RESERVED: Final = {
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@sensitive_variables("headers")
def require_headers(headers: Any) -> dict[str, str]:
    """Refuse anything but a few plain headers. Raises ValidationError, which never quotes a value."""
    if not isinstance(headers, dict) or len(headers) > MOST:
        raise ValidationError(
            _('Enter an object of at most %(most)d headers: {"name": "value"}.') % {"most": MOST}
        )
    for name, value in headers.items():
        is_ours = name.lower() in RESERVED or name.lower().startswith("mcp-")
        if not NAME.fullmatch(name) or is_ours:
            raise ValidationError(_("One of these headers cannot be set."))
        if not isinstance(value, str) or not VALUE.fullmatch(value):
            raise ValidationError(_("The value of %(name)s is no value of a header.") % {"name": name})
    if len({name.lower() for name in headers}) < len(headers):
        raise ValidationError(_("A header is there twice."))
    return dict(headers)


@sensitive_variables("headers")
def put_headers(server: McpServer, headers: Mapping[str, str]) -> None:
    """Seal these in the place of all that a server had; the caller saves it."""
    server.header_names = sorted(headers)
    server.sealed_headers, server.headers_key_version = "", ""
    if headers:
        sealed = seal(json.dumps(dict(headers)))
        server.sealed_headers, server.headers_key_version = sealed.token, sealed.key_version


def open_headers(server: McpServer) -> dict[str, str]:
    """Open a server's headers. Raises Unreadable when no key of the house opens them."""
    if not server.sealed_headers:
        return {}
    opened: dict[str, str] = json.loads(unseal(server.sealed_headers))
    return opened
