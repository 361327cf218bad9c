"""Addresses with a byte that isn't UTF-8: the same rules cover them, whatever serves the site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes
from wsgiref.util import setup_testing_defaults

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.core.exceptions import PermissionDenied
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import get_script_prefix, re_path, set_script_prefix
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import exact_path

from ..asking import HIDING_MIDDLEWARE, MIDDLEWARE
from ..servers import ONE_WORKER, Server, environment, make_database, started

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [re_path("^priv", forbidden)]

# The rules that there are, by what they say: "é" in Latin-1, "è", and a percent sign.
RULES = """
from django_http_errors.models import HidingRule, PermanenceRule
for number in ("E9", "25E9"):
    PermanenceRule.objects.create(pattern=f"/caf%{number}/", reason=f"It was %{number}.")
HidingRule.objects.create(kind="prefix", pattern="/priv%E9/")
"""
# What is asked for, the status, and what the reason is of which rule decides.
ASKED = [
    ("/caf%E9/", 410, b"It was %E9."),
    ("/caf%e9", 410, b"It was %E9."),
    ("/caf%E8/", 404, b""),
    ("/caf%E9/%E8/", 404, b""),
    ("/caf%C3%A9/", 404, b""),
    ("/priv%E9/", 404, b""),
    ("/priv%E9/%C3%A9/", 404, b""),
    ("/priv%E9/%25C3%25A9/", 404, b""),
    ("/priv%E8/", 403, b""),
]
# An address that only a server can tell from one of those, which says what was asked for.
LITERAL = ("/caf%25E9/", 410, b"It was %25E9.")

Ask = Callable[[str], tuple[int, bytes]]


def by_wsgi(path: str, *, said_in: str = "", prefix: str = "", lacks: str = "") -> Any:
    """Ask as a server does that says in the variable `said_in` what was asked for.

    lacks: what a front end has taken away of that
    """
    environ: dict[str, Any] = {"wsgi.input": BytesIO(), "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    environ["SCRIPT_NAME"] = prefix
    if said_in:
        environ[said_in] = f"{prefix}{path}".removeprefix(lacks) + "?a=%E9"
    lines: list[str] = []
    response = get_wsgi_application()(environ, lambda line, *_: lines.append(line))
    content = b"".join(response)
    response.close()
    return int(lines[0][:3]), content


def by_asgi(path: str, *, prefix: str = "") -> tuple[int, bytes]:
    asked = f"{prefix}{path}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": unquote(asked),
        "raw_path": asked.encode(),
        "query_string": b"",
        "root_path": prefix,
        "headers": [(b"host", b"localhost")],
    }
    messages = iter([{"type": "http.request"}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    # What __call__ does more is to leave the thread, and so the transaction of the test.
    async_to_sync(get_asgi_application().handle)(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)


INTERFACES: dict[str, Ask] = {
    "wsgi, RAW_URI": partial(by_wsgi, said_in="RAW_URI"),
    "wsgi, REQUEST_URI": partial(by_wsgi, said_in="REQUEST_URI"),
    "wsgi, prefix": partial(by_wsgi, said_in="RAW_URI", prefix="/app"),
    "wsgi, prefix taken away": partial(by_wsgi, said_in="RAW_URI", prefix="/app", lacks="/app"),
    "wsgi, prefix of é": partial(by_wsgi, said_in="RAW_URI", prefix="/\u00c3\u00a9"),
    "asgi": by_asgi,
    "asgi, prefix": partial(by_asgi, prefix="/app"),
}
# These don't say what was asked for, or another address than the site was given.
VAGUE: dict[str, Ask] = {
    "wsgi": by_wsgi,
    "wsgi, prefix, silent": partial(by_wsgi, prefix="/app"),
    "wsgi, rewritten": partial(by_wsgi, said_in="REQUEST_URI", lacks="/"),
}


@pytest.fixture
def rules(settings: Any) -> Iterator[None]:
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, MIDDLEWARE]
    exec(RULES)  # noqa: S102 - it is ours
    prefix = get_script_prefix()
    # Keep the connection, and with it the transaction of the test.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    set_script_prefix(prefix)


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("interface", "asked"),
    [
        *((name, asked) for name in INTERFACES for asked in (*ASKED, LITERAL)),
        *((name, asked) for name in VAGUE for asked in ASKED),
    ],
)
def test_bytes_that_are_no_utf_8(interface: str, asked: tuple[str, int, bytes]) -> None:
    path, status, reason = asked
    answer, content = {**INTERFACES, **VAGUE}[interface](path)
    assert answer == status
    assert reason in content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "prefixes"), [("gunicorn", ["", "/app"]), ("uvicorn", [""]), ("uvicorn", ["/app"])]
)
def test_servers(name: str, prefixes: list[str], tmp_path: Path) -> None:
    """The front end can tell gunicorn the prefix too, for each request."""
    database = tmp_path / "db.sqlite3"
    make_database(database, RULES)
    own = environment(f"sqlite:///{database}", "tests.latin_settings")
    command = ONE_WORKER[name]
    if name == "uvicorn":
        command = (*command, "--root-path", prefixes[0])
    with started(name, command, own, tmp_path / "log") as server:
        for prefix, (path, status, reason) in product(prefixes, (*ASKED, LITERAL)):
            if name == "uvicorn":
                answer = exchange(server, path)  # By itself, it puts the prefix before that.
            else:
                answer = exchange(server, f"{prefix}{path}", f"SCRIPT_NAME: {prefix}")
            assert answer.startswith(b"HTTP/1.1 %d " % status), (prefix, path, answer)
            assert reason in answer


def exchange(server: Server, path: str, *fields: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", *fields, "Connection: close", "", "")
    return server.exchange("\r\n".join(lines).encode())


# Of bytes, of characters and of halves of such.
ESCAPES = st.lists(st.sampled_from("/ a %C3 %A9 %E9 %25 %EF%BF%BD %ED%A0%80".split()))


@given(ESCAPES.map("".join))
def test_what_a_server_says_is_all_that_was_asked_for(asked: str) -> None:
    request = RequestFactory().get("/")
    request.META["RAW_URI"] = f"/x{asked}"
    request.path = request.path_info = RequestFactory().get(f"/x{asked}").path_info
    path = exact_path(request)
    assert path.encode(errors="surrogateescape") == unquote_to_bytes(f"/x{asked}")
