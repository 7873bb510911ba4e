"""Brings an archived month of the ledger back from its file."""

from itertools import islice
from pathlib import Path
from typing import Any

from django.db import models, transaction

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict
from controlplane.maintenance.archived_months import UsageMonth, calls_of
from controlplane.maintenance.archiving import BATCH, columns
from controlplane.maintenance.usage_files import BadFile, Manifest, read_manifest, read_rows, verify
from controlplane.usage.models import ArchivedMonth, TokenUsage


def usage_restore(*, manifest_path: Path) -> Manifest:
    """Bring the calls of one month back, and forget that it was archived; the file stays.

    What they belonged to and is gone since is left out. May be stopped anywhere and repeated.
    Raises BadFile, and Conflict `usage_missing` when not all calls are there in the end.
    """
    manifest = read_manifest(manifest_path)
    path = verify(manifest_path.parent, manifest)
    rows = read_rows(path)
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic():
            TokenUsage.objects.bulk_create(_calls(batch, path), ignore_conflicts=True)
    _forget(manifest)
    return manifest


def _calls(batch: list[dict[str, Any]], path: Path) -> list[TokenUsage]:
    expected = set(columns())
    if any(set(row) != expected for row in batch):
        raise BadFile(f"{path} was written by another version: its columns are not the ledger's.")
    for field in TokenUsage._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            _leave_out_what_is_gone(batch, field)
    fields = {one.attname: one for one in TokenUsage._meta.concrete_fields}
    return [
        TokenUsage(**{name: fields[name].to_python(value) for name, value in row.items()}) for row in batch
    ]


def _leave_out_what_is_gone(batch: list[dict[str, Any]], field: "models.ForeignKey[Any, Any]") -> None:
    named = {row[field.attname] for row in batch} - {None}
    rows = field.related_model._default_manager.filter(pk__in=named)
    there = {str(key) for key in rows.values_list("pk", flat=True)}
    for row in batch:
        if str(row[field.attname]) not in there:
            row[field.attname] = None


def _forget(manifest: Manifest) -> None:
    with transaction.atomic():
        archived = ArchivedMonth.objects.select_for_update().filter(month=f"{manifest.month}-01").first()
        if archived is None:
            return
        back = calls_of(UsageMonth(archived.month)).count()
        if back < manifest.calls:
            raise Conflict(f"Only {back} of {manifest.calls} calls are there.", code="usage_missing")
        changes = {"calls": [0, manifest.calls]}
        entry_add(Action.USAGE_ARCHIVE, subject=archived, actor_id=None, changes=changes)
        archived.delete()
