"""Bytes to HttpResponse: which fields HTTP owes, and what a returned response has to say."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from wsgiref.util import is_hop_by_hop

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_http_date_safe

from . import catalogue
from .conf import http_errors, remembered
from .exceptions import seconds_until
from .problems import Permanence, Problem
from .request_ids import sent_id

if TYPE_CHECKING:
    from .renderers import ContextMaker

logger = logging.getLogger("django_http_errors")


class ProblemResponse(HttpResponse):
    """A response that a door makes of a Problem.

    As long as it is `pending` it has no content: the middleware, which knows the request's
    thread, will finish it (`pipeline.finish`).
    """

    def __init__(
        self,
        problem: Problem,
        context: ContextMaker,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(content_type="text/html; charset=utf-8", status=problem.status)
        self.problem = problem
        self.context_maker = context
        self.cause = cause
        self.pending = True
        self.concealing = False


def concealing(
    response: HttpResponseBase, problem: Problem, context: ContextMaker
) -> ProblemResponse:
    """Return a response with `problem` that has nothing of `response` that could betray it.

    It begins blank: fields, cookies and attributes of a view stay behind, and every answer of
    this kind is cached by nobody. Fields for the whole site stay behind too, since a decorator
    can change each of them for a single view: the middleware that adds them stands before ours.
    """
    blank = ProblemResponse(problem, context)
    blank.concealing = True
    blank.headers["Cache-Control"] = "private, no-store"
    blank.headers["X-Frame-Options"] = "DENY"
    # Django logs a response once, and closes what it holds open once it has been sent.
    if getattr(response, "_has_been_logged", False):
        blank._has_been_logged = True  # type: ignore[attr-defined]
    blank._resource_closers.extend(response._resource_closers)  # type: ignore[attr-defined]
    return blank


def is_login_redirect(response: HttpResponseBase, path: str) -> bool:
    """Tell whether `response` sends the visitor from `path` to a login page.

    It is a 401 in disguise. Where it goes is the login page of the settings, or any other one
    that is told the address to come back to, as `redirect_to_login` does.
    """
    target = _target(response, (302, 303, 307))
    if target is None:
        return False
    back = (value for values in parse_qs(target.query).values() for value in values)
    if any(_path_of(value) == path for value in back):
        return True
    try:
        login = urlsplit(resolve_url(settings.LOGIN_URL))
    except (NoReverseMatch, ValueError):
        return False
    return target.path == login.path != path and target.netloc in ("", login.netloc)


def is_respelling(response: HttpResponseBase, path: str) -> bool:
    """Tell whether `response` redirects to `path` with a slash, or below a language's prefix."""
    target = _target(response, (301, 302, 307, 308))
    spelling = path.rstrip("/")
    if target is None or not spelling:
        return False
    return unquote(target.path).rstrip("/").endswith(spelling)


def _target(response: HttpResponseBase, statuses: Iterable[int]) -> SplitResult | None:
    """Return where a redirect with one of `statuses` goes, None for anything else."""
    if response.status_code not in statuses:
        return None
    try:
        return urlsplit(response.headers.get("Location", ""))
    except ValueError:
        return None


def _path_of(address: str) -> str:
    """Return the decoded path of `address`, "" if it has none."""
    try:
        return unquote(urlsplit(address).path)
    except ValueError:
        return ""


