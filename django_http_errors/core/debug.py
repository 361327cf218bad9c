"""What a JSON client is told while DEBUG is on: the exception, and where it comes from."""

from __future__ import annotations

import traceback
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from .request_info import RequestInfo

# How Django's technical pages introduce themselves, in HTML and in text.
_MARKER = "You\N{RIGHT SINGLE QUOTATION MARK}re seeing this error because you have".encode()


def remember(request: HttpRequest | None, exception: BaseException | None) -> None:
    """Keep `exception` for `details`; outside of DEBUG nothing is kept."""
    if settings.DEBUG and request is not None and exception is not None:
        RequestInfo.of(request).exception = exception


def is_technical_page(response: HttpResponseBase) -> bool:
    """Return whether `response` is a page that Django's `views.debug` wrote."""
    return (
        settings.DEBUG
        and response.status_code in (400, 404, 500)
        and not response.streaming
        and getattr(response, "is_rendered", True)
        and _MARKER in getattr(response, "content", b"")
    )


def is_wanted(page: HttpResponseBase, media_type: str) -> bool:
    """Return whether Django's technical `page` serves a client that prefers `media_type`."""
    return media_type == "text/html" or page.headers["Content-Type"].startswith(media_type)


def details(request: HttpRequest) -> dict[str, Any]:
    """Return the members to add to a problem: none outside of DEBUG, or without an exception."""
    info = RequestInfo.of(request)
    if not settings.DEBUG or info.is_silent:
        return {}
    exception = info.exception or _unrouted(request)
    if exception is None:
        return {}
    kind = type(exception)
    return {
        "debug": {
            "exception": f"{kind.__module__}.{kind.__qualname__}",
            "message": str(exception),
            "traceback": "".join(traceback.format_exception(exception)).splitlines(),
        }
    }


def _unrouted(request: HttpRequest) -> Resolver404 | None:
    """Return what the URL resolver raises for an address that it doesn't know."""
    if getattr(request, "resolver_match", None) is not None:
        return None
    try:
        resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404 as unrouted:
        return unrouted
    return None
