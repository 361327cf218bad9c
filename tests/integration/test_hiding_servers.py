"""The demo site's pairs over real HTTP: what is hidden is what isn't there, byte for byte.

The test client shows what Django answers; a server adds fields of its own, joins, drops and
reorders them, and closes connections or keeps them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from django.http import HttpResponse

from django_http_errors.test import (
    ACCEPTS,
    METHODS,
    QUERY_STRINGS,
    VARIANTS,
    Variant,
    assert_indistinguishable,
)

from ..demo import HAS_REST_FRAMEWORK
from ..servers import Server

PAIRS = [
    ("/documents/2/", "/documents/9/"),
    ("/documents/2/", "/documents/999/"),
    ("/vault/secret/", "/vault/nought/"),
    ("/vault/secret", "/vault/nought"),
    *([("/api/documents/2/", "/api/documents/9/")] if HAS_REST_FRAMEWORK else []),
]

# What formats there are, a server doesn't know: each method comes with two.
BY_METHOD: dict[str, Any] = {
    "accepts": ACCEPTS[1:3],
    "variants": VARIANTS[:1],
    "query_strings": QUERY_STRINGS[:1],
}
# HIDING_MATRIX=full asks for every combination, which takes its time; otherwise each Accept field
# comes with GET, and each variant with a method that has no content and with one that has some.
MATRICES: tuple[dict[str, Any], ...] = (
    ({},)
    if os.environ.get("HIDING_MATRIX") == "full"
    else (
        BY_METHOD,
        {"methods": ["GET"], "variants": VARIANTS[:1], "query_strings": QUERY_STRINGS[:1]},
        {"methods": ["GET", "POST"], "accepts": ACCEPTS[:1], "query_strings": QUERY_STRINGS[1:]},
    )
)

pytestmark = pytest.mark.slow


class WireClient:
    """Asks a server in the way that Django's test client is asked."""

    def __init__(self, http: httpx.Client, server: Server, cookies: dict[str, str]) -> None:
        self.http = http
        self.server = server
        self.cookies = SimpleCookie(cookies)

    def generic(
        self, method: str, path: str, data: bytes, content_type: str, headers: dict[str, str]
    ) -> HttpResponse:
        fields = {**headers, **({"Content-Type": content_type} if data else {})}
        cookies = "; ".join(f"{name}={each.value}" for name, each in self.cookies.items())
        if cookies:
            fields["Cookie"] = cookies
        got = self.http.request(method, self.server.url + path, headers=fields, content=data)
        response = HttpResponse(got.content, status=got.status_code, reason=got.reason_phrase)
        for name in list(response.headers):
            del response.headers[name]
        for name, value in got.headers.raw:
            if name.lower() == b"set-cookie":
                response.cookies.load(value.decode())
            else:
                response.headers[name.decode()] = value.decode("latin-1")
        return response


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60, headers={}) as client:
        client.headers.clear()
        yield client


@pytest.fixture(params=["gunicorn", "uvicorn"])
def server(request: pytest.FixtureRequest, start: Callable[[str], Server]) -> Server:
    return start(request.param)


def _signed_in(http: httpx.Client, server: Server, name: str) -> dict[str, str]:
    page = http.get(f"{server.url}/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    cookies = dict(page.cookies.items())
    http.cookies.clear()
    fields = {"csrfmiddlewaretoken": token[1], "username": name, "password": name}
    cookie = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
    answer = http.post(f"{server.url}/accounts/login/", data=fields, headers=cookie)
    assert answer.status_code == 302
    got = {**cookies, **dict(answer.cookies.items())}
    http.cookies.clear()
    return got


WHO: dict[str, Callable[[httpx.Client, Server], dict[str, str]]] = {
    "anonymous": lambda http, server: {},
    "reader": lambda http, server: _signed_in(http, server, "reader"),
    "broken session": lambda http, server: {"sessionid": "broken"},
}


# All of them by gunicorn for anybody; by uvicorn, and for those who are somebody, one of each kind.
SEEN = [
    *(("gunicorn", pair, "anonymous") for pair in PAIRS),
    *(("gunicorn", PAIRS[0], who) for who in WHO if who != "anonymous"),
    *(("uvicorn", pair, "anonymous") for pair in PAIRS[:3:2]),
    *(("uvicorn", pair, "reader") for pair in PAIRS[-1:]),
]


@pytest.mark.parametrize(
    ("name", "pair", "who"), SEEN, ids=[f"{name}-{pair[0]}-{who}" for name, pair, who in SEEN]
)
def test_a_pair_is_the_same_on_the_wire(
    name: str, pair: tuple[str, str], who: str, start: Callable[[str], Server], http: httpx.Client
) -> None:
    server = start(name)
    hidden, missing = pair
    client = WireClient(http, server, WHO[who](http, server))
    # What a server does to an answer depends neither on who asks nor on what hides it.
    for matrix in MATRICES if (name, pair, who) == SEEN[0] else (BY_METHOD,):
        report = assert_indistinguishable(client, hidden, missing, **matrix)
        sys.stdout.write(f"{server!r}, {who}: {report}\n")


def test_the_exempt_and_the_plain_see_the_truth(server: Server, http: httpx.Client) -> None:
    editor = WireClient(http, server, _signed_in(http, server, "editor"))
    stranger = WireClient(http, server, {})

    def status(client: WireClient, path: str) -> int:
        return client.generic("GET", path, b"", "", {}).status_code

    assert status(editor, "/documents/2/") == 200
    assert status(stranger, "/documents/1/") == 200
    assert status(stranger, "/documents/2/") == 404
    assert status(stranger, "/plain-documents/2/") == 403
    options: dict[str, Any] = {"methods": ["GET"], "accepts": [None], "variants": [Variant("none")]}
    with pytest.raises(AssertionError, match="- status:"):
        assert_indistinguishable(stranger, "/plain-documents/2/", "/plain-documents/9/", **options)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("method", METHODS)
def test_raw_bytes_are_the_same(method: str, version: str, server: Server) -> None:
    """The status line, the order and the case of the fields, and the closing of the connection."""

    def exchange(path: str) -> bytes:
        request = f"{method} {path} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        got = server.exchange(request.encode())
        got = re.sub(rb"nonce-[\w-]+|nonce=\"[\w-]+|(?i:date): [^\r]*", b"", got)
        return got.replace(path.encode(), b"{path}")

    for hidden, missing in PAIRS:
        if len(hidden) == len(missing):
            assert exchange(hidden) == exchange(missing)
