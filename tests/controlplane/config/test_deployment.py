"""Django's own checks for deployments find nothing with the settings that a deployment has."""

import os
import subprocess
import sys

PRODUCTION = {
    "DJANGO_DEBUG": "false",
    "DJANGO_SECRET_KEY": "kT9v-3nXq_Zr7LwPf2Yc8Hd5Gs1Jm6Bt0Ae4UoIiRyNxVz-KpQ_WlCh",
    "HTTPS_ONLY": "true",
    "ALLOWED_HOSTS": "chat.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://chat.example.com",
    "FRONTEND_URL": "https://chat.example.com",
    "CONTROL_PLANE_URL": "http://control-plane.internal:8000",
    "LOG_FORMAT": "json",
    "REGISTRATION": "invitation",
    "EMAIL_HOST": "mail.example.com",
    "EMAIL_FROM": "Threadplane <chat@example.com>",
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_CLIENT_ID": "threadplane",
    "OIDC_CLIENT_SECRET": "not-a-secret",
}


def test_deployment_check_is_clean():
    command = [sys.executable, "-m", "controlplane.manage", "check", "--deploy", "--fail-level", "DEBUG"]
    checked = subprocess.run(
        command, env={**os.environ, **PRODUCTION}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout.strip()) == (
        0,
        "System check identified no issues (1 silenced).",
    ), checked.stderr
