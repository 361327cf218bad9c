"""Views that fail, and the form on the error page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from django_http_errors.exceptions import Gone

RAISED: dict[str, type[Exception]] = {
    "400": BadRequest,
    "suspicious": SuspiciousOperation,
    "403": PermissionDenied,
    "404": Http404,
    "410": Gone,
    "500": ZeroDivisionError,
}


def _note(request: HttpRequest) -> None:
    if "note" in request.GET:
        messages.info(request, request.GET["note"])


def raised(request: HttpRequest, name: str) -> HttpResponse:
    _note(request)
    raise RAISED[name]


def returned(request: HttpRequest, name: str) -> HttpResponse:
    _note(request)
    return HttpResponse(status=int(name))


def asynchronous(
    view: Callable[..., HttpResponse],
) -> Callable[..., Awaitable[HttpResponse]]:
    """Return the async twin of `view`."""

    async def twin(request: HttpRequest, name: str) -> HttpResponse:
        # Messages may ask the session.
        return await sync_to_async(view)(request, name)

    return twin


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sent" if request.method == "POST" else "form")


def ordinary(request: HttpRequest) -> HttpResponse:
    """Answer by the same template as the error pages."""
    _note(request)
    return render(request, "404.html")
