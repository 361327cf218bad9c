"""Where a page leads on to: the home page, the login page, the same address again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import (
    NoReverseMatch,
    Resolver404,
    get_resolver,
    get_script_prefix,
    resolve,
)
from django.utils import translation
from django.utils.http import escape_leading_slashes
from django.utils.translation import get_language

from ..conf import forget_on_change
from ..http.urls import web_address
from ..problems import Problem

logger = logging.getLogger("django_http_errors")

# The code of a failed CSRF check: the way on is to send the form again.
CSRF_FAILED = "csrf_failed"

_SIGN_IN_FROM = frozenset({401, 403})
# Statuses after which the same request may succeed.
TRY_AGAIN_AFTER = frozenset({408, 429, 500, 502, 503, 504})
# Nobody stays on a page for more seconds than these, only to try again.
LONGEST_WAIT = 600
# HEAD has the Content-Length of GET (RFC 9110, section 8.6), and so the same page.
_SAFE = frozenset({"GET", "HEAD"})
_LEADING_FURTHER = _SIGN_IN_FROM | TRY_AGAIN_AFTER

# Packages whose middleware, and whose handlers, have no pages for addresses without a route. A
# project's own may have one for the single page of an application.
_WITHOUT_PAGES = frozenset(
    {
        *("allauth", "axes", "corsheaders", "csp", "debug_toolbar", "django", "django_htmx"),
        *("django_http_errors", "django_otp", "django_prometheus", "simple_history", "waffle"),
    }
)
# But for these.
_WITH_PAGES = ("django.contrib.flatpages.", "django.contrib.redirects.")


@dataclass(frozen=True, slots=True)
class WayOn:
    """The addresses that a page can lead on to, each "" where it makes no sense.

    is_personal: whether they depend on who is signed in
    is_for_part: what can be tried again is a part of a page, which no link leads to
    """

    home: str = ""
    sign_in: str = ""
    try_again: str = ""
    is_personal: bool = False
    is_for_part: bool = False


NOWHERE = WayOn()


def may_lead_to_login(problem: Problem) -> bool:
    """Return whether somebody who gets `problem` may have to sign in."""
    return problem.status in _SIGN_IN_FROM and problem.code != CSRF_FAILED


def is_long_wait(problem: Problem) -> bool:
    """Return whether it is known that to try again makes no sense for quite a while."""
    return (problem.retry_after or 0) > LONGEST_WAIT


def way_on(
    problem: Problem,
    request: HttpRequest,
    address: Callable[[], str],
    *,
    has_home: bool,
    is_hiding: bool,
    is_part: bool = False,
) -> WayOn:
    """Return what there is for `problem`, answered to `request`; may raise.

    What a 404 leads on to depends on the path alone, so that a hidden one is as any other.

    address: gives the path of the request with its query string, "" if it can't be sent back
    has_home: whether there is a home page, which isn't what was asked for
    is_hiding: whether something is hidden at this address: then nobody is asked to sign in
    is_part: whether a part of a page was asked for: then no login leads back to it
    """
    only_home = _only_home(_prefix_of(request)) if has_home else NOWHERE
    if problem.status not in _LEADING_FURTHER:
        return only_home
    sign_in, is_personal = "", False
    # Whether there is a login page is known; who makes the request may take a query to find out.
    login = "" if is_hiding or not may_lead_to_login(problem) else _login_page_for(request)
    if login:
        is_personal = problem.status == 403 and hasattr(request, "user")
        if not (is_personal and _is_signed_in(request)):
            sign_in = _with_way_back(login, request, "" if is_part else address())
    can_try_again = problem.status in TRY_AGAIN_AFTER and request.method in _SAFE
    try_again = address() if can_try_again and not is_long_wait(problem) else ""
    return WayOn(only_home.home, sign_in, try_again, is_personal, is_part)


def _prefix_of(request: HttpRequest) -> str:
    """Return the path that the site is below; for most it is seen by what the request has."""
    return "/" if request.path == request.path_info else get_script_prefix()


@lru_cache(maxsize=64)
def _only_home(prefix: str) -> WayOn:
    """Return what most errors lead on to; made anew, it takes 2 of the 70 µs of a 404."""
    return WayOn(escape_leading_slashes(quote(prefix)))


def _is_signed_in(request: HttpRequest) -> bool:
    """Return whether somebody has signed in; True where that can't be found out."""
    try:
        return bool(request.user.is_authenticated)
    except Exception as error:  # noqa: BLE001 - a project's user or session may raise anything
        logger.warning("Who makes a request could not be found out: %r", error)
        return True


