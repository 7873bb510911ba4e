"""Signing up and in, by django-allauth's headless API, and the mail that it needs."""

from controlplane.config.environment import read_environment

_environment = read_environment()

REGISTRATION = _environment.registration
FRONTEND_URL = _environment.frontend_url or _environment.control_plane_url

if _environment.email_host is None:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
else:
    EMAIL_HOST = _environment.email_host
EMAIL_PORT = _environment.email_port
EMAIL_HOST_USER = _environment.email_user
EMAIL_HOST_PASSWORD = _environment.email_password.get_secret_value()
EMAIL_USE_TLS = _environment.email_tls == "starttls"
EMAIL_USE_SSL = _environment.email_tls == "tls"
# A mail is sent while somebody waits for the answer.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = _environment.email_from
SERVER_EMAIL = _environment.email_from

ACCOUNT_ADAPTER = "controlplane.accounts.sign_up.account.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "controlplane.accounts.sign_up.form.InvitedForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _environment.https_only else "http"
# Codes in place of links: a chat client needs no page of its own for them.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# Who asks for a reset of an address without an account sends nobody a mail.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
# The password again, before addresses or second factors change.
ACCOUNT_REAUTHENTICATION_REQUIRED = True

HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app", "browser")
HEADLESS_TOKEN_STRATEGY = "controlplane.accounts.sign_up.tokens.ApiTokens"  # noqa: S105  # a class
HEADLESS_FRONTEND_URLS = {
    "account_signup": f"{FRONTEND_URL}/",
    "account_reset_password": f"{FRONTEND_URL}/",
    "socialaccount_login_error": f"{FRONTEND_URL}/",
}

MFA_ADAPTER = "controlplane.accounts.sign_up.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Threadplane"
# The code before and the one after: phones are seconds off, and people type slowly.
MFA_TOTP_TOLERANCE = 1

SOCIALACCOUNT_ADAPTER = "controlplane.accounts.sign_up.social.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
# The house has chosen its provider: an address that it has confirmed is that of the account here.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {}
if _environment.oidc_issuer is not None:
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": _environment.oidc_name,
                    "client_id": _environment.oidc_client_id,
                    "secret": _environment.oidc_client_secret.get_secret_value(),
                    "settings": {"server_url": _environment.oidc_issuer},
                }
            ],
            "OAUTH_PKCE_ENABLED": True,
        }
    }