def _quoted(value: str) -> str:
    """Return `value` as a quoted-string (RFC 9110, section 5.6.4)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _joined(values: Iterable[str]) -> str | None:
    return ", ".join(map(str, values)) or None


def _links(problem: Problem) -> str | None:
    """Return the Link field (RFC 8288): alternatives, replacements, who demands a 451."""
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
    return _joined(problem.challenges or http_errors.CHALLENGES)


def _accepts(method: str) -> Callable[[Problem, HttpRequest], str | None]:
    return lambda problem, request: _joined(problem.accept) if request.method == method else None


# The fields that catalogue entries owe, and where their values come from. None: not sent.
FIELDS: Mapping[str, Callable[[Problem, HttpRequest], str | None]] = {
    "Accept": lambda problem, request: _joined(problem.accept),
    "Accept-Encoding": lambda problem, request: _joined(problem.accept_encoding),
    "Accept-Patch": _accepts("PATCH"),  # RFC 5789, section 3.1
    "Accept-Post": _accepts("POST"),
    "Allow": lambda problem, request: ", ".join(problem.allow or ()),
    "Connection": lambda problem, request: "Upgrade" if problem.upgrade else None,
    "Content-Range": lambda problem, request: (
        None if problem.length is None else f"bytes */{problem.length}"
    ),
    "Link": lambda problem, request: _links(problem),
    "Proxy-Authenticate": lambda problem, request: _challenges(problem),
    "Retry-After": lambda problem, request: (
        None if problem.retry_after is None else str(problem.retry_after)
    ),
    "Upgrade": lambda problem, request: _joined(problem.upgrade),
    "WWW-Authenticate": lambda problem, request: _challenges(problem),
}

# What was said of the content that an error answer replaces (RFC 9110, section 8), beside its type
# and its length, which are set anew.
_REPRESENTATION_FIELDS = frozenset(
    "content-digest content-disposition content-encoding content-language content-location digest"
    " etag last-modified repr-digest".split()
)

# What only the one who writes the content can say.
_OF_THE_CONTENT = frozenset(
    {"content-encoding", "content-length", "content-type", "transfer-encoding"}
)

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def set_field(response: HttpResponseBase, name: str, value: str) -> None:
    """Set a header field; one that can't be sent changes nothing and is logged."""
    try:
        _check(name, value)
    except (TypeError, ValueError, UnicodeError) as error:
        logger.error("The header field %r can't be sent: %s", name, error)
    else:
        response.headers[name] = value


@lru_cache(maxsize=512)
def _check(name: str, value: str) -> None:
    """Raise TypeError, ValueError or UnicodeError for a field that can't be sent."""
    sent = ResponseHeaders({})
    sent[name] = value  # encodes it as Django does, and refuses newlines
    if not (_FIELD_NAME.fullmatch(name) and _FIELD_VALUE.fullmatch(sent[name])):
        raise ValueError("a character isn't allowed there")


def set_fields(response: HttpResponseBase, problem: Problem, request: HttpRequest) -> None:
    """Give `response` the fields that `problem` owes; what it already says is kept."""
    headers = response.headers
    # PEP 3333 leaves the fields of the connection to the server: wsgiref (runserver) breaks on
    # an application's, gunicorn sends the half of them. ASGI servers send them as they are.
    is_below_wsgi_server = "SERVER_SOFTWARE" in request.META
    # The exception's own fields were asked for by name; all else gives way to what is there.
    for name, value in problem.headers:
        if name.lower() == "vary" and all(map(_FIELD_NAME.fullmatch, _listed(value))):
            patch_vary_headers(response, _listed(value))
        elif name.lower() not in _OF_THE_CONTENT and not (
            is_below_wsgi_server and is_hop_by_hop(name)
        ):
            set_field(response, name, value)
    for name in _owed(problem):
        if name in headers or (is_below_wsgi_server and is_hop_by_hop(name)):
            continue
        owed = FIELDS[name](problem, request)
        if owed is not None:
            set_field(response, name, owed)
    if "Cache-Control" not in headers:
        set_field(response, "Cache-Control", cache_control(problem.status))
    headers["X-Content-Type-Options"] = "nosniff"
    if "Vary" in headers:
        patch_vary_headers(response, vary(request))
    else:
        headers["Vary"] = ", ".join(vary(request))


def vary(request: HttpRequest) -> tuple[str, ...]:
    """Return the request fields that an answer depends on.

    The last two only where they were sent: a cache that isn't told gives the language or the id of
    one visitor to all. It may give an answer without them to those who send them.
    """
    fields: tuple[str, ...] = ("Accept", "Sec-Fetch-Dest")
    if http_errors.is_localised:
        fields = (*fields, "Accept-Language")
        if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
            fields = (*fields, "Cookie")
    if sent_id(request):
        fields = (*fields, http_errors.REQUEST_ID_HEADER)
    return fields


