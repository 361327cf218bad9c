"""Middleware of the kinds that a project has around its views, and behind them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.decorators import sync_and_async_middleware

from django_http_errors.exceptions import Gone

GetResponse = Callable[[HttpRequest], Any]

context_variable: ContextVar[str] = ContextVar("context_variable", default="outside")
thread = threading.local()

# The bodies that `log_bodies` has seen.
bodies: list[bytes] = []


def _around(enter: Callable[[HttpRequest], Any]) -> Callable[[GetResponse], Any]:
    """Return a middleware that has what `enter` returns in force around everything inside."""

    @sync_and_async_middleware
    def middleware(get_response: GetResponse) -> Any:
        if iscoroutinefunction(get_response):

            async def ask(request: HttpRequest) -> Any:
                with enter(request):
                    return await get_response(request)

        else:

            def ask(request: HttpRequest) -> Any:
                with enter(request):
                    return get_response(request)

        return ask

    return middleware


@contextmanager
def _set_variable(request: HttpRequest) -> Iterator[None]:
    token = context_variable.set("inside")
    try:
        yield
    finally:
        context_variable.reset(token)


in_german = _around(lambda request: translation.override("de"))
in_tokyo = _around(lambda request: timezone.override("Asia/Tokyo"))
in_context = _around(_set_variable)


def in_thread(get_response: GetResponse) -> GetResponse:
    """Keep something for the thread while a request is answered, as django-crum does."""

    def middleware(request: HttpRequest) -> Any:
        thread.value = "inside"
        try:
            return get_response(request)
        finally:
            del thread.value

    return middleware


def roll(get_response: GetResponse) -> GetResponse:
    """Set a cookie for what the page has asked for, as django-waffle does."""

    def middleware(request: HttpRequest) -> Any:
        asked = []

        def colour() -> str:
            asked.append("blue")
            return "blue"

        request.colour = colour  # type: ignore[attr-defined]
        response = get_response(request)
        for value in asked:
            response.set_cookie("colour", value)
        return response

    return middleware


def log_bodies(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        bodies.append(response.content)
        return response

    return middleware


def envelope(get_response: GetResponse) -> GetResponse:
    """Put every answer in JSON into an envelope."""

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        if response.headers["Content-Type"].endswith("json"):
            answer = {"status": response.status_code, "data": json.loads(response.content)}
            response.content = json.dumps(answer).encode()
        return response

    return middleware


def single_page_app(get_response: GetResponse) -> GetResponse:
    """Answer each 404 below /shop/ with the page that does the routing in the browser."""

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        if response.status_code == 404 and request.path.startswith("/shop/"):
            return HttpResponse("<div id=app></div>")
        return response

    return middleware


def hosts(get_response: GetResponse) -> GetResponse:
    """Have another URLconf for another site, as django-hosts and django-tenants have."""

    def middleware(request: HttpRequest) -> Any:
        if request.headers.get("X-Site") == "other":
            request.urlconf = "tests.integration.urls_other"  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def refuse(get_response: GetResponse) -> GetResponse:
    """Raise the app's 410 before the view for ?refused, and Django's 404 after it for ?lost."""

    def middleware(request: HttpRequest) -> Any:
        if "refused" in request.GET:
            raise Gone
        response = get_response(request)
        if "lost" in request.GET:
            raise Http404
        return response

    return middleware
