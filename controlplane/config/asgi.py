"""The ASGI entry point: Django, and the shared connection to the Agent Server for the server's lifetime."""

import os

import django

from controlplane.agent_server.connection import keep_shared_connection
from controlplane.config.lifespan import Lifespan
from controlplane.config.requests import Utf8Handler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.config.settings")
# As Django's own `get_asgi_application` does.
django.setup(set_prefix=False)

application = Lifespan(Utf8Handler(), during=keep_shared_connection)
