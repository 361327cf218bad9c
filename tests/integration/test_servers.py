"""The demo site as clients get it: over HTTP, from gunicorn, from uvicorn and from runserver.

What Django's test client shows is not yet what is on the wire: servers add, drop and refuse
fields, join those that come twice, and read addresses each in its own way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import cycle

import httpx
import pytest

from ..asking import FORMS, HTML, JSON, PROBLEM, TEXT
from ..demo import (
    ACCEPTS,
    ANY_METHOD,
    API,
    BROWSER,
    DEMANDING,
    HAS_REST_FRAMEWORK,
    HOP_BY_HOP,
    METHODS,
    ONE_EACH,
    Answer,
    Ask,
    check,
    check_fields,
    check_members,
    told,
)
from ..servers import Server

# PEP 3333 doesn't let applications send them; uvicorn's ASGI has no such rule.
pytestmark = pytest.mark.slow

DROPPED = {"gunicorn": HOP_BY_HOP, "uvicorn": frozenset()}
# Fields that are another each time, or the server's own.
UNSTEADY = {"date", "server", "connection", "content-security-policy", "x-request-id"}


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """A client that keeps its connections, sends nothing unasked and asks no proxy."""
    with httpx.Client(trust_env=False, timeout=30, headers={}) as client:
        client.headers.clear()
        yield client


def ask_server(client: httpx.Client, server: Server, ask: Ask, accept: str | None = None) -> Answer:
    fields = ask.fields(accept)
    for _ in range(ask.times):
        got = client.request(ask.method, server.url + ask.path, headers=fields, content=ask.content)
    return Answer(got.status_code, got.headers, got.content)


def raw(server: Server, *lines: str) -> Answer:
    """Return the answer to a request of these lines (in Latin-1), read to the end."""
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    head, _, content = server.exchange(request).partition(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    headers = httpx.Headers([tuple(line.split(": ", 1)) for line in fields])
    if headers.get("Transfer-Encoding") == "chunked":
        content = b"".join(_chunks(content))
    return Answer(int(status_line.split()[1]), headers, content)


def _chunks(content: bytes) -> Iterator[bytes]:
    """Yield the data of a chunked content (RFC 9112, section 7.1)."""
    while content:
        size, _, rest = content.partition(b"\r\n")
        length = int(size, 16)
        yield rest[:length]
        content = rest[length + 2 :]


@pytest.fixture(params=["gunicorn", "uvicorn"])
def server(request: pytest.FixtureRequest, start: Callable[[str], Server]) -> Iterator[Server]:
    """Each of the servers; what it logs in the test is shown if that fails."""
    yield from _telling(start(request.param))


@pytest.fixture
def runserver(start: Callable[[str], Server]) -> Iterator[Server]:
    yield from _telling(start("runserver"))


def _telling(server: Server) -> Iterator[Server]:
    before = server.log.stat().st_size
    yield server
    print(f"--- log of {server.name}\n{server.logged(before)}")  # noqa: T201 - pytest's to show


def test_every_address(server: Server, client: httpx.Client) -> None:
    """Each in one of the forms, which take turns. Of twins, the one is of the server's kind."""
    own, others = ("", "/async") if server.name == "gunicorn" else ("/async", "")
    paths = {ask.path for ask in ANY_METHOD}
    twins = {f"{others}{path.removeprefix(own)}" for path in paths if path.startswith(f"{own}/")}
    asks = [ask for ask in (*ANY_METHOD, *DEMANDING) if ask.path not in twins]
    names = cycle(("browser", "problem", "json", "text", "none"))
    for ask, name in zip(asks, names, strict=False):
        accept, form = ACCEPTS[name]
        with told(ask, name):
            answer = ask_server(client, server, ask, accept)
            check(ask, answer, form or ask.default, DROPPED[server.name])


@pytest.mark.parametrize("ask", ONE_EACH, ids=str)
def test_every_accept_field(server: Server, client: httpx.Client, ask: Ask) -> None:
    """A server hands it on as it is, whatever is asked for: the addresses take turns."""
    fields = (*ACCEPTS.values(), ('a/b;c="' + ";" * 8000, None))
    for accept, form in fields[ONE_EACH.index(ask) % 4 :: 4]:
        check(ask, ask_server(client, server, ask, accept), form or ask.default)


@pytest.mark.parametrize("method", METHODS)
def test_every_method(server: Server, client: httpx.Client, method: str) -> None:
    for ask in ONE_EACH:
        with told(method, ask):
            check(ask.by(method), ask_server(client, server, ask.by(method), JSON), JSON)


