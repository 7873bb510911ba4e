"""Posts JSON as the Agent Server does."""

import json

from django.http import HttpResponse
from django.test import Client


def post(client: Client, path: str, body: object) -> HttpResponse:
    """Send a body and return the answer."""
    return client.post(path, json.dumps(body), content_type="application/json")
