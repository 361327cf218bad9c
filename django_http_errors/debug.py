"""What a JSON client is told while DEBUG is on: the exception, and where it comes from."""

from __future__ import annotations

import traceback
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

_CONFESSION = "You\N{RIGHT SINGLE QUOTATION MARK}re seeing this error because you have".encode()
_ATTRIBUTE = "_http_errors_exception"
_SILENT = "_http_errors_silent"


def remember(request: HttpRequest | None, exception: BaseException | None) -> None:
    """Keep `exception` for `details`; outside of DEBUG nothing is kept."""
    if settings.DEBUG and request is not None and exception is not None:
        setattr(request, _ATTRIBUTE, exception)


def silence(request: HttpRequest) -> None:
    """Have nothing to tell of `request`, not even in DEBUG."""
    setattr(request, _SILENT, True)


def is_technical_page(response: HttpResponseBase) -> bool:
    """Tell whether `response` is a page that Django's `views.debug` wrote.

    It says so itself, in HTML and in text.
    """
    return (
        settings.DEBUG
        and response.status_code in (400, 404, 500)
        and not response.streaming
        and getattr(response, "is_rendered", True)
        and _CONFESSION in getattr(response, "content", b"")
    )


def remembered(request: HttpRequest) -> BaseException | None:
    """Return the exception that was kept for `request`."""
    exception: BaseException | None = getattr(request, _ATTRIBUTE, None)
    return exception


def is_wanted(page: HttpResponseBase, media_type: str) -> bool:
    """Tell whether a client that prefers `media_type` is served with Django's technical `page`."""
    return media_type == "text/html" or page.headers["Content-Type"].startswith(media_type)


def details(request: HttpRequest) -> dict[str, Any]:
    """Return the members to add to a problem: none outside of DEBUG, or without an exception."""
    if not settings.DEBUG or hasattr(request, _SILENT):
        return {}
    exception = remembered(request) or _unrouted(request)
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
