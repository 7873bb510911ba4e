"""Finds the calls that count on no day; built while the ledger is written to, however long it is."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("usage", "0008_sums_of_days")]

    operations = [
        AddIndexConcurrently(
            model_name="tokenusage",
            index=models.Index(
                condition=models.Q(("counter__isnull", True)),
                fields=["user", "created_at"],
                name="usage_without_counter",
            ),
        ),
    ]
