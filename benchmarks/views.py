"""A page, and one that nobody may see."""

from __future__ import annotations

from typing import NoReturn

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

PAGE = b"<!doctype html>\n<title>A page</title>\n<p>All is well.</p>\n"


def page(request: HttpRequest) -> HttpResponse:
    """Answer as a page does that isn't computed: what surrounds it is all that is measured."""
    return HttpResponse(PAGE)


async def async_page(request: HttpRequest) -> HttpResponse:
    """Answer the same, for the ASGI handler."""
    return HttpResponse(PAGE)


def denied(request: HttpRequest) -> NoReturn:
    """Let nobody in."""
    raise PermissionDenied
