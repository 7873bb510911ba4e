"""Adds receipts to what users may take with them: they are kept above the exports, which do not know them."""

from django.apps import AppConfig


class ErasureConfig(AppConfig):
    """Deletions of conversations and accounts."""

    name = "controlplane.erasure"

    def ready(self) -> None:
        """Register the table, once models can be named."""
        from controlplane.erasure.models import DeletionReceipt  # noqa: PLC0415  # not before now
        from controlplane.takeout.tables import Table, register_table  # noqa: PLC0415  # as above

        register_table(
            Table(
                name="deletions",
                model=DeletionReceipt,
                fields=("id", "kind", "subject_id", "requested_at", "erased_at", "checked_at", "counts"),
            )
        )
