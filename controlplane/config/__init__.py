"""Settings, URLs and entry points of the Django project; its job queue is known wherever Django runs."""

from controlplane.config.celery import app as job_queue

__all__ = ["job_queue"]
