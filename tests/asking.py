"""One way to ask the site, sync and async."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client

HTML, JSON, TEXT = "text/html", "application/json", "text/plain"
PROBLEM = "application/problem+json"
FORMS = (HTML, PROBLEM, JSON, TEXT)

MIDDLEWARE = "django_http_errors.middleware.HttpErrorsMiddleware"
HIDING_MIDDLEWARE = "django_http_errors.middleware.HidingMiddleware"


def send(response: HttpResponse) -> None:
    """Do what waits until `response` has been sent, without the end of a request."""
    for close in response._resource_closers:
        close()


class Site:
    """Django's test client, through the WSGI or the ASGI handler.

    The async one asks the async twins of the views, below ``/async/``.
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.is_async = mode == "async"

    def path(self, name: str) -> str:
        return f"/async/{name}/" if self.is_async else f"/{name}/"

    def ask(
        self, path: str, accept: str | None = None, method: str = "GET", **headers: str
    ) -> HttpResponse:
        """Return the response to `method` on `path`, as a server would send it."""
        if accept is not None:
            headers["accept"] = accept
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"raise_request_exception": False}
        if self.is_async:
            # In a context of its own: what Django sets in it for the new thread of each event loop
            # would be carried over at every step between threads of all later requests.
            ask = copy_context().run
            return ask(async_to_sync(self._ask), AsyncClient(**options), method, path, fields)
        return Client(**options).generic(method, path, headers=fields)

    async def _ask(
        self, client: AsyncClient, method: str, path: str, fields: dict[str, str]
    ) -> HttpResponse:
        return await client.generic(method, path, headers=fields)

    def get(self, name: str, accept: str | None = None, **options: str) -> HttpResponse:
        """Return the response to a GET of the view called `name`."""
        return self.ask(self.path(name), accept, **options)
