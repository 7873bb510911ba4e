"""The last word on errors outside DRF: what Django calls when nothing else answered."""

import math
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlplane.api.exceptions import answer_problem
from controlplane.api.middleware import is_for_machines
from controlplane.api.problems import Problem, describe, describe_status


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 and its kin, among them 413."""
    return _answer(request, describe(exception) or describe_status(400), error=exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _answer(request, describe_status(404), error=exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer the error being handled: 503 where a server that we stand on is down, else 500."""
    error = sys.exc_info()[1]
    problem = describe(error) if error is not None else None
    return _answer(request, problem or describe_status(500), error=error)


def answer_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer for middleware that refuses a request: as JSON to machines, as a page to people."""
    return _answer(request, describe(error) or describe_status(500), error=error)


def _answer(request: HttpRequest, problem: Problem, *, error: BaseException | None) -> HttpResponse:
    if is_for_machines(request):
        return answer_problem(problem, request=request, error=error)
    page = render(request, "api/problem.html", {"problem": problem}, status=problem.status)
    if problem.retry_after is not None:
        page.headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    return page
