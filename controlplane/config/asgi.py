"""The ASGI entry point: Django, and the shared connection to the Agent Server for the server's lifetime."""

import os

from django.core.asgi import get_asgi_application

from controlplane.agent_server.connection import keep_shared_connection
from controlplane.config.lifespan import Lifespan

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.config.settings")

application = Lifespan(get_asgi_application(), during=keep_shared_connection)