@pytest.mark.skipif(not HAS_REST_FRAMEWORK, reason="REST framework isn't installed")
@pytest.mark.parametrize("accept", [PROBLEM, JSON, None, BROWSER])
def test_the_api(server: Server, client: httpx.Client, accept: str | None) -> None:
    for ask in API:
        with told(ask):
            answer = ask_server(client, server, ask, accept)
            if accept == BROWSER:
                assert answer.status == ask.status
                assert answer.fields["Content-Type"] == "text/html; charset=utf-8"
                assert b"This text is for the log" not in answer.content
            else:
                check(ask, answer, JSON if accept == JSON else PROBLEM)


@pytest.mark.conformance("rfc9110-9.3.2-head")
@pytest.mark.conformance("rfc9110-8.6-content-length")
@pytest.mark.parametrize("ask", ONE_EACH, ids=str)
def test_head_has_the_fields_of_get_and_no_body(server: Server, ask: Ask) -> None:
    """Read to the end of the connection: a client would stop where it expects the end."""
    for form in FORMS[ONE_EACH.index(ask) % 2 :: 2]:
        get, head = (
            raw(server, f"{method} {ask.path} HTTP/1.1", "Host: localhost", f"Accept: {form}")
            for method in ("GET", "HEAD")
        )
        assert head.content == b""
        assert int(get.fields["Content-Length"]) == len(get.content)
        assert steady(head) == steady(get)


def steady(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.fields.items() if name not in UNSTEADY}


@pytest.mark.parametrize("kind", ["own-body", "stream"])
def test_what_has_something_to_say_is_left_alone(
    server: Server, client: httpx.Client, kind: str
) -> None:
    for status in (400, 401, 404, 405, 410, 429, 500, 503, 599):
        answer = ask_server(client, server, Ask(f"/{kind}/{status}/", status), JSON)
        assert (answer.status, answer.content) == (status, b"own body")
        assert answer.fields["Content-Type"] == "text/plain"
        assert "Cache-Control" not in answer.fields


@pytest.mark.conformance("rfc9110-15.5.8-proxy-challenge")
@pytest.mark.conformance("rfc9110-15.5.22-upgrade")
@pytest.mark.conformance("rfc9110-7.8-connection")
def test_fields_of_the_connection(server: Server, client: httpx.Client) -> None:
    """What 407 and 426 owe is sent by uvicorn. gunicorn keeps it back, as PEP 3333 wants it.

    It must not keep back the half of it only: a Connection: upgrade without an Upgrade names no
    protocol, and stands where gunicorn would have said that it is going to hang up.
    """
    upgrade = ask_server(client, server, Ask("/raise/426/", 426), JSON).fields
    proxy = ask_server(client, server, Ask("/raise/407/", 407), JSON).fields
    if server.name == "uvicorn":
        assert (upgrade["Upgrade"], upgrade["Connection"]) == ("HTTP/2.0", "Upgrade")
        assert proxy["Proxy-Authenticate"] == 'Bearer realm="demo"'
    else:
        assert "Upgrade" not in upgrade
        assert "Proxy-Authenticate" not in proxy
        assert upgrade["Connection"] == proxy["Connection"] == "close"


@pytest.mark.parametrize("status", [407, 426])
def test_runserver_survives_fields_of_the_connection(
    runserver: Server, client: httpx.Client, status: int
) -> None:
    """There must be none: wsgiref asserts that, and answers with its own 500."""
    for form in FORMS:
        for path in (f"/raise/{status}/", f"/return/{status}/", f"/async/raise/{status}/"):
            check(Ask(path, status), ask_server(client, runserver, Ask(path, status), form), form)
    assert "Traceback" not in runserver.logged()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/builtin/crash/", HTML),
        ("/async/builtin/crash/", PROBLEM),
        ("/raise/503/", JSON),
        ("/return/500/", TEXT),
    ],
)
def test_the_id_that_is_told_is_in_the_log(
    server: Server, client: httpx.Client, path: str, form: str
) -> None:
    before = server.log.stat().st_size
    body = ask_server(client, server, Ask(path, 500), form).content.decode()
    (told,) = re.findall(r"\b[0-9a-f]{32}\b", body)
    (line,) = [line for line in server.logged(before).splitlines() if f"[{told}]" in line]
    assert path in line
    assert " ERROR " in line


def test_a_crash_is_logged_once_with_its_traceback(server: Server, client: httpx.Client) -> None:
    before = server.log.stat().st_size
    ask_server(client, server, Ask("/builtin/crash/", 500), HTML)
    log = server.logged(before)
    assert log.count("ZeroDivisionError: This text is for the log") == 1
    assert log.count(" django.request: ") == 1