def has_home(request: HttpRequest, language: str) -> bool:
    """Return whether there is a home page to go to: one that isn't what was asked for.

    None at an address that no view is routed to, unless something else may answer there.

    language: the one that is active, which every 404 knows already
    """
    if request.path_info in ("", "/"):
        return False
    return _has_home(getattr(request, "urlconf", None) or settings.ROOT_URLCONF, language)


def _login_page_for(request: HttpRequest) -> str:
    """Return the address of the login page, "" if the site has none or it is what was asked for."""
    urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    login = _login_page(str(settings.LOGIN_URL), urlconf, get_language(), get_script_prefix())
    return "" if login.partition("?")[0] == request.path else login


def _with_way_back(login: str, request: HttpRequest, address: str) -> str:
    """Return the address of the login page, leading back as Django's `redirect_to_login` does."""
    parts = urlsplit(login)
    if address:
        way_back = request.build_absolute_uri(address) if parts.netloc else address
        query = urlencode({REDIRECT_FIELD_NAME: way_back}, safe="/")
        parts = parts._replace(query=f"{parts.query}&{query}" if parts.query else query)
    return web_address(urlunsplit(parts))


# By all that it depends on. To find a route among hundreds takes longer than the whole answer.
@lru_cache(maxsize=128)
def _login_page(login_url: str, urlconf: object, language: str | None, prefix: str) -> str:
    """Return the address of the login page, "" if the site has none at what the setting says.

    The setting has a default, which few sites have a page at.
    """
    try:
        login = str(resolve_url(login_url))
        parts = urlsplit(login)
        if parts.netloc:
            return login
        resolve(f"/{parts.path.removeprefix(prefix)}", urlconf)  # type: ignore[arg-type]
    except (NoReverseMatch, Resolver404, ValueError):
        return ""
    return login


# As for the login page.
@lru_cache(maxsize=128)
def _has_home(urlconf: Any, language: str) -> bool:
    """Return whether the site has a home page; True where that can't be found out."""
    try:
        return (
            any(map(_may_have_pages, settings.MIDDLEWARE))
            or not _is_known(get_resolver(urlconf).resolve_error_handler(404).__module__)
            or _is_home_routed(urlconf, language)
        )
    except Exception:  # noqa: BLE001 - a project's routes and handlers may raise anything
        return True


def _may_have_pages(middleware: str) -> bool:
    """Return whether `middleware` may answer where no view is routed, as for redirects."""
    if ".whitenoise." in f".{middleware}":
        return bool(getattr(settings, "WHITENOISE_INDEX_FILE", None))
    return middleware.startswith(_WITH_PAGES) or not _is_known(middleware)


def _is_known(name: str) -> bool:
    return name.partition(".")[0] in _WITHOUT_PAGES


def _is_home_routed(urlconf: Any, language: str) -> bool:
    # Below a language, LocaleMiddleware redirects to the page for the visitor's.
    is_below_language, _has_default = is_language_prefix_patterns_used(urlconf)
    for each in {language or settings.LANGUAGE_CODE, settings.LANGUAGE_CODE}:
        with translation.override(each):
            for address in ("/", f"/{each}/") if is_below_language else ("/",):
                with suppress(Resolver404):
                    resolve(address, urlconf)
                    return True
    return False


for _cache in (_login_page, _has_home):
    forget_on_change(_cache.cache_clear)
