"""The CSRF token of an error page, where the site's middleware has not seen the request."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
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
        # That is for a secret in the session (CSRF_USE_SESSIONS), where there is none.
        with suppress(ImproperlyConfigured):
            _MIDDLEWARE.process_request(request)


def send_csrf_secret(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie for the secret that a token on the page was made of, if it is a new one."""
    if settings.CSRF_USE_SESSIONS and not hasattr(request, "session"):
        return
    _MIDDLEWARE.process_response(request, response)
