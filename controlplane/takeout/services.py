"""What users do with exports; who asks for one and who fetches it is on record."""

import uuid
from functools import partial

from django.core.files import File
from django.db import transaction

from controlplane.audit.models import Action
from controlplane.audit.record import entry_add
from controlplane.errors import Conflict, Gone, NotFound
from controlplane.takeout.models import AccountExport
from controlplane.takeout.staging import Staging
from controlplane.takeout.tasks import request_making


def export_request(*, owner_id: uuid.UUID) -> AccountExport:
    """Ask for an export; while one is being made, that one is the answer. Owns its transaction."""
    with transaction.atomic():
        wanted = AccountExport(user_id=owner_id)
        AccountExport.objects.bulk_create([wanted], ignore_conflicts=True)
        export = AccountExport.objects.owned_by(owner_id).filter(pk=wanted.pk).first()
        if export is None:
            return _live(owner_id)
        _note(export, status=["", export.status])
        transaction.on_commit(partial(request_making, export.pk))
    return export


def export_delete(*, export_id: uuid.UUID, owner_id: uuid.UUID) -> None:
    """Delete an export, and its file once that is committed. Raises NotFound."""
    with transaction.atomic():
        mine = AccountExport.objects.owned_by(owner_id).select_for_update().filter(pk=export_id)
        export = mine.first()
        if export is None:
            raise NotFound("There is no such export.")
        _note(export, status=[export.status, "deleted"])
        AccountExport.objects.filter(pk=export.pk).delete()
        transaction.on_commit(Staging(export_id).discard)


def export_open(*, export_id: uuid.UUID, owner_id: uuid.UUID) -> "tuple[AccountExport, File[bytes]]":
    """Open an export's file for reading; the caller closes it.

    Raises NotFound, Gone `export_expired` and Conflict `export_not_ready`.
    """
    export = AccountExport.objects.owned_by(owner_id).filter(pk=export_id).first()
    if export is None:
        raise NotFound("There is no such export.")
    if export.status == AccountExport.Status.EXPIRED:
        raise Gone("The file is not kept any more. Ask for another export.", code="export_expired")
    if export.status != AccountExport.Status.READY:
        raise Conflict("The export is not ready.", code="export_not_ready")
    _note(export, fetched=[False, True])
    try:
        return export, File(Staging(export.pk).file.open("rb"))
    except FileNotFoundError as error:
        raise Gone("The file is not there any more.", code="export_expired") from error


def exports_forget(*, owner_id: uuid.UUID) -> int:
    """Delete all exports of one user with their files, for who deletes the account; returns how many."""
    export_ids = list(AccountExport.objects.owned_by(owner_id).values_list("pk", flat=True))
    AccountExport.objects.filter(pk__in=export_ids).delete()
    for export_id in export_ids:
        Staging(export_id).discard()
    return len(export_ids)


def _live(owner_id: uuid.UUID) -> AccountExport:
    export = AccountExport.objects.owned_by(owner_id).live().first()
    if export is None:
        raise Conflict("The last export has just ended. Try again.", code="export_just_ended")
    return export


def _note(export: AccountExport, **changes: list[object]) -> None:
    entry_add(
        Action.ACCOUNT_EXPORT,
        subject=export,
        actor_id=export.user_id,
        concerns_id=export.user_id,
        changes=changes,
    )
