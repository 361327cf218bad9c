"""The headers of an error: which are required, and what a response already says by its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from wsgiref.util import is_hop_by_hop

from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_http_date_safe

from ..conf import (
    HEADER_NAME,
    HEADER_VALUE,
    cached_until_settings_change,
    forget_on_change,
    http_errors,
)
from ..core.statuses import error_status
from ..core.times import seconds_until
from ..problems import Permanence, Problem
from .shapes import FIELDS as SHAPE_FIELDS

logger = logging.getLogger("django_http_errors")

# Headers as Django keeps them: by their names in small letters, names and values encoded.
Headers = Mapping[str, tuple[str, str]]


def _quoted(value: str) -> str:
    """Return `value` as a quoted-string (RFC 9110, section 5.6.4)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _joined(values: Iterable[str]) -> str | None:
    """Return `values` as a list for a header; what can't be sent is left out and logged."""
    sent = [value for value in values if HEADER_VALUE.fullmatch(value)]
    for value in values:
        if value not in sent:
            logger.error("%r can't be sent in a header", value)
    return ", ".join(sent) or None


def _links(problem: Problem) -> str | None:
    """Return the Link header (RFC 8288): alternatives, replacements, who demands a 451."""
    links = []
    for each in problem.available:
        link = f'<{each.href}>; rel="alternate"; type={_quoted(each.type)}'
        links.append(link + (f"; hreflang={_quoted(each.language)}" if each.language else ""))
    for action in problem.actions:
        if action.relation:
            links.append(f"<{action.href}>; rel={_quoted(action.relation)}")
    if problem.blocked_by:
        links.append(f'<{problem.blocked_by}>; rel="blocked-by"')
    return _joined(links)


def _challenges(problem: Problem) -> str | None:
    own = _joined(problem.challenges or ())
    return own or _joined(http_errors.CHALLENGES)


def _accepts(method: str) -> Callable[[Problem, str], str | None]:
    return lambda problem, asked: _joined(problem.accept) if asked == method else None


# The headers that statuses require, and where their values come from, by the problem and the
# method of the request. None: not sent.
HEADERS: Mapping[str, Callable[[Problem, str], str | None]] = {
    "Accept": lambda problem, method: _joined(problem.accept),
    "Accept-Encoding": lambda problem, method: _joined(problem.accept_encoding),
    "Accept-Patch": _accepts("PATCH"),  # RFC 5789, section 3.1
    "Accept-Post": _accepts("POST"),
    "Allow": lambda problem, method: _joined(problem.allow or ()) or "",
    "Connection": lambda problem, method: "Upgrade" if problem.upgrade else None,
    "Content-Range": lambda problem, method: (
        None if problem.length is None else f"bytes */{problem.length}"
    ),
    "Link": lambda problem, method: _links(problem),
    "Proxy-Authenticate": lambda problem, method: _challenges(problem),
    "Retry-After": lambda problem, method: (
        None if problem.retry_after is None else str(problem.retry_after)
    ),
    "Upgrade": lambda problem, method: _joined(problem.upgrade),
    "WWW-Authenticate": lambda problem, method: _challenges(problem),
}

# What only the one who writes the content can say.
_OF_THE_CONTENT = frozenset(
    {"content-encoding", "content-length", "content-type", "transfer-encoding"}
)

# What was said of the content that an error replaces (RFC 9110, section 8). Content-Length is
# among it, and isn't set anew: middleware that is still to come may change the content, and
# Django's CommonMiddleware and the servers say the length of what is sent.
_OF_THE_REPLACED_CONTENT = frozenset(
    "content-digest content-disposition content-encoding content-language content-length"
    " content-location digest etag last-modified repr-digest".split()
)


def put(headers: ResponseHeaders, name: str, value: str) -> None:
    """Set a header; one that can't be sent changes nothing and is logged."""
    try:
        sent = ResponseHeaders({})
        sent[name] = value  # encodes it as Django does, and refuses newlines
        value = sent[name].strip(" \t")  # h11 refuses to send any around it
        if not (HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)):
            raise ValueError("a character isn't allowed there")
    except (TypeError, ValueError, UnicodeError) as error:
        logger.error("The header %r can't be sent: %s", name, error)
    else:
        headers[name] = value


def names_of_required(problem: Problem) -> tuple[str, ...]:
    """Return the names of the headers that `problem` requires when their values are known."""
    names = error_status(problem.status).required_headers
    if problem.actions:
        names = ("Link", *names)
    return names if problem.retry_after is None else ("Retry-After", *names)


def make_headers(problem: Problem, content_type: str, method: str, below_wsgi: bool) -> Headers:
    """Return the headers that come from `problem`, where the response has none of its own.

    below_wsgi: whether a WSGI server sends them: PEP 3333 leaves the headers of the connection to
        the server, wsgiref breaks on an application's, and gunicorn sends half of them
    """
    made = {"Content-Type": content_type}
    if problem.language:
        made["Content-Language"] = problem.language
    for name in names_of_required(problem):
        value = HEADERS[name](problem, method)
        if value is not None:
            made[name] = value
    made.setdefault("Cache-Control", cache_control(problem.status))
    made["X-Content-Type-Options"] = "nosniff"
    made["Vary"] = ", ".join(vary(problem.status))
    headers = ResponseHeaders({})
    for name, value in made.items():
        if not (below_wsgi and is_hop_by_hop(name)):
            put(headers, name, value)
    return headers._store


