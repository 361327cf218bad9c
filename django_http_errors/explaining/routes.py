"""What the URLconf has at an address, in whatever language a visitor may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from inspect import getsource
from typing import Any

from django.conf import settings
from django.urls import Resolver404, ResolverMatch, get_resolver, resolve
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils import translation
from django.utils.module_loading import import_string

from ..conf import (
    LOCALE_MIDDLEWARE,
    cached_until_settings_change,
    has_middleware,
    installed_middleware,
)
from ..core import languages as languages_of_site
from ..http.urls import path_key

# Packages whose middleware is known to set none.
_SETTING_NO_URLCONF = frozenset({"builtins", "django", "django_http_errors"})


def view_of(path: str) -> ResolverMatch | None:
    """Return the view that answers a request for just the decoded `path`."""
    for language in _languages_of(path):
        with translation.override(language):
            try:
                return resolve(path)
            except Resolver404:
                continue
    return None


def view_at(path: str) -> ResolverMatch | None:
    """Return the view that answers at the decoded `path`, with or without the final slash."""
    key = path_key(path)
    found = map(view_of, dict.fromkeys((path, f"{key}/", key or "/")))
    return next(filter(None, found), None)


def language_redirect(path: str, languages: Iterable[str] = ()) -> str:
    """Return where `LocaleMiddleware` redirects a 404 at `path` to, "" for nowhere.

    languages: those that a visitor may have; left out, any of the site's
    """
    found = (languages_of_site.language_redirect(path, each) for each in languages or _languages())
    return next(filter(None, found), "")


@cached_until_settings_change
def may_set_urlconf() -> tuple[str, ...]:
    """Return the middleware that may give a request a URLconf of its own (`request.urlconf`).

    That is what names it in its module, and isn't Django's.
    """
    return tuple(path for path, _names in installed_middleware() if _names_urlconf(path))


def _names_urlconf(middleware: str) -> bool:
    try:
        found = import_string(middleware)
        parts = found.__mro__ if isinstance(found, type) else (found,)
        names = {each.__module__ for each in parts}
        own = [each for each in names if each.partition(".")[0] not in _SETTING_NO_URLCONF]
        return any("urlconf" in getsource(import_module(each)) for each in own)
    except Exception:  # noqa: BLE001 - the project's code; of some there is no source
        return False


def routes_below(path: str) -> Iterator[str]:
    """Yield the routes that the URLconf has below the decoded `path`, as far as can be known."""
    start = f"{path_key(path)}/"
    for language in _languages_of(path):
        with translation.override(language):
            routes = list(_routes(get_resolver(), ""))
        for literal, route in routes:
            if literal.startswith(start) and route != start:
                yield route


def _languages_of(path: str) -> tuple[str, ...]:
    """Return the languages in which the site looks for a view at `path`, which may name one."""
    named = has_middleware(LOCALE_MIDDLEWARE) and translation.get_language_from_path(path)
    return (named,) if named else _languages()


def _languages() -> tuple[str, ...]:
    """Return the languages in which addresses that name none can lead to different views."""
    others = dict(settings.LANGUAGES) if has_middleware(LOCALE_MIDDLEWARE) else ()
    return _with_routes_of_their_own(
        get_resolver(), tuple(dict.fromkeys((settings.LANGUAGE_CODE, *others)))
    )


# By default a site has a hundred languages, and most have the same routes in all of them.
@lru_cache(maxsize=8)
def _with_routes_of_their_own(resolver: Any, languages: tuple[str, ...]) -> tuple[str, ...]:
    first: dict[frozenset[str], str] = {}
    for language in languages:
        with translation.override(language):
            routes = frozenset(
                route.removeprefix(f"/{language}/").removeprefix("/")
                for _literal, route in _routes(resolver, "")
            )
        first.setdefault(routes, language)
    return tuple(first.values())


def _routes(resolver: Any, before: str) -> Iterator[tuple[str, str]]:
    """Yield the beginning that every address of a route has, and the route, for each one."""
    for each in resolver.url_patterns:
        literal, is_whole = _literal(each.pattern)
        if is_whole and hasattr(each, "url_patterns"):
            yield from _routes(each, before + literal)
        else:
            written = literal if is_whole else str(each.pattern).removeprefix("^").removesuffix("$")
            yield f"/{before}{literal}", f"/{before}{written}"


# What has no meaning of its own in a regular expression, unless it is followed by a quantifier.
_LITERAL = re.compile(r"\^?((?:(?:[\w/~%@,;:=&!-]|\\[.-])(?![?*+{]))*)(\$|\\Z)?")


def _literal(pattern: Any) -> tuple[str, bool]:
    """Return the beginning of `pattern` that every address has, and whether that is all of it."""
    if isinstance(pattern, RoutePattern):
        literal, parameter, _rest = str(pattern).partition("<")
        return literal, not parameter
    if isinstance(pattern, RegexPattern):
        regex = str(pattern)
        start = None if "|" in regex else _LITERAL.match(regex)
        return (start[1].replace("\\", ""), start.end() == len(regex)) if start else ("", False)
    return str(pattern), True  # the language of i18n_patterns
