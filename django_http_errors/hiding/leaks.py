"""What in a response could tell that something is there: redirects to a login, and others."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedRedirect
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch

from ..core.request_info import RequestInfo, Shown

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# How often an address may be encoded in another one: a way back in a login page's address that is
# the way back of an identity provider's, with one for safety.
_MOST_NESTED = 4
LONGEST_TARGET = 8192
_PARAMETERS = re.compile("[?&#]")


def leaking_status(request: HttpRequest, response: HttpResponseBase) -> int:
    """Return the status that `response` amounts to: 401 for a redirect to a login, else its own.

    Behind a permission check that is one to the login page of the settings only: any other with a
    way back may lead to a payment. One that Django refuses to make is one too: a visitor can make
    the way back too long for it.
    """
    if isinstance(getattr(response, "raised", None), DisallowedRedirect):
        return 401
    by_way_back = RequestInfo.of(request).shown is Shown.NOTHING
    is_login = is_login_redirect(response, request.path, by_way_back=by_way_back)
    return 401 if is_login else response.status_code


def is_login_redirect(response: HttpResponseBase, path: str, *, by_way_back: bool = True) -> bool:
    """Return whether `response` sends the visitor from `path` to a login page.

    That is the login page of the settings. htmx follows `HX-Redirect` and `HX-Location`, whatever
    the status.

    by_way_back: take for one also any page that is told `path` as the way back, at any depth
        (OpenID Connect and CAS have it in an address within the address), or that is told more
        than is looked at
    """
    target = _target(response)
    if not target:
        return False
    if by_way_back and (len(target) > LONGEST_TARGET or _has_way_back(target, path)):
        return True
    try:
        login = urlsplit(resolve_url(str(settings.LOGIN_URL)))
        found = urlsplit(target)
    except (NoReverseMatch, ValueError):
        return False
    # A login page without a host of its own is the site's, whatever the site is called.
    is_its_host = not login.netloc or found.netloc in ("", login.netloc)
    return found.path == login.path != path and is_its_host


def tells_way_back(response: HttpResponseBase, path: str) -> bool:
    """Return whether `response` redirects to a page that is told `path` as the way back."""
    target = response.headers.get("Location", "")[:LONGEST_TARGET]
    return response.status_code in _REDIRECTS and _has_way_back(target, path)


def _target(response: HttpResponseBase) -> str:
    headers = response.headers
    if response.status_code in _REDIRECTS:
        return headers.get("Location", "")
    return headers.get("HX-Redirect") or _location_of_htmx(headers.get("HX-Location", ""))


def _location_of_htmx(value: str) -> str:
    """Return where HX-Location leads to: it is an address, or an object with one as its path."""
    if not value.startswith("{"):
        return value
    try:
        path = json.loads(value).get("path")
    except (ValueError, RecursionError):
        return ""
    return path if isinstance(path, str) else ""


def _has_way_back(target: str, path: str) -> bool:
    """Return whether `path` is the value, or the path of the value, of a parameter of `target`.

    What is encoded more often than anybody's way back is taken for one.
    """
    if len(path) > len(target):
        return False
    # Nothing is read twice, so that the cost is linear in the length of what somebody has sent.
    way_back = re.compile(rf"=(?:[\w+.-]++://[^/?#&=]*+)?{re.escape(path)}(?=[?&#]|\Z)")
    for _depth in range(_MOST_NESTED):
        parameters = _PARAMETERS.search(target)
        if parameters is None:
            return False
        if any(
            way_back.search(each, parameters.start())
            for each in (target, target.replace("+", " "))  # as forms write a blank
        ):
            return True
        decoded = unquote(target)
        if decoded == target:
            return False
        target = decoded
    return True


def is_respelling(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a redirect leads to the path with a slash, or below a language's prefix.

    Not one to the very path, whatever the query: a view's answer, as after a form was sent.
    """
    # Without the prefix of the site, behind which a language has its own.
    spelling = request.path_info.rstrip("/")
    if response.status_code not in _REDIRECTS or not spelling:
        return False
    try:
        target = unquote(urlsplit(response.headers.get("Location", "")).path)
    except ValueError:
        return False
    return target != request.path and target.rstrip("/").endswith(spelling)


def could_leak(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether `response` could tell that an address is routed, and which it is.

    False for an ordinary success, which says what it is to anybody. 304 and 206 may have been
    decided before it was asked who wants to know, and OPTIONS is answered without that.
    """
    status = response.status_code
    return (
        status >= 300
        or status == 206
        or request.method == "OPTIONS"
        or "HX-Redirect" in response.headers
        or "HX-Location" in response.headers
    )
