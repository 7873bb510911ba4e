"""The Celery application; `celery -A controlplane.config.celery` finds it here."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.config.settings")


@setup_logging.connect(weak=False)
def keep_project_logging(**_: Any) -> None:
    """Leave logging as Django's settings say: being connected at all stops Celery's own set-up."""


app = Celery("threadplane")
# Web requests are served by many threads, and those without a current app fall back to this one.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()
