"""Structured logs on standard error, for people or for machines, with the request's id on each line."""

from typing import Any

import structlog

from controlplane.config.environment import read_environment

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
_RENDERERS: dict[str, list[Any]] = {
    # Plain: the default shows local variables, and with them tokens and keys.
    "console": [
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    ],
    "json": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _SHARED,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_RENDERERS[read_environment().log_format],
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["stderr"], "level": read_environment().log_level},
    "loggers": {
        # The request log of django-structlog says the same, with ids.
        "django.request": {"handlers": [], "propagate": False},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
        # django-structlog says of each job that it started and how it ended.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # They write the address of each call, and at DEBUG what was answered, in which keys may be quoted.
        **{name: {"level": "WARNING"} for name in ("httpx", "httpcore", "urllib3", "requests")},
    },
}

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# controlplane.api.request_ids has replaced whatever a caller sent that is not fit for a log.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
