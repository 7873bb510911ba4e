"""Keeps the secret part of a tool's configuration: sealed as one JSON object, opened for a single call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.tools.models import UserTool
from controlplane.vault.box import Unreadable, seal, unseal


@dataclass(frozen=True, kw_only=True)
class Split:
    """A configuration in its two parts; only the first one may be shown."""

    plain: dict[str, Any]
    secrets: dict[str, Any]

    def __repr__(self) -> str:
        return f"Split(plain={self.plain!r})"


def split(configuration: Mapping[str, Any], secret_names: set[str]) -> Split:
    """Take the secrets out of a configuration."""
    return Split(
        plain={name: value for name, value in configuration.items() if name not in secret_names},
        secrets={name: value for name, value in configuration.items() if name in secret_names},
    )


def put_secrets(tool: UserTool, secrets: Mapping[str, Any]) -> None:
    """Seal these secrets in the place of all that a tool had; the caller saves it."""
    tool.secret_names = sorted(secrets)
    tool.sealed_secrets, tool.secrets_key_version = "", ""
    if secrets:
        sealed = seal(json.dumps(dict(secrets)))
        tool.sealed_secrets, tool.secrets_key_version = sealed.token, sealed.key_version


def open_secrets(tool: UserTool) -> dict[str, Any]:
    """Open a tool's secrets. Raises Unreadable when no key of the house opens them."""
    if not tool.sealed_secrets:
        return {}
    opened: dict[str, Any] = json.loads(unseal(tool.sealed_secrets))
    return opened


def readable_secrets(tool: UserTool) -> dict[str, Any]:
    """Open a tool's secrets; what nobody can read any more counts as not set."""
    try:
        return open_secrets(tool)
    except Unreadable:
        return {}