# All that headers are made of: the words of a problem, its errors and its extensions aren't.
_MEMBERS = (
    "status retry_after allow available accept accept_encoding challenges length upgrade"
    " blocked_by actions language"
).split()
_members = attrgetter(*_MEMBERS)


def _headers_of(
    members: tuple[Any, ...], content_type: str, method: str, below_wsgi: bool
) -> Headers:
    problem = Problem(title="", detail="", **dict(zip(_MEMBERS, members, strict=True)))
    return make_headers(problem, content_type, method, below_wsgi)


_remembered_headers = lru_cache(maxsize=256)(_headers_of)
forget_on_change(_remembered_headers.cache_clear)


def headers_for(problem: Problem, content_type: str, environ: Mapping[str, Any]) -> Headers:
    """Return the headers of an answer to the request with this META, made once for most."""
    return _remembered_headers(_members(problem), content_type, *what_decides(environ))


def what_decides(environ: Mapping[str, Any]) -> tuple[str, bool]:
    """Return what of a request with this META its headers depend on, for `make_headers`.

    That is the method, "" for all that change nothing (clients may send what they like), and
    whether a WSGI server sends the headers.
    """
    method = environ.get("REQUEST_METHOD", "")
    return method if method in ("PATCH", "POST") else "", below_wsgi_server(environ)


def set_headers(
    response: HttpResponseBase, problem: Problem, made: Headers, environ: Mapping[str, Any]
) -> None:
    """Give `response` the headers that `problem` requires.

    Those of the exception (`Problem.headers`) replace what is there, since they were asked for by
    name; all others give way to what `response` says already, but for those of its old content.

    made: what `headers_for` returns
    environ: the META of the request
    """
    headers = response.headers
    # Each value was checked when it was made; to set it would check and encode it again.
    if not problem.headers and headers._store.keys() == {"content-type"}:
        headers._store.update(made)
        return
    for name in _OF_THE_REPLACED_CONTENT.intersection(headers._store):
        del headers[name]
    for name, value in problem.headers:
        if name.lower() in _OF_THE_CONTENT:
            continue
        if is_hop_by_hop(name) and below_wsgi_server(environ):
            continue
        if name.lower() == "vary" and all(map(HEADER_NAME.fullmatch, listed(value))):
            patch_vary_headers(response, listed(value))
        else:
            put(headers, name, value)
    for key, (name, value) in made.items():
        if key == "vary" and key in headers._store:
            headers[name] = _with_ours(headers[name], value)
        elif key in ("content-type", "content-language") or key not in headers._store:
            headers._store[key] = name, value


@cached_until_settings_change
def _with_ours(value: str, ours: str) -> str:
    """Return the Vary header `value` with what `ours` names beside."""
    response = HttpResponseBase()
    response.headers["Vary"] = value
    patch_vary_headers(response, listed(ours))
    return response.headers["Vary"]


@cached_until_settings_change
def vary(status: int = 404) -> tuple[str, ...]:
    """Return the request headers that any error of the site with `status` may depend on.

    The same for every client: a cache that learned of a header only from those who sent it would
    give their answer to all others, and the other way round.
    """
    fields: tuple[str, ...] = ("Accept", "Sec-Fetch-Dest", *SHAPE_FIELDS)
    if http_errors.is_localised:
        # The language comes from a cookie, if there is one, before it comes from the header.
        fields = (*fields, "Accept-Language", "Cookie")
    elif status == 403:
        # Its page leads to the login page, for those who haven't signed in.
        fields = (*fields, "Cookie")
    if http_errors.REQUEST_ID_HEADER:
        fields = (*fields, http_errors.REQUEST_ID_HEADER)
    return fields


@cached_until_settings_change
def cache_control(status: int) -> str:
    """Return the Cache-Control of an answer with `status`, from the setting."""
    directives = http_errors.CACHE_CONTROL
    return directives.get(status) or directives[f"{status // 100}xx"]


def make_private(response: HttpResponseBase) -> None:
    """Let no shared cache store `response`, which shows something of who asked for it."""
    if "no-store" not in response.headers.get("Cache-Control", "").lower():
        patch_cache_control(response, private=True)
        # The visitor's own cache may know them by another session, or by none.
        patch_vary_headers(response, ("Cookie",))


def listed(value: str) -> tuple[str, ...]:
    """Return the elements of a header that is a list (RFC 9110, section 5.6.1)."""
    return tuple(each.strip() for each in value.split(",") if each.strip())


def _seconds(value: str) -> int | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), None for an unusable one."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    date = parse_http_date_safe(value)
    return None if date is None else seconds_until(datetime.fromtimestamp(date, UTC))


def members_of(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a problem that the `headers` of a response with `status` say.

    Allow and Accept count where they are the matter: REST framework puts Allow everywhere. A view
    for scripts of other sites (CORS) may say by the header for those what it allows.
    """
    members: dict[str, Any] = {}
    if status == 405:
        allow = headers.get("Allow")
        cors = listed(headers.get("Access-Control-Allow-Methods", ""))
        if allow is not None:
            members["allow"] = listed(allow)
        elif cors and "*" not in cors:
            members["allow"] = cors
    if status == 415 and "Accept" in headers:
        members["accept"] = listed(headers["Accept"])
    retry_after = _seconds(headers["Retry-After"]) if "Retry-After" in headers else None
    if retry_after is not None:
        members["retry_after"] = retry_after
        members["permanence"] = Permanence.TEMPORARY
    return members


def below_wsgi_server(environ: Mapping[str, Any]) -> bool:
    """Return whether the META of a request comes from a WSGI server."""
    return "SERVER_SOFTWARE" in environ
