"""Built beside the running system: a large table takes its time, and nobody waits for it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0005_retired_sessions")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        AddIndexConcurrently(
            model_name='chatsession',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True), ('is_archived', False), ('is_pinned', False)), fields=['updated_at'], name='chat_session_to_retire'),
        ),
        AddIndexConcurrently(
            model_name='chatsession',
            index=models.Index(condition=models.Q(('retired_at__isnull', False)), fields=['retired_at'], name='chat_session_retired'),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
