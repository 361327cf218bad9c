"""The door that Django opens: the four handlers of a root URLconf.

from django_http_errors.handlers import handler400, handler403, handler404, handler500
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import pipeline
from .exceptions import problem_for

__all__ = ["handler400", "handler403", "handler404", "handler500"]

Handler = Callable[..., HttpResponseBase]


def _handler(status: int) -> Handler:
    def handler(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
        # Django doesn't hand the exception to handler500, but calls it while handling it.
        exception = exception or sys.exception()
        # The middleware finishes the answer in the request's thread: nothing is opened here.
        is_finished_later = getattr(request, pipeline.IN_FLIGHT, False)
        with nullcontext() if is_finished_later else _leaving_no_connection():
            return pipeline.answer(request, problem_for(exception, status), cause=exception)

    handler.__name__ = handler.__qualname__ = f"handler{status}"
    handler.__doc__ = f"Answer an exception that Django made a {status} of; takes any method."
    return handler


@contextmanager
def _leaving_no_connection() -> Iterator[None]:
    """Close the database connections that a template of the project opens in a handler.

    Under ASGI a handler runs in a thread of its own, whose connections nobody closes at the end
    of the request. It is only needed without the middleware, which finishes the answer in the
    request's thread.
    """
    before = _open_connections()
    try:
        yield
    finally:
        for connection in _open_connections() - before:
            connection.close()


def _open_connections() -> set[BaseDatabaseWrapper]:
    return {each for each in connections.all(initialized_only=True) if each.connection is not None}


handler400 = _handler(400)
handler403 = _handler(403)
handler404 = _handler(404)
handler500 = _handler(500)
