"""Brings the template that every installation begins with."""

from django.db import migrations

SLUG = "default-assistant"


def add(apps, schema_editor):
    """Add it with its first version, unless there is a default already."""
    Template = apps.get_model("prompts", "SystemPromptTemplate")
    if Template.objects.filter(is_default=True).exists():
        return
    template = Template.objects.create(
        name="Default Assistant",
        slug=SLUG,
        content="You are a helpful AI assistant.",
        is_default=True,
        is_public=True,
    )
    Version = apps.get_model("prompts", "PromptVersion")
    Version.objects.create(template=template, number=1, content=template.content)


def remove(apps, schema_editor):
    """Remove it; what else the house has written stays."""
    Template = apps.get_model("prompts", "SystemPromptTemplate")
    Template.objects.filter(owner=None, slug=SLUG).delete()


class Migration(migrations.Migration):
    """One row."""

    dependencies = [("prompts", "0001_templates_versions_ratings")]

    operations = [migrations.RunPython(add, remove)]
