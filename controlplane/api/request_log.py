"""Names the caller in the request log, without asking the database for one whom nobody else asked for."""

from django.http import HttpRequest
from django.utils.functional import LazyObject
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's log of requests, which still ends in time when the database is down."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Take the user over where the view or the API has found one."""
        user = getattr(request, "user", None)
        # Django leaves `_cached_user` behind once it has read the user; before, a look at it is a query.
        if user is None or (isinstance(user, LazyObject) and not hasattr(request, "_cached_user")):
            return
        RequestMiddleware.bind_user_id(request)
