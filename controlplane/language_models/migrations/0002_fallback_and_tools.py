import django.db.models.deletion
from django.db import migrations, models


def trust_with_tools(apps, schema_editor):
    """Until now nothing read the mark, and imports left it empty: every model was offered tools."""
    rows = apps.get_model("language_models", "AllowedModel").objects.filter(supports_tools=False)
    rows.exclude(name__icontains="smollm").update(supports_tools=True)


class Migration(migrations.Migration):

    dependencies = [
        ('language_models', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='allowedmodel',
            name='fallback',
            field=models.ForeignKey(blank=True, help_text='Taken when its provider fails. Empty: none.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='stands_in_for', to='language_models.allowedmodel'),
        ),
        migrations.AlterField(
            model_name='allowedmodel',
            name='supports_tools',
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(trust_with_tools, migrations.RunPython.noop, elidable=True),
    ]
