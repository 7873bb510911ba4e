"""Who may talk to the site and how: hosts, cookies, TLS, content security, sizes."""

from csp.constants import NONCE, NONE, SELF

from controlplane.config.environment import read_environment

_environment = read_environment()

SECRET_KEY = _environment.django_secret_key.get_secret_value()
ALLOWED_HOSTS = list(_environment.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(_environment.csrf_trusted_origins)

SESSION_ENGINE = "controlplane.accounts.browser_sessions"
# No neighbour below the same domain can set a cookie of this name, nor a page without TLS.
SESSION_COOKIE_NAME = "__Host-sessionid" if _environment.https_only else "sessionid"
SESSION_COOKIE_SECURE = _environment.https_only
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _environment.https_only
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _environment.https_only
SECURE_HSTS_SECONDS = 31_536_000 if _environment.https_only else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _environment.https_only
SECURE_HSTS_PRELOAD = _environment.https_only
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _environment.https_only else None
# The Agent Server and health probes speak plain http inside the network.
SECURE_REDIRECT_EXEMPT = [r"^internal/", r"^health/"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# What no page of ours uses, no script that got into one may use either.
BROWSER_HEADERS = {
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer", "bluetooth", "browsing-topics", "camera", "display-capture", "geolocation",
            "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
X_FRAME_OPTIONS = "DENY"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# A form of ours has one file at most.
DATA_UPLOAD_MAX_NUMBER_FILES = 5
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
# Of anything, before it is known what it is for: a document, and the form around it.
LARGEST_BODY = _environment.max_document_size_mb * 1_048_576 + 1_000_000
LONGEST_BODY_SECONDS = 30.0

# Where signing in leads when the page that was asked for may not be gone to.
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

THROTTLE_USER = _environment.throttle_user
THROTTLE_ADDRESS = _environment.throttle_address
THROTTLE_SIGN_IN = _environment.throttle_sign_in
THROTTLE_ACCOUNT = list(_environment.throttle_account)
# Every POST below it counts as an attempt to sign in.
SIGN_IN_PREFIX = "/api/accounts/"
RATELIMIT_USE_CACHE = "counters"
# A counter that ended between two steps of one request, which is the start of a new one.
RATELIMIT_FAIL_OPEN = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "controlplane.accounts.passwords.EndsWhatWasSignedIn"},
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        **({"upgrade-insecure-requests": [True]} if _environment.https_only else {}),
    }
}
