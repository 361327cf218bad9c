"""A project with error pages of its own, with the app and as plain Django has it; and a visitor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings

HERE = "tests.integration"
TEMPLATES = Path(__file__).parent / "templates"

CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    f"{HERE}.context_processors.surroundings",
    f"{HERE}.context_processors.visits",
]


def templates(pages: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Return TEMPLATES with the project's own, or with `pages` in their place.

    The pages that are given count no visits.
    """
    own = ("django.template.loaders.filesystem.Loader", [str(TEMPLATES)])
    if pages is not None:
        own = ("django.template.loaders.locmem.Loader", pages)
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": CONTEXT_PROCESSORS[:-1]
                if pages is not None
                else CONTEXT_PROCESSORS,
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [own, "django.template.loaders.app_directories.Loader"],
                    )
                ],
            },
        }
    ]


def project(
    *,
    app: bool = True,
    around: Sequence[str] = (),
    behind: Sequence[str] = (),
    http_errors: dict[str, Any] | None = None,
    **settings: Any,
) -> override_settings:
    """Return the settings of the project, with the app or without it.

    Plain Django has sessions without a database: under ASGI it renders error pages in threads
    whose connections nobody closes.

    around, behind: middleware before and behind HttpErrorsMiddleware
    """
    middleware = [
        *(["django_http_errors.middleware.HidingMiddleware"] if app else []),
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        *around,
        *(["django_http_errors.middleware.HttpErrorsMiddleware"] if app else []),
        *behind,
    ]
    defaults = {
        "MIDDLEWARE": middleware,
        "ROOT_URLCONF": f"{HERE}.urls",
        "TEMPLATES": templates(),
        "HTTP_ERRORS": {"DEFAULT_HANDLERS": app, **(http_errors or {})},
    }
    if not app:
        defaults["SESSION_ENGINE"] = "django.contrib.sessions.backends.signed_cookies"
    return override_settings(**{**defaults, **settings})


class Visitor:
    """A browser with its cookies, through the WSGI or the ASGI handler."""

    def __init__(self, mode: str) -> None:
        self.is_async = mode == "async"
        kind = AsyncClient if self.is_async else Client
        self.client = kind(
            enforce_csrf_checks=True,
            raise_request_exception=False,
            headers={"accept": "text/html"},
        )

    def path(self, path: str) -> str:
        """Return the address of the async twin where there is one."""
        is_twin = self.is_async and path.startswith(("/raised/", "/returned/"))
        return f"/async{path}" if is_twin else path

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self._ask("get", self.path(path), headers=headers)

    def post(self, path: str, data: dict[str, str]) -> HttpResponse:
        return self._ask("post", path, data)

    def _ask(self, method: str, *args: Any, **options: Any) -> HttpResponse:
        # The settings may be others than those of the last request.
        self.client.handler.load_middleware(is_async=self.is_async)
        ask = getattr(self.client, method)
        return (async_to_sync(ask) if self.is_async else ask)(*args, **options)


class Page(Protocol):
    """A response of Django's or of httpx's."""

    @property
    def content(self) -> bytes: ...


def said(page: Page, name: str) -> str:
    """Return what the page says in the element `name`."""
    return re.search(f'id="{name}">(.*?)<', page.content.decode())[1]


def messages_on(page: Page) -> list[str]:
    return re.findall("<li>(.*?)</li>", page.content.decode())


def token_on(page: Page) -> str:
    """Return the token of the form on the page."""
    return re.search('name="csrfmiddlewaretoken" value="(.*?)"', page.content.decode())[1]
