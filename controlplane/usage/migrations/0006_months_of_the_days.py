"""Begins the counters of months with what was counted and set aside on their days."""

from django.conf import settings
from django.db import migrations

ADD_UP = """
INSERT INTO usage_monthlycounter
    (user_id, month, resets_at, messages, tokens, reserved_tokens, cost, reserved_cost)
SELECT user_id, date_trunc('month', day)::date,
    (date_trunc('month', day) + interval '1 month')::timestamp AT TIME ZONE %s,
    sum(messages), sum(tokens), sum(reserved_tokens), sum(cost), sum(reserved_cost)
FROM usage_dailycounter GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING
"""


def add_up(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(ADD_UP, [settings.TIME_ZONE])


class Migration(migrations.Migration):
    """Reads the days, which nobody has to wait for."""

    dependencies = [("usage", "0005_months_and_grants")]

    operations = [migrations.RunPython(add_up, migrations.RunPython.noop)]
