"""Settings of the stacks that are measured: a new project's, and what each of them adds.

BENCHMARKS_STACK names one of STACKS, BENCHMARKS_DATABASE the database that it has.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dj_database_url

if find_spec("MySQLdb") is None and find_spec("pymysql") is not None:
    # A driver for MariaDB in Python alone, where the one in C isn't installed.
    import pymysql  # type: ignore[import-untyped]

    pymysql.install_as_MySQLdb()

HERE = Path(__file__).resolve().parent

# What `startproject` writes, with DEBUG off. Logging is Django's own: nothing reaches a console.
SECRET_KEY = "what is measured is no secret"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

SECURITY = "django.middleware.security.SecurityMiddleware"
OTHERS = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = [SECURITY, *OTHERS]

ROOT_URLCONF = "benchmarks.urls"
WSGI_APPLICATION = "benchmarks.wsgi.application"


def templates(*directories: str, processors: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return TEMPLATES with `directories` of this package."""
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [HERE / "templates" / name for name in directories],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    *processors,
                ],
            },
        }
    ]


TEMPLATES = templates()

DATABASES = {
    "default": dj_database_url.parse(os.environ.get("BENCHMARKS_DATABASE", "sqlite://:memory:"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TIME_ZONE = "UTC"
STATIC_URL = "static/"

# Django alone has a small page for each of its errors, as every site that is in use.
DJANGO = {"TEMPLATES": templates("small")}

# The app as its README sets it up. It has no templates: its own page is what is measured.
APP = {
    "INSTALLED_APPS": [*INSTALLED_APPS, "django_http_errors"],
    "MIDDLEWARE": [*MIDDLEWARE, "django_http_errors.middleware.HttpErrorsMiddleware"],
    "CSRF_FAILURE_VIEW": "django_http_errors.views.csrf_failure",
    "HTTP_ERRORS": {"CHALLENGES": ['Session realm="site"']},
}
OWN_PAGE = {"TEMPLATES": templates("own", processors=("benchmarks.peers.site_name",))}


def with_api(stack: dict[str, Any], exception_handler: str, *apps: str) -> dict[str, Any]:
    """Return `stack` with REST framework and an exception handler for it."""
    return {
        **stack,
        "INSTALLED_APPS": [*stack.get("INSTALLED_APPS", INSTALLED_APPS), "rest_framework", *apps],
        "REST_FRAMEWORK": {"EXCEPTION_HANDLER": exception_handler},
    }


REDIRECTS = ["django.contrib.sites", "django.contrib.redirects"]

# Without any other middleware: what the error alone costs.
BARE = {"MIDDLEWARE": []}

STACKS: dict[str, dict[str, Any]] = {
    "app": APP,
    "app-bare": {**APP, "MIDDLEWARE": ["django_http_errors.middleware.HttpErrorsMiddleware"]},
    "constant-bare": {**BARE, "ROOT_URLCONF": "benchmarks.constant_urls"},
    "django-bare": {**DJANGO, **BARE},
    # Hears of an edit sooner, so that nobody has to wait for it long.
    "app-listening": {**APP, "HTTP_ERRORS": {**APP["HTTP_ERRORS"], "REFRESH_SECONDS": 0.2}},
    "app-counting": {**APP, "HTTP_ERRORS": {**APP["HTTP_ERRORS"], "MISSING_PAGES": True}},
    "app-own-page": {**APP, **OWN_PAGE},
    "app-api": with_api(APP, "django_http_errors.rest_framework.exception_handler"),
    "nothing": {**APP, "MIDDLEWARE": [*MIDDLEWARE, "benchmarks.peers.nothing"]},
    "constant": {"ROOT_URLCONF": "benchmarks.constant_urls"},
    "django": DJANGO,
    "django-own-page": OWN_PAGE,
    "redirects": {
        **DJANGO,
        "INSTALLED_APPS": [*INSTALLED_APPS, *REDIRECTS],
        "MIDDLEWARE": [
            *MIDDLEWARE,
            "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        ],
        "SITE_ID": 1,
    },
    "rest-framework": with_api(DJANGO, "rest_framework.views.exception_handler"),
    "standardized-errors": with_api(
        DJANGO, "drf_standardized_errors.handler.exception_handler", "drf_standardized_errors"
    ),
    # Has every table, to make the databases with.
    "data": {"INSTALLED_APPS": [*APP["INSTALLED_APPS"], *REDIRECTS], "SITE_ID": 1},
}

globals().update(STACKS[os.environ.get("BENCHMARKS_STACK", "app")])
