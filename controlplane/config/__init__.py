"""Settings, URLs and entry points of the Django project."""

# Every process that loads the settings has the job queue with it: a task called without it would look for
# a queue on Celery's own default address.
from controlplane.config.celery import app as celery_app

__all__ = ["celery_app"]
