"""Whatever a request holds: nothing escapes to the server, and the app makes no error worse.

The applications are called as a server calls them, once with the app in the site and once
without it: the same request has to have the same status.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from itertools import cycle, product
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.utils.deprecation import MiddlewareMixin
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_http_errors.exceptions import HttpError
from django_http_errors.models import ErrorMessage
from django_http_errors.validators import PLACEHOLDERS
from testproject.models import Document
from testproject.urls import urlpatterns

from ..asking import FORMS, HTML, MIDDLEWARE
from ..demo import ANY_METHOD, API, DEMANDING, METHODS
from ..plain_urls import handler400, handler403, handler404, handler500
from ..views import OUTCOMES
from ..wellformed import check_content, check_fields

# The demo, with Django's own handlers.
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    # An ordinary iterator is what one of the tests' own views returns.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]

HERE = __name__
HAS_REST_FRAMEWORK = find_spec("rest_framework") is not None


class WithoutTheApp(MiddlewareMixin):
    """Answers what only the app has an answer for: its own exceptions, with their status."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return HttpResponse(status=exception.status) if isinstance(exception, HttpError) else None


class Answer(NamedTuple):
    status: int
    fields: list[tuple[str, str]]
    content: bytes

    @property
    def content_type(self) -> str:
        return dict(self.fields).get("Content-Type", "")


@dataclass(frozen=True)
class Request:
    method: str
    path: bytes
    query: bytes
    headers: Mapping[str, bytes]
    content: bytes


def by_wsgi(application: WSGIHandler, request: Request) -> Answer:
    """Ask as PEP 3333 has it: bytes are characters of latin-1."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.content),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        prefix = "" if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
        environ[f"{prefix}{key}"] = value.decode("latin-1")
    started: list[Any] = []
    response = application(environ, lambda *line: started.append(line))
    content = b"".join(response)
    response.close()
    ((line, fields),) = started
    assert re.fullmatch(r"[1-5]\d\d [\x20-\x7e]+", line)
    return Answer(int(line[:3]), fields, content)


def by_asgi(application: ASGIHandler, request: Request) -> Answer:
    """Ask as the specification of ASGI has it: the path is decoded, all else is bytes."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path.decode("utf-8", "replace"),
        "raw_path": request.path,
        "query_string": request.query,
        "root_path": "",
        "headers": [(name.encode(), value) for name, value in request.headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
    }
    messages = iter([{"type": "http.request", "body": request.content, "more_body": False}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()  # The client stays.
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    # What __call__ does more is to leave the thread, and so the transaction of the test.
    async_to_sync(application.handle)(scope, receive, send)
    start, *body = sent
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Answer(start["status"], fields, b"".join(each.get("body", b"") for each in body))


INTERFACES: dict[str, tuple[type, Callable[[Any, Request], Answer]]] = {
    "wsgi": (WSGIHandler, by_wsgi),
    "asgi": (ASGIHandler, by_asgi),
}
DEMO, OUTCOMES_ONLY = ("testproject.urls", HERE), ("tests.urls", "tests.plain_urls")


# An event loop for each request takes its time.
EXAMPLES = {"wsgi": 60, "asgi": 15}


class Pair:
    """A site with the app and the same without it."""

    def __init__(self, interface: str, urlconfs: tuple[str, str]) -> None:
        make, self.call = INTERFACES[interface]
        plain = f"{HERE}.WithoutTheApp"
        framework = {**getattr(settings, "REST_FRAMEWORK", {})}
        framework.pop("EXCEPTION_HANDLER", None)
        self.settings = (
            {"ROOT_URLCONF": urlconfs[0]},
            {
                "ROOT_URLCONF": urlconfs[1],
                "MIDDLEWARE": [
                    plain if each == MIDDLEWARE else each for each in settings.MIDDLEWARE
                ],
                "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
                "REST_FRAMEWORK": framework,
            },
        )
        self.applications = []
        for each in self.settings:
            with override_settings(**each):
                self.applications.append(make())

    def ask(self, request: Request) -> Iterator[Answer]:
        """Yield the answer with the app, and that without it."""
        for application, own in zip(self.applications, self.settings, strict=True):
            with override_settings(**own):
                if b"throttled" in request.path:
                    cache.clear()
                yield self.call(application, request)


# Requests

LATIN = st.text(st.characters(max_codepoint=255), max_size=30).map(
    lambda text: text.encode("latin-1")
)
UTF_8 = st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))
BYTES = st.one_of(LATIN, UTF_8, st.binary(max_size=30))
MARKS = [b",", b";", b"=", b'"', b" ", b"\\", b"q=", b"\xff"]


