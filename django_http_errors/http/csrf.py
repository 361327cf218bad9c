"""The CSRF token of an error page: as Django's own handlers have it (``requires_csrf_token``)."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware


def _no_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


_MIDDLEWARE = CsrfViewMiddleware(_no_view)


def read_csrf_secret(request: HttpRequest) -> None:
    """Read the secret that the visitor has, for a page with a form.

    Django's own handlers do so too (``requires_csrf_token``): else a token would be made of
    another secret, and the form could not be sent.
    """
    if "CSRF_COOKIE" not in request.META:
        # One in a session (CSRF_USE_SESSIONS) can't be read where there is none, or where its
        # database is away. A page without a form needs no secret.
        with suppress(Exception):
            _MIDDLEWARE.process_request(request)


def send_csrf_secret(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie of the secret that a token on the page was made of, as middleware would."""
    if hasattr(request, "session") or not settings.CSRF_USE_SESSIONS:
        _MIDDLEWARE.process_response(request, response)
