"""What a test of a package is made of: settings, URLs, and a function that asks the site.

A test is a function under `neighbour`, in a module of `packages`. It runs in a process of its own
(``python -m tests.neighbours.run NAME``), once through the WSGI handler and once through the ASGI
handler, so it may import the package, and no other one sees what the package does to Django.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client

from ..asking import HTML, JSON, MIDDLEWARE, PROBLEM, TEXT

__all__ = [
    "HTML",
    "JSON",
    "NEIGHBOURS",
    "PROBLEM",
    "TEXT",
    "Asker",
    "Neighbour",
    "neighbour",
    "routes_of",
]

BASE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


class Asker:
    """A client of the site, sync or async, that is asked for problem details.

    logged: the records of what was logged since the last question
    """

    def __init__(self, mode: str) -> None:
        self.is_async = mode == "async"
        self.logged: list[logging.LogRecord] = []
        self.start()

    def start(self) -> None:
        """Begin anew, without cookies."""
        client = AsyncClient if self.is_async else Client
        self.client = client(raise_request_exception=False)

    def login(self, **attributes: Any) -> Any:
        """Log a user with these attributes in, and return it; it is made if need be."""
        from django.contrib.auth import get_user_model

        attributes = {"username": "jane", **attributes}
        user, _ = get_user_model().objects.get_or_create(**attributes)
        if self.is_async:
            async_to_sync(self.client.aforce_login)(user)
        else:
            self.client.force_login(user)
        return user

    def __call__(
        self,
        path: str,
        accept: str | None = PROBLEM,
        method: str = "GET",
        data: Any = b"",
        content_type: str = JSON,
        **headers: str,
    ) -> HttpResponse:
        self.logged.clear()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if accept is not None:
            fields["accept"] = accept
        arguments = (method, path, data, content_type)
        if self.is_async:
            return async_to_sync(self.client.generic)(*arguments, headers=fields)
        return self.client.generic(*arguments, headers=fields)

    def problem(self, path: str, status: int, **options: Any) -> dict[str, Any]:
        """Ask, check that the answer is a problem with `status`, and return its members."""
        response = self(path, **options)
        assert response.status_code == status, (response.status_code, response.content)
        assert response.headers["Content-Type"] == PROBLEM, response.headers
        members: dict[str, Any] = response.json()
        assert members["status"] == status, members
        return members

    def page(self, path: str, status: int, **options: Any) -> str:
        """Ask for a page, check that it is the app's with `status`, and return it."""
        response = self(path, HTML, **options)
        assert response.status_code == status, (response.status_code, response.content)
        assert response.problem.status == status
        return response.content.decode()


@dataclass(frozen=True)
class Neighbour:
    """A package, and a site that uses it.

    name: of the distribution, as in the documentation's table
    module: what is imported of it
    apps: what goes into INSTALLED_APPS behind the app; `apps_before` goes before it
    top, middleware, behind: what goes into MIDDLEWARE: first, behind authentication, and behind
        the app's
    urls: returns the routes that the site has beside those in `urls.py`
    settings: further settings, or what returns them where they need the package
    modes: the handlers that the test is run by
    log_filter: the path of a logging filter that the log has
    found: the ids of the system checks that warn
    needs: returns what is missing on this machine beside the package, "" where nothing is
    migrate: the command that makes the tables
    """

    name: str
    module: str
    check: Callable[[Asker], None]
    apps: Sequence[str] = ()
    apps_before: Sequence[str] = ()
    top: Sequence[str] = ()
    middleware: Sequence[str] = ()
    behind: Sequence[str] = ()
    urls: Callable[[], list[Any]] = list
    settings: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)
    modes: Sequence[str] = ("sync", "async")
    log_filter: str = ""
    found: Sequence[str] = ()
    needs: Callable[[], str] = str
    migrate: Sequence[str] = ("migrate", "--run-syncdb")

    def all_settings(self, database: str) -> dict[str, Any]:
        """Return the settings of the site, with its database in a file."""
        return {
            "SECRET_KEY": "not secret",
            "ALLOWED_HOSTS": ["*"],
            "ROOT_URLCONF": "tests.neighbours.urls",
            "INSTALLED_APPS": [
                *self.apps_before,
                "django_http_errors",
                "django.contrib.contenttypes",
                "django.contrib.auth",
                "django.contrib.sessions",
                "django.contrib.messages",
                *self.apps,
            ],
            "MIDDLEWARE": [*self.top, *BASE, *self.middleware, MIDDLEWARE, *self.behind],
            "DATABASES": {
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database},
            },
            "TEMPLATES": [
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "APP_DIRS": True,
                    "OPTIONS": {
                        "context_processors": [
                            "django.template.context_processors.request",
                            "django.contrib.auth.context_processors.auth",
                            "django.contrib.messages.context_processors.messages",
                        ]
                    },
                }
            ],
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "CSRF_FAILURE_VIEW": "django_http_errors.views.csrf_failure",
            "HTTP_ERRORS": {"CHALLENGES": ['Session realm="site"']},
            "STATIC_URL": "/static/",
            "USE_TZ": True,
            **(self.settings() if callable(self.settings) else self.settings),
        }


NEIGHBOURS: dict[str, Neighbour] = {}


def routes_of(site: str) -> Callable[[], list[Any]]:
    """Return what imports the routes in a module of `sites`, once its package may be imported."""

    def urls() -> list[Any]:
        routes: list[Any] = import_module(f".sites.{site}", __package__).urlpatterns
        return routes

    return urls


def neighbour(name: str, module: str, **options: Any) -> Callable[[Any], Any]:
    """Return a decorator that makes a function the test of the package called `name`."""

    def decorator(check: Callable[[Asker], None]) -> Callable[[Asker], None]:
        assert name not in NEIGHBOURS
        NEIGHBOURS[name] = Neighbour(name, module, check, **options)
        return check

    return decorator
