"""Django's settings, one module per topic; what varies comes from the environment."""

from controlplane.config.settings.accounts import *  # noqa: F403  # Django reads settings from one namespace
from controlplane.config.settings.api import *  # noqa: F403  # as above
from controlplane.config.settings.applications import *  # noqa: F403  # as above
from controlplane.config.settings.database import *  # noqa: F403  # as above
from controlplane.config.settings.jobs import *  # noqa: F403  # as above
from controlplane.config.settings.logs import *  # noqa: F403  # as above
from controlplane.config.settings.product import *  # noqa: F403  # as above
from controlplane.config.settings.security import *  # noqa: F403  # as above
from controlplane.config.settings.tokens import *  # noqa: F403  # as above
