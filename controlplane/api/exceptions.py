"""Turns every error into the one shape, wherever it was raised: DRF, Django, middleware or a stream."""

import math
from http import HTTPStatus
from typing import Any

import structlog
from django.http import HttpRequest, JsonResponse
from rest_framework.request import Request

from controlplane.api.problems import Problem, describe
from controlplane.api.rate_limits import rate_limit_headers, rate_limit_of
from controlplane.api.request_ids import request_id_of

logger = structlog.get_logger(__name__)


def handle_exception(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """Answer for DRF; None lets Django report an error that nobody foresaw, and the middleware shape it."""
    request: Request = context["request"]
    problem = describe(error)
    if problem is None:
        return None
    response = answer_problem(problem, request=request._request, error=error)
    # DRF hangs the header on the error it was made for.
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response.headers["WWW-Authenticate"] = challenge
    return response


def answer_problem(
    problem: Problem, *, request: HttpRequest, error: BaseException | None = None
) -> JsonResponse:
    """Make the HTTP answer; what is our fault or a neighbour's is logged with its cause."""
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("request_not_served", code=problem.code, status=problem.status, error=repr(error))
    response = JsonResponse({"error": error_body(problem, request=request)}, status=problem.status)
    response.headers["Cache-Control"] = "no-store"
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    limit = rate_limit_of(problem.details) if problem.status == HTTPStatus.TOO_MANY_REQUESTS else None
    for name, value in rate_limit_headers([limit] if limit else []).items():
        response.headers[name] = value
    return response


def error_body(problem: Problem, *, request: HttpRequest) -> dict[str, Any]:
    """Fill the shape of docs/contracts.md, section 8."""
    body: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.fields:
        body["fields"] = problem.fields
    if problem.details:
        body["details"] = problem.details
    body["request_id"] = request_id_of(request)
    return body
