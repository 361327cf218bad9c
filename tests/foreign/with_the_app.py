"""Runs a script or a module in a Django that has the app in it, whatever its settings say.

    python with_the_app.py runtests.py handlers
    python with_the_app.py -m pytest tests

Test suites make their settings themselves, and their tests override MIDDLEWARE and ROOT_URLCONF
as they like. So the app doesn't go into the settings, but in where Django reads them.
"""

import atexit
import runpy
import sys
from pathlib import Path
from unittest import mock

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler

APP = "django_http_errors"
# What answers 404s itself, and so stands behind the app's middleware.
FALLBACKS = {
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
}

stacks: list[BaseHandler] = []  # Those that it was put into, to be counted.
set_up = django.setup
load_middleware = BaseHandler.load_middleware


def set_up_with_the_app(**options: bool) -> None:
    """Do what the README's Setup does in settings, once a suite has made its own."""
    if APP not in settings.INSTALLED_APPS:
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, APP]
    settings.CSRF_FAILURE_VIEW = f"{APP}.views.csrf_failure"
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": f"{APP}.rest_framework.exception_handler"}
    set_up(**options)


def load_middleware_with_the_app(handler: BaseHandler, is_async: bool = False) -> None:
    """Load what MIDDLEWARE says at the moment, and the app's at its place among it."""
    stacks.append(handler)
    names = list(settings.MIDDLEWARE)
    place = min((names.index(name) for name in FALLBACKS & {*names}), default=len(names))
    names.insert(place, f"{APP}.middleware.HttpErrorsMiddleware")
    with mock.patch.object(settings, "MIDDLEWARE", names):
        load_middleware(handler, is_async)


if __name__ == "__main__":
    django.setup = set_up_with_the_app
    BaseHandler.load_middleware = load_middleware_with_the_app
    atexit.register(lambda: sys.stderr.write(f"\n{APP} was in {len(stacks)} stacks\n"))
    del sys.argv[0]
    if sys.argv[0] == "-m":
        del sys.argv[0]
        sys.path[0] = ""
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
