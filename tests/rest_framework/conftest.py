"""An API for each test: the views that it serves, and nothing of the demo site's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, path
from django.utils import translation

from ..asking import MIDDLEWARE, PROBLEM

COMMON = "django.middleware.common.CommonMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
EXCEPTION_HANDLER = "django_http_errors.rest_framework.exception_handler"

# Answers are the same whether the middleware finishes them or the exception handler by itself.
both_ways = pytest.mark.parametrize(
    "middleware", [[COMMON, MIDDLEWARE], [COMMON]], ids=["middleware", "alone"]
)


class Api:
    """A client of the API; JSON is what it sends, and asks for unless told otherwise."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def ask(
        self,
        path: str = "/api/",
        accept: str | None = "application/json",
        method: str = "GET",
        body: Any = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        """Return the response to `method` on `path`."""
        if accept is not None:
            headers["accept"] = accept
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(method, path, data, content_type, headers=headers)

    def post(self, body: Any, path: str = "/api/", **options: Any) -> HttpResponse:
        """Return the response to a POST of `body`."""
        return self.ask(path, method="POST", body=body, **options)


@pytest.fixture(autouse=True)
def api_settings(settings) -> Iterator[None]:
    """Set up no more than the app and REST framework need."""
    settings.MIDDLEWARE = [COMMON, MIDDLEWARE]
    settings.HTTP_ERRORS = {"DEFAULT_MEDIA_TYPES": {"/api/": PROBLEM}}
    settings.REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": EXCEPTION_HANDLER,
        "LIST_SERIALIZER_ERRORS_AS_DICT": True,
    }
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    # LocaleMiddleware leaves the thread speaking the language of its last visitor.
    with translation.override("en"):
        yield


@pytest.fixture
def serve(settings) -> Callable[..., Api]:
    """Serve a view as ``/api/``, or routes of all kinds."""

    def serve(view: Any = None, routes: list[URLPattern] | None = None) -> Api:
        urlconf = ModuleType("urlconf")
        home = path("", lambda request: HttpResponse("home"))
        vars(urlconf)["urlpatterns"] = [home, *(routes or [path("api/", view)])]
        settings.ROOT_URLCONF = urlconf
        return Api()

    return serve


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every view run in a transaction of its own."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