def _owed(problem: Problem) -> tuple[str, ...]:
    """Return the names of the fields that `problem` may owe."""
    names = catalogue.entry(problem.status).owes
    if problem.actions:
        names = ("Link", *names)
    return names if problem.retry_after is None else ("Retry-After", *names)


@remembered
def cache_control(status: int) -> str:
    """Return the Cache-Control of an answer with `status`, from the setting."""
    directives = http_errors.CACHE_CONTROL
    return directives.get(status) or directives[f"{status // 100}xx"]


def fill(response: HttpResponseBase, problem: Problem, body: bytes, content_type: str) -> None:
    """Make `body` the content of `response`, in the place of what it had.

    Its other fields and its cookies stay, and so does the object: Django has perhaps logged it
    already, and must not log it again. The content stays for HEAD too: the server leaves it
    out, and Content-Length is that of GET whatever middleware does to the content on its way.
    """
    headers = response.headers
    for name in [name for name in headers if name.lower() in _REPRESENTATION_FIELDS]:
        del headers[name]
    response.content = body  # type: ignore[attr-defined]
    response.status_code = problem.status
    headers["Content-Type"] = content_type
    if problem.language:
        headers["Content-Language"] = problem.language
    headers["Content-Length"] = str(len(body))
    response.problem = problem  # type: ignore[attr-defined]


def fill_with_last_resort(response: HttpResponseBase) -> None:
    """Make constant bytes the content of `response`, when there is no knowing what works."""
    response.content = last_resort(response.status_code, "text/plain")  # type: ignore[attr-defined]
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers.pop("Content-Length", None)


def content_type(media_type: str) -> str:
    """Return the Content-Type of what `last_resort` makes for `media_type`."""
    if media_type.endswith("json"):
        return media_type
    return f"{'text/html' if media_type == 'text/html' else 'text/plain'}; charset=utf-8"


def _listed(value: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in value.split(",") if each.strip())


def _seconds(value: str) -> int | None:
    """Return the seconds of a Retry-After field (RFC 9110, section 10.2.3), None for nonsense."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    date = parse_http_date_safe(value)
    return None if date is None else seconds_until(datetime.fromtimestamp(date, UTC))


def members_of(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a problem that its header fields say.

    Allow and Accept count where they are the matter: REST framework puts Allow everywhere.
    """
    members: dict[str, Any] = {}
    if status == 405 and "Allow" in headers:
        members["allow"] = _listed(headers["Allow"])
    if status == 415 and "Accept" in headers:
        members["accept"] = _listed(headers["Accept"])
    retry_after = _seconds(headers["Retry-After"]) if "Retry-After" in headers else None
    if retry_after is not None:
        members["retry_after"] = retry_after
        members["permanence"] = Permanence.TEMPORARY
    return members


def problem_of(response: HttpResponseBase) -> Problem:
    """Return what a returned response says by its status and its fields."""
    entry = catalogue.entry(response.status_code)
    return entry.problem(**members_of(entry.status, response.headers))


def is_bare(response: HttpResponseBase) -> bool:
    """Tell whether `response` is an error without content, and the app may give it some."""
    return (
        400 <= response.status_code <= 599
        and not response.streaming
        and getattr(response, "is_rendered", True)  # What is to be rendered will have content.
        and not getattr(response, "content", b"-")
        and not hasattr(response, "problem")
        and not getattr(response, "errors_exempt", False)
    )


def last_resort(status: int, media_type: str) -> bytes:
    """Return constant bytes for `status` in the form `media_type`, else as text; never raises."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    if media_type == "text/html":
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="robots" content="noindex"><title>{status} {phrase}</title></head>'
            f"<body><main><h1>{status} {phrase}</h1></main></body></html>\n"
        ).encode()
    if media_type.endswith("json"):
        return (
            f'{{"type": "about:blank", "title": "{phrase}", "status": {status},'
            ' "permanence": "unknown"}\n'
        ).encode()
    return f"{status} {phrase}\n".encode()
