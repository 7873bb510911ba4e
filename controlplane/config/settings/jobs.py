"""The job queue: small JSON messages, at least once, with bounded waits on both sides."""

from typing import Any

from kombu import Exchange, Queue

from controlplane.config.environment import read_environment

CELERY_BROKER_URL = read_environment().redis_url.get_secret_value()
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Longer than any task: a task whose worker died is handed out again after this many seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # The queue's own retries would hold a web request for seconds; the sweep makes up for a lost job.
    "retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2},
}
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_TASK_DEFAULT_QUEUE = "threadplane"
SWEEPS = "sweeps"
CELERY_TASK_QUEUES = tuple(
    Queue(name, Exchange(name), routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, SWEEPS)
)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_TIMEZONE = "UTC"

CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # A sweep that was not taken in time is dropped: the next one does its work.
    "sweep-runs": {"task": "runs.sweep_runs", "schedule": 15.0, "options": {"expires": 14}},
    "sweep-late-records": {
        "task": "runs.sweep_late_records",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "settle-abandoned-calls": {
        "task": "runs.settle_abandoned_calls",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "sweep-provisional": {"task": "chat.sweep_provisional", "schedule": 15.0, "options": {"expires": 14}},
    "roll-up-usage": {"task": "usage.roll_up", "schedule": 300.0, "options": {"expires": 290}},
    "forget-expired": {"task": "accounts.forget_expired", "schedule": 86_400.0},
    "forget-old-keys": {"task": "api.forget_old_keys", "schedule": 86_400.0},
    "sweep-message-index": {
        "task": "chat.sweep_message_index",
        "schedule": 10.0,
        "options": {"expires": 9},
    },
    "sweep-titles": {"task": "chat.sweep_titles", "schedule": 30.0, "options": {"expires": 29}},
    "sweep-exports": {"task": "takeout.sweep_exports", "schedule": 60.0, "options": {"expires": 55}},
    "retire-sessions": {"task": "upkeep.retire_sessions", "schedule": 3600.0, "options": {"expires": 3500}},
    "check-drift": {
        "task": "upkeep.check_drift",
        "schedule": float(read_environment().drift_check_seconds),
        "options": {"expires": read_environment().drift_check_seconds - 5},
    },
    "sweep-deletions": {"task": "erasure.sweep", "schedule": 60.0, "options": {"expires": 55}},
    "discover-mcp-servers": {
        "task": "tools.discover_mcp_servers",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "sweep-documents": {"task": "documents.sweep_deletions", "schedule": 60.0, "options": {"expires": 55}},
}

# A worker takes from both queues in turn: a sweep makes up for what a backlog holds up. Behind that, it would
# be dropped as too late, and so would each next one.
CELERY_TASK_ROUTES = {
    entry["task"]: {"queue": SWEEPS}
    for entry in CELERY_BEAT_SCHEDULE.values()
    if "expires" in entry.get("options", {})
}

DJANGO_STRUCTLOG_CELERY_ENABLED = True
