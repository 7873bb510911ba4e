"""Two answers for whoever watches over processes: `live` restarts them, `ready` sends them requests."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from controlplane.health.probes import probe_all


@require_safe
async def live(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # Django passes it
    """Answer 200 as long as this process serves requests; asks nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
async def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # Django passes it
    """Answer 200 when every part answers, else 503 with the answer of each."""
    checks = await probe_all()
    is_ready = all(checks.values())
    shown = {name: "ok" if answers else "unavailable" for name, answers in checks.items()}
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": shown}, status=200 if is_ready else 503
    )
