"""Remembers how far a walk got, so that the next job goes on there and not at the beginning."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from controlplane.upkeep.models import Bookmark


def bookmark_find(walk: str, *, beginning: Any) -> tuple[Any, datetime]:
    """Say where to go on, and when the walk began; at its beginning and now if there is no bookmark."""
    kept = Bookmark.objects.filter(pk=walk).first()
    return (kept.position, kept.started_at) if kept else (beginning, timezone.now())


def bookmark_keep(walk: str, position: Any, *, started_at: datetime) -> None:
    """Remember a position; of two walkers the later word counts, which costs the other a repeat."""
    Bookmark.objects.update_or_create(pk=walk, defaults={"position": position, "started_at": started_at})


def bookmark_drop(walk: str) -> None:
    """Forget it: the walk is over."""
    Bookmark.objects.filter(pk=walk).delete()
