"""What the app is measured against, where that isn't a package: it does as little as can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

CONSTANT = b"<!doctype html>\n<title>Not found</title>\n<p>There is nothing here.</p>\n"


@sync_and_async_middleware
def nothing(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Do nothing, as a middleware."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> Any:
            return await get_response(request)

    else:

        def middleware(request: HttpRequest) -> Any:
            return get_response(request)

    return middleware


def constant(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer every 404 with the same bytes: no handler can cost less."""
    return HttpResponse(CONSTANT, status=404)


def site_name(request: HttpRequest) -> dict[str, str]:
    """Give the project's own page something, as a context processor."""
    return {"site_name": "The shop"}
