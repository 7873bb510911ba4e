"""Lists of tables that grow without end ask for nothing that reads a table whole."""

import pytest
from django.contrib import admin
from django.contrib.admin.filters import AllValuesFieldListFilter, RelatedFieldListFilter
from django.urls import reverse

from controlplane.backoffice.pages import LargeTableAdmin
from controlplane.tools.models import AvailableTool

LARGE = [model for model, page in admin.site._registry.items() if isinstance(page, LargeTableAdmin)]


# Kept by the house: as long as what it offers.
SMALL = {AvailableTool}


def reads_a_table_whole(one: object) -> bool:
    """Whether a filter lists what a column holds, or all rows of another table."""
    if isinstance(one, RelatedFieldListFilter):
        return one.field.remote_field.model not in SMALL
    return isinstance(one, AllValuesFieldListFilter)


@pytest.mark.parametrize("model", LARGE, ids=lambda model: model.__name__)
def test_list_of_a_large_table_reads_no_table_whole(model, office):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    page, request = admin.site._registry[model], office.get(address).wsgi_request

    assert page.date_hierarchy is None, "the days to pick from are read from all rows"
    filters = page.get_changelist_instance(request).filter_specs
    assert [type(one).__name__ for one in filters if reads_a_table_whole(one)] == []
