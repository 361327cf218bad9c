"""Middleware that goes wrong, on the way in or on the way out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from django_http_errors import exceptions


def _failing(exception: type[Exception]) -> tuple[type, type]:
    class OnTheWayIn(MiddlewareMixin):
        def process_request(self, request: HttpRequest) -> None:
            raise exception("secret")

    class OnTheWayOut(MiddlewareMixin):
        def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
            raise exception("secret")

    return OnTheWayIn, OnTheWayOut


CrashIn, CrashOut = _failing(ZeroDivisionError)
MissingIn, MissingOut = _failing(Http404)
DeniedIn, DeniedOut = _failing(PermissionDenied)
GoneIn, GoneOut = _failing(exceptions.Gone)
UnavailableIn, UnavailableOut = _failing(exceptions.ServiceUnavailable)


class BareIn(MiddlewareMixin):
    """Answers everything with a 429 that has no content, as rate limiters do."""

    def process_request(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=429, headers={"Retry-After": "5"})


def sync_only(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Do nothing, and force what is outside of it into sync mode."""

    def middleware(request: HttpRequest) -> Any:
        return get_response(request)

    return middleware


def in_a_broken_transaction(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Answer those who want it so in a transaction in which a query has failed."""

    def middleware(request: HttpRequest) -> Any:
        if "HTTP_SPOIL" not in request.META:
            return get_response(request)
        with transaction.atomic(), connection.cursor() as cursor:
            with suppress(DatabaseError):
                cursor.execute("SELECT * FROM nowhere")
            response = get_response(request)
            transaction.set_rollback(True)
        return response

    return middleware
