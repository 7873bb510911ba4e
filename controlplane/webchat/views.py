"""The one page of the web chat; what it shows is decided in the browser."""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from controlplane.webchat.built import NotBuilt, entry


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@require_safe
@never_cache
@ensure_csrf_cookie
@csp_update({"connect-src": [_origin(settings.LANGGRAPH_PUBLIC_URL)]})
def page(request: HttpRequest) -> HttpResponse:
    """Show it to anybody: it holds nothing of anybody's, and asks for a sign-in itself."""
    try:
        files = entry()
    except NotBuilt:
        return render(request, "webchat/not_built.html", status=503)
    return render(request, "webchat/page.html", {"files": files, "registration": settings.REGISTRATION})
