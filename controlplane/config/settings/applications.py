"""What the project is made of: apps, middleware, templates, static files, language and time."""

from pathlib import Path

from controlplane.config.environment import read_environment

PACKAGE = Path(__file__).resolve().parents[2]

DEBUG = read_environment().django_debug
ROOT_URLCONF = "controlplane.config.urls"
ASGI_APPLICATION = "controlplane.config.asgi.application"
AUTH_USER_MODEL = "accounts.CustomUser"
# E-mail is unique by a constraint on its lower case, which the check of the user name's field does not see.
SILENCED_SYSTEM_CHECKS = ["auth.E003"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # Before the library, whose first page it replaces.
    "controlplane.backoffice",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_structlog",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "django_filters",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "controlplane.audit",
    "controlplane.accounts",
    "controlplane.language_models",
    "controlplane.preferences",
    "controlplane.usage",
    "controlplane.prompts",
    "controlplane.tools",
    "controlplane.approvals",
    "controlplane.provider_keys",
    "controlplane.chat",
    "controlplane.runs",
    "controlplane.documents",
    "controlplane.feedback",
    "controlplane.takeout",
    "controlplane.upkeep",
    "controlplane.erasure",
    "controlplane.maintenance",
    "controlplane.webchat",
    "controlplane.api",
]

MIDDLEWARE = [
    "controlplane.api.request_ids.RequestIdMiddleware",
    "controlplane.api.request_log.RequestLogMiddleware",
    # These three outside of all that answers by itself: no answer goes without their headers.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "controlplane.config.content_security.ContentSecurityMiddleware",
    "controlplane.api.middleware.ErrorShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "controlplane.accounts.throttling.middleware.ThrottleMiddleware",
    "controlplane.accounts.sign_up.bodies.ReadableBodyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Knows no async, so that all others, outside of it, run in its one thread; placed first, as is usual, it
    # would leave them hopping between threads: a third of what a short request costs.
    "whitenoise.middleware.WhiteNoiseMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

STATIC_URL = "static/"
# Optional: a deployment that collects static files makes this folder first.
_collected = PACKAGE / "static"
STATIC_ROOT = _collected if _collected.is_dir() else None
# Serves the files of installed packages without a build step.
WHITENOISE_USE_FINDERS = True
# The library would let every site read them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# The build of the web chat names files by what they hold; others may change under their names.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/static/webchat/assets/.+-[\w-]{8}\.\w+$"

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "controlplane.config.formats"
TIME_ZONE = read_environment().time_zone
USE_TZ = True

UNFOLD = {
    "SITE_TITLE": "Threadplane",
    "SITE_HEADER": "Threadplane",
    # There is no other site to return to.
    "SITE_URL": None,
    "LOGIN": {"form": "controlplane.accounts.sign_up.back_office.SignInForm"},
    "DASHBOARD_CALLBACK": "controlplane.backoffice.first_page.dashboard",
    "SIDEBAR": {"show_search": True, "navigation": "controlplane.backoffice.navigation.sidebar"},
}