def one_of(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Choose each as often as it is named, where `st.one_of` looks into what it is given."""
    return st.sampled_from(range(len(strategies))).flatmap(strategies.__getitem__)


def pieces(*known: str) -> st.SearchStrategy[bytes]:
    """Make a value of what means something in it, and of what doesn't."""
    words = [each.encode("latin-1") for each in known]
    jumble = st.lists(st.sampled_from([*words, *MARKS]), max_size=8).map(b"".join)
    return one_of(st.sampled_from(words), jumble, BYTES)


def mostly(usual: bytes, strategy: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return one_of(*[st.just(usual)] * 5, strategy)


HOSTS = pieces("testserver", "localhost:80", "[::1]", ":", "@", "evil.example", ".", "..", "]")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
HEADERS = st.fixed_dictionaries(
    {"host": mostly(b"testserver", HOSTS)},
    optional={
        "accept": pieces(*FORMS, "*/*", "text/*", "image/png", "q=0", "a*=utf-9''x"),
        "accept-encoding": pieces("gzip", "br", "*"),
        "accept-language": pieces("de", "en", "de-AT", "*", "q=0.5", "-", "x" * 600),
        "authorization": pieces("Token x", "Basic eDp4", "Basic", "Bearer"),
        "content-encoding": pieces("gzip", "identity"),
        "content-length": pieces("0", "1", "9", "-1", "99999999999", "1e3"),
        "content-type": pieces("application/json", "text/csv", *FORM_TYPES, "charset=utf-7"),
        "cookie": pieces("sessionid=x", "django_language=de", "csrftoken=x", "messages=x"),
        "if-match": pieces('"x"', "*", "W/"),
        "if-modified-since": pieces("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 99 Nov 0000"),
        "if-none-match": pieces('"x"', "*", "W/"),
        "origin": pieces("null", "http://testserver", "http://[", "http://\xff"),
        "range": pieces("bytes=0-1", "bytes=-", "bytes=9-1"),
        "referer": pieces("http://testserver/", "http://[", "//"),
        "sec-fetch-dest": pieces("image", "document", "empty"),
        "x-csrftoken": pieces("x" * 32, "x" * 64),
        "x-forwarded-host": pieces("evil.example"),
        "x-request-id": pieces("known-1", "x" * 129, "<script>"),
    },
)
METHOD = one_of(
    st.just("GET"),
    st.sampled_from(METHODS),
    st.sampled_from(METHODS),
    st.sampled_from(["", "get", "TRACE", "CONNECT", "M-SEARCH", "G" * 5000, "GE\tT", "\xff"]),
    st.text(st.characters(max_codepoint=255), max_size=8),
)
QUERY = mostly(b"", pieces("format=json", "format=api", "next=/", "a=b&", "%", "%ff"))
CONTENT = mostly(b"", pieces("{}", "{", '{"title": 1}', "[", "a=b", "--x\r\n"))
ODD_PATHS = [b"", b"*", b"//", b"//evil.example/..", b"http://evil.example/", b"/" * 3000]
BETWEEN = [b"..", b"/", b"//", b"\0", b"%00", b"\xff", b"\n"]


def requests(addresses: list[str]) -> st.SearchStrategy[Request]:
    known = st.sampled_from([each.encode() for each in addresses])
    paths = one_of(
        *[known] * 6,
        known.map(lambda path: path.rstrip(b"/")),
        st.tuples(known, BYTES).map(b"".join),
        st.tuples(known, st.sampled_from(BETWEEN), known).map(b"".join),
        st.sampled_from(ODD_PATHS),
        BYTES,
        BYTES.map(lambda path: b"/" + path),
    )
    return st.builds(Request, METHOD, paths, QUERY, HEADERS, CONTENT)


OTHERS = (
    *("/form/", "/own-body/404/", "/stream/503/", "/accounts/login/", "/static/x", "/negotiated/"),
    *("/admin/", "/admin/nowhere/", "/admin/auth/user/", "/documents/3/", "/plain-documents/1/"),
)
TABLES = (*ANY_METHOD, *DEMANDING, *(API if HAS_REST_FRAMEWORK else ()))
ADDRESSES = {
    DEMO: [*sorted({ask.path for ask in TABLES}), *OTHERS],
    # Less a view that has something to log of its own, in JSON.
    OUTCOMES_ONLY: [
        f"{twin}/{name}/" for twin in ("", "/async") for name in OUTCOMES if name != "unwritable"
    ],
}


def is_hidden(request: Request) -> bool:
    """Return whether a view answers that hides something, with the middleware or without it."""
    return re.match(rb"/(api/)?documents/", request.path) is not None


def check(request: Request, answer: Answer, plain: Answer) -> None:
    """Hold an answer against what Django alone has for the same request."""
    statuses = {plain.status}
    if plain.status == 400:
        statuses.add(413)  # What is too large is no more than that for Django.
    if is_hidden(request) and plain.status < 500:
        statuses.add(404)
    if request.path in (b"/group/", b"/async/group/"):
        statuses.add(404)  # A group of one kind of exception is a crash for Django.
    assert answer.status in statuses
    check_fields(answer.fields, answer.content)
    if answer.status < 400:
        return
    if answer.content == plain.content and not is_hidden(request):
        # The view's own; or one that Django sends before there is a request.
        assert re.search(rb"own-body|stream", request.path) or (
            (answer.status, answer.content) == (400, b"") and not request.query.isascii()
        )
    elif not (request.path.startswith(b"/api/") and answer.content_type.startswith(HTML)):
        check_content(answer.status, answer.content_type, answer.content)


@pytest.fixture(autouse=True)
def _connected(published: Callable[[], None]) -> Iterator[None]:
    """Keep the connection, and with it the transaction of the test, from request to request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    Document.objects.create(pk=1, title="Public", body="Body.", public=True)
    Document.objects.create(pk=2, title="Private", body="Body.")
    # No policy that changes a status, but all that words may be made of.
    words = " ".join(f"{{{each}}}" for each in PLACEHOLDERS)
    ErrorMessage.objects.create(title=words, detail=words, host="testserver")
    ErrorMessage.objects.create(title=words, action_label=words, action_url="/")
    published()
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


sites = pytest.mark.parametrize(
    ("interface", "urlconfs"),
    [
        pytest.param(interface, urlconfs, id=f"{interface}-{urlconfs[0]}")
        for interface, urlconfs in product(INTERFACES, ADDRESSES)
    ],
)


@sites
def test_whatever_is_asked(interface: str, urlconfs: tuple[str, str], own_records: list) -> None:
    """The app answers no request worse than Django does, and has nothing to log."""
    pair = Pair(interface, urlconfs)

    @hypothesis_settings(
        max_examples=EXAMPLES[interface], suppress_health_check=[HealthCheck.too_slow]
    )
    @given(requests(ADDRESSES[urlconfs]))
    def asked(request: Request) -> None:
        own_records.clear()
        answer, plain = pair.ask(request)
        check(request, answer, plain)
        assert not [each for each in own_records if each.name == "django_http_errors"]

    asked()
    assert Document.objects.exists(), "the views had a database to ask"


@sites
def test_each_address_that_is_asked(interface: str, urlconfs: tuple[str, str]) -> None:
    """The comparison holds where nothing is hostile."""
    pair = Pair(interface, urlconfs)
    addresses = ADDRESSES[urlconfs][:: 2 if interface == "wsgi" else 7]
    for path, method in zip(addresses, cycle(METHODS), strict=False):
        request = Request(method, path.encode(), b"", {"host": b"testserver"}, b"")
        answer, plain = pair.ask(request)
        check(request, answer, plain)
