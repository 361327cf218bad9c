"""The error handlers of a URLconf, which Django calls with any method.

A URLconf that defines none has these, once the app is in INSTALLED_APPS (``DEFAULT_HANDLERS``).
Another one can name them, or wrap them in its own:

    from django_http_errors.handlers import handler400, handler403, handler404, handler500

`handler429` is none of Django's: packages that limit rates look for one there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .core import pipeline
from .core.exception_mapping import problem_for

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500"]


def handler400(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
    """Answer what Django makes a 400 of, the app's own exceptions with their own status."""
    return _answer(request, exception, 400)


def handler403(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
    """Answer what Django makes a 403 of."""
    return _answer(request, exception, 403)


def handler404(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
    """Answer what Django makes a 404 of."""
    return _answer(request, exception, 404)


def handler429(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
    """Answer who has sent too many requests, for django-allauth and others that call one."""
    return _answer(request, exception, 429)


def handler500(request: HttpRequest, exception: BaseException | None = None) -> HttpResponseBase:
    """Answer a crash, which Django has signalled; it hands over no exception."""
    return _answer(request, exception or sys.exception(), 500)


def _answer(request: HttpRequest, exception: BaseException | None, status: int) -> HttpResponseBase:
    # Packages that look for a handler may hand it something else, such as django-axes a response.
    exception = exception if isinstance(exception, BaseException) else None
    if isinstance(request, ASGIRequest):
        with _leaving_no_connection():
            return pipeline.answer(request, problem_for(exception, status), exception=exception)
    return pipeline.answer(request, problem_for(exception, status), exception=exception)


@contextmanager
def _leaving_no_connection() -> Iterator[None]:
    """Close the database connections that a handler opens.

    Under ASGI a handler runs in a thread of its own, whose connections nobody closes at the end
    of the request. A middleware that finishes the answer does it in the request's thread, but
    rules that hide, and who is exempt from them, are asked for here.
    """
    before = _open_connections()
    try:
        yield
    finally:
        for connection in _open_connections() - before:
            connection.close()


def _open_connections() -> set[BaseDatabaseWrapper]:
    return {each for each in connections.all(initialized_only=True) if each.connection is not None}
