"""What answers at an address before any rule is asked, beside the views of the URLconf."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext as _

logger = logging.getLogger("django_http_errors")


def answering(path: str) -> Iterator[str]:
    """Yield what answers the 404s at the decoded `path`, in words: flat pages and redirects.

    At whatever host. What can't be found out is logged and left out.
    """
    for app, middleware, find in _SOURCES:
        if apps.is_installed(app) and middleware in settings.MIDDLEWARE:
            try:
                yield from find(path)
            except Exception:
                logger.exception("Whether %s answers at an address can't be found out", app)


def _rows(model: str) -> Any:
    return apps.get_model(model)._default_manager.all()


def _spellings(path: str) -> tuple[str, ...]:
    # With settings.APPEND_SLASH, and without it, these packages look for one or for both.
    return path, f"{path.rstrip('/')}/"


def _flatpages(path: str) -> Iterator[str]:
    for page in _rows("flatpages.FlatPage").filter(url__in=_spellings(path)):
        yield _("the flat page “%(title)s”") % {"title": page.title}


def _redirects(path: str) -> Iterator[str]:
    for redirect in _rows("redirects.Redirect").filter(old_path__in=_spellings(path)):
        yield _redirect(redirect.new_path)


def _wagtail_redirects(path: str) -> Iterator[str]:
    rows = _rows("wagtailredirects.Redirect")
    for redirect in rows.filter(old_path=rows.model.normalise_path(path)):
        yield _redirect(redirect.link)


def _redirect(target: str | None) -> str:
    if not target:
        return _("a redirect to nowhere, which is a 410 without words")
    return _("a redirect to %(target)s") % {"target": target}


# The app, the middleware by which it answers, and how to find what it has at a path.
_SOURCES: tuple[tuple[str, str, Callable[[str], Iterator[str]]], ...] = (
    (
        "django.contrib.flatpages",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        _flatpages,
    ),
    (
        "django.contrib.redirects",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        _redirects,
    ),
    (
        "wagtail.contrib.redirects",
        "wagtail.contrib.redirects.middleware.RedirectMiddleware",
        _wagtail_redirects,
    ),
)
