"""What answers at an address before any rule is asked, beside the views of the URLconf."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from django.apps import apps
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.core.exceptions import DisallowedHost, ObjectDoesNotExist
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ..conf import has_middleware
from .routes import language_redirect

logger = logging.getLogger("django_http_errors")


# As many addresses are asked for in one query: each has two spellings, and SQLite had a bound of
# 999 parameters.
AT_ONCE = 400


def answering(path: str, request: HttpRequest | None = None) -> Iterator[str]:
    """Yield what answers the 404s at the decoded `path`, in words: flat pages and redirects.

    What can't be found out is logged and left out.

    request: by whose host the site of several is found; None: at whatever host
    """
    for _path, what in answering_at([path], request):
        yield what


def has_several_sites() -> bool:
    """Return whether a flat page or a redirect may answer at one host and not at another."""
    return any(
        apps.is_installed(app) and apps.get_model(model)._default_manager.count() > 1
        for app, model in (("django.contrib.sites", "sites.Site"), ("wagtail", "wagtailcore.Site"))
    )


def answering_at(
    paths: Sequence[str], request: HttpRequest | None = None
) -> Iterator[tuple[str, str]]:
    """Yield those of the decoded `paths` at which something answers the 404s, and what does.

    request: as for `answering`
    """
    for app, middleware, find in _SOURCES:
        if apps.is_installed(app) and has_middleware(middleware):
            for start in range(0, len(paths), AT_ONCE):
                try:
                    yield from find(paths[start : start + AT_ONCE], request)
                except (ObjectDoesNotExist, DisallowedHost):
                    break  # No site is at this host.
                except Exception:
                    logger.exception("Whether %s answers at an address can't be found out", app)


def _rows(model: str, field: str, values: Collection[str]) -> Any:
    return apps.get_model(model)._default_manager.filter(**{f"{field}__in": values})


def _of_the_site(rows: Any, field: str, request: HttpRequest | None) -> Any:
    """Return those of `rows` that Django's packages look at: those of the present site.

    field: in which a row has its site
    """
    if request is None and not getattr(settings, "SITE_ID", ""):
        return rows  # It goes by the host.
    return rows.filter(**{field: get_current_site(request)})


def _spelled(paths: Sequence[str], *spell: Callable[[str], str]) -> Mapping[str, list[str]]:
    """Return which of `paths` have a spelling, by the spellings that `spell` makes of each."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for each in dict.fromkeys(function(path) for function in spell):
            found.setdefault(each, []).append(path)
    return found


# With settings.APPEND_SLASH, and without it, Django's packages look for one or for both.
_SPELLINGS: tuple[Callable[[str], str], ...] = (str, lambda path: f"{path.rstrip('/')}/")


def _flatpages(paths: Sequence[str], request: HttpRequest | None) -> Iterator[tuple[str, str]]:
    spelled = _spelled(paths, *_SPELLINGS)
    pages = _rows("flatpages.FlatPage", "url", spelled)
    for page in _of_the_site(pages, "sites", request):
        # MariaDB finds other letters too: capitals, and such with an accent.
        for path in spelled.get(page.url, ()):
            yield path, _("the flat page “%(title)s”") % {"title": page.title}


def _redirects(paths: Sequence[str], request: HttpRequest | None) -> Iterator[tuple[str, str]]:
    spelled = _spelled(paths, *_SPELLINGS)
    redirects = _rows("redirects.Redirect", "old_path", spelled)
    for redirect in _of_the_site(redirects, "site", request):
        for path in spelled.get(redirect.old_path, ()):
            yield path, redirect_to(redirect.new_path)


def _wagtail_redirects(
    paths: Sequence[str], request: HttpRequest | None
) -> Iterator[tuple[str, str]]:
    names = "wagtailredirects.Redirect", "wagtailcore.Site"
    redirects, sites = (apps.get_model(name) for name in names)
    spelled = _spelled(paths, redirects.normalise_path)
    site = sites.find_for_request(request) if request else None
    for redirect in redirects.get_for_site(site).filter(old_path__in=spelled):
        for path in spelled.get(redirect.old_path, ()):
            yield path, redirect_to(redirect.link)


def redirect_to(target: str | None) -> str:
    """Return what a redirect to `target` is called."""
    if not target:
        return _("a redirect to nowhere, which is a 410 without words")
    return _("a redirect to %(target)s") % {"target": target}


def redirected_today(path: str) -> str:
    """Return in words where a 404 at the decoded `path` is redirected to, which a 410 isn't."""
    target = language_redirect(path)
    return target and _(
        "Visitors are redirected to %(target)s here today: a rule that says gone for good (410)"
        " ends that."
    ) % {"target": target}


# The app, the middleware by which it answers, and how to find what it has at some paths.
_Find: TypeAlias = Callable[[Sequence[str], HttpRequest | None], Iterator[tuple[str, str]]]
_SOURCES: tuple[tuple[str, str, _Find], ...] = (
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