@pytest.mark.parametrize(
    ("accepts", "form"),
    [
        (["text/plain;q=0.5", JSON], JSON),
        ([f"{HTML};q=0", f"{JSON};q=0.1", TEXT], TEXT),
        (["", PROBLEM], PROBLEM),
    ],
)
def test_several_accept_fields_are_one(server: Server, accepts: list[str], form: str) -> None:
    lines = [f"Accept: {accept}" for accept in accepts]
    answer = raw(server, "GET /raise/404/ HTTP/1.1", "Host: localhost", *lines)
    check(Ask("/raise/404/", 404), answer, form)


@pytest.mark.parametrize("host", ["elsewhere.example", "a b", "\xff\xfe", "[::1", "<script>", ""])
def test_bad_hosts(server: Server, host: str) -> None:
    ask = Ask("/builtin/crash/", 400, headers={"Host": host})
    for form in FORMS:
        lines = ("GET /builtin/crash/ HTTP/1.1", f"Host: {host}", f"Accept: {form}")
        with told(form):
            check(ask, raw(server, *lines), form)


def test_no_host_is_needed_in_old_requests(server: Server) -> None:
    answer = raw(server, "GET /raise/410/ HTTP/1.0", f"Accept: {TEXT}")
    check(Ask("/raise/410/", 410), answer, TEXT)


def test_a_method_that_nobody_has_heard_of(server: Server) -> None:
    answer = raw(server, "BREW /raise/418/ HTTP/1.1", "Host: localhost", f"Accept: {PROBLEM}")
    check(Ask("/raise/418/", 418, "BREW"), answer, PROBLEM)


@pytest.mark.parametrize(
    "path",
    [
        "/no/%ff%fe/",
        "/no/%00/",
        "/no/%0d%0aX-Injected:%20yes/",
        "/no/%3Cscript%3Ealert(1)%3C/script%3E/",
        "/no/%22%27%26/",
        "/no/%E2%80%A8%F0%9F%92%A9/",
        "//elsewhere.example/no/",
        "/no/../../etc/passwd",
        "/no/?secret=1",
        "/" + "a" * 3000 + "/",
    ],
    ids=lambda path: path[:30],
)
@pytest.mark.parametrize("form", FORMS)
def test_any_bytes_in_a_path(server: Server, path: str, form: str) -> None:
    """They neither break the answer nor out of it, and are told as a path that can be sent."""
    answer = raw(server, f"GET {path} HTTP/1.1", "Host: localhost", f"Accept: {form}")
    assert answer.status == 404
    assert "X-Injected" not in answer.fields
    assert b"<script" not in answer.content
    check_fields(Ask(path, 404), answer)
    if form in (JSON, PROBLEM):
        told = json.loads(answer.content).get("instance")
        # The one that is too long is left out.
        assert told is None if len(path) > 2048 else re.fullmatch(r"/(?!/)[!-~]*", told)
        assert "secret" not in (told or "")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        # gunicorn's path for the server as a whole is /*.
        ("OPTIONS * HTTP/1.1", {404}),
        # RFC 9112, 3.2.2. uvicorn takes it for the path of an address that there isn't.
        ("GET http://localhost/raise/410/?a HTTP/1.1", {404, 410}),
        ("GET http://elsewhere.example/raise/410/ HTTP/1.1", {404, 410}),
    ],
)
def test_other_forms_of_an_address(
    server: Server, line: str, statuses: set[int], form: str
) -> None:
    """They get a whole answer, whose `instance`, if it has one, is a path and has no host."""
    answer = raw(server, line, "Host: localhost", f"Accept: {form}")
    assert answer.status in statuses
    check_fields(Ask("", answer.status), answer)
    if form in (JSON, PROBLEM):
        members = json.loads(answer.content)
        instance = members.setdefault("instance", "/")
        assert instance.startswith("/")
        assert "localhost" not in instance
        assert "elsewhere" not in instance
        check_members(Ask(instance, answer.status), members)


def test_answers_in_the_language_of_the_reader(server: Server, client: httpx.Client) -> None:
    """No matter who was answered before: a worker's threads serve readers of many languages."""
    titles = {"de": "Seite nicht gefunden", "en": "Page not found"}
    for language in ("de", "en", "de", "en"):
        ask = Ask("/no/such/page/", 404, headers={"Accept-Language": language})
        answer = ask_server(client, server, ask, HTML)
        assert answer.fields["Content-Language"] == language
        assert f'<html lang="{language}" dir="ltr">' in answer.content.decode()
        assert f"<h1>{titles[language]}</h1>" in answer.content.decode()
