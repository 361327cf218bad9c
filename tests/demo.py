"""The demo site's failing addresses, and what each has to answer: shared by all the live tests.

Written down by hand after the contract and RFC 9110, and not read off the package's tables:
those are what is tested.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any, NamedTuple

import httpx

from django_http_errors.http.shapes import FIELDS

from .asking import FORMS, HTML, JSON, PROBLEM, TEXT
from .iana import ERRORS, HEADINGS

HAS_REST_FRAMEWORK = find_spec("rest_framework") is not None

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
STATUSES = (*ERRORS, 418, 499, 599)
MODES = ("", "/async")
BUILTIN = {
    "http404": 404,
    "permission-denied": 403,
    "bad-request": 400,
    "suspicious-operation": 400,
    "data-too-big": 413,
    "crash": 500,
}

CONTENT_TYPES = {form: form for form in FORMS} | {
    HTML: "text/html; charset=utf-8",
    TEXT: "text/plain; charset=utf-8",
}

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# What a client may send as Accept, and the form that it gets; None: the default of the path.
ACCEPTS: dict[str, tuple[str | None, str | None]] = {
    "browser": (BROWSER, HTML),
    "html": (HTML, HTML),
    "problem": (PROBLEM, PROBLEM),
    "json": (JSON, JSON),
    "json-utf8": ("Application/JSON; charset=utf-8", JSON),
    "text": (TEXT, TEXT),
    "none": (None, None),
    "empty": ("", None),
    "anything": ("*/*", None),
    "image": ("image/png", TEXT),
    "document": ("application/pdf", None),
    "quoted-garbage": ('text/html;q="0.1, application/json;q=";\\", "', None),
    "garbage": (';;q=,/,\\"=application/json=text/plain;q=9', None),
    "weights": (f"{HTML};q=0, {JSON};q=abc, {TEXT};q=0.001, {PROBLEM};q=0.0001", TEXT),
}
HOSTILE = ("quoted-garbage", "garbage", "weights", "json-utf8", "empty", "image")
# No server lets these in; Django's test client does.
ACCEPTS_IN_PROCESS: dict[str, tuple[str | None, str | None]] = {
    "64KB": ('a/b;c="' + ";" * 65536, None),
    "64KB-list": (f"{JSON}," * 4096, None),
    "nul": ("\0text/html\0,\0", None),
    "bytes": ("\xff\xfe\x80/\xa0", None),
}

# The fields that some statuses owe, and that no other answer here has.
OWED = (
    *("Accept", "Accept-Encoding", "Accept-Patch", "Accept-Post", "Allow", "Content-Range"),
    *("Link", "Proxy-Authenticate", "Retry-After", "Upgrade", "WWW-Authenticate"),
)
# What any error at the site may depend on, and so all of them say that they do.
VARY = {"Accept", "Sec-Fetch-Dest", *FIELDS, "Accept-Language", "Cookie", "X-Request-ID"}
# The fields of a connection, which PEP 3333 leaves to the server: gunicorn keeps them back.
HOP_BY_HOP = frozenset({"Proxy-Authenticate", "Upgrade"})

AVAILABLE = [
    {"type": "text/html", "href": "/documents/1/", "language": "en"},
    {"type": "application/json", "href": "/api/documents/1/"},
]
INVALID = [
    {"detail": "This field is required.", "pointer": "/title", "code": "required"},
    {"detail": "Enter a date.", "pointer": "/chapters/0/date", "code": "invalid"},
]
# By status: the fields and the members that come with the app's exception.
RAISED: dict[int, tuple[dict[str, str], dict[str, Any]]] = {
    401: ({"WWW-Authenticate": 'Session realm="demo", Bearer realm="demo"'}, {}),
    405: ({"Allow": "GET, POST"}, {"allow": ["GET", "POST"]}),
    406: (
        {
            "Link": '</documents/1/>; rel="alternate"; type="text/html"; hreflang="en",'
            ' </api/documents/1/>; rel="alternate"; type="application/json"'
        },
        {"available": AVAILABLE},
    ),
    407: ({"Proxy-Authenticate": 'Bearer realm="demo"'}, {}),
    413: ({"Retry-After": "300"}, {"retry_after": 300, "permanence": "temporary"}),
    415: (
        {"Accept": "application/json, text/csv", "Accept-Encoding": "identity"},
        {"accept": ["application/json", "text/csv"]},
    ),
    416: ({"Content-Range": "bytes */1234"}, {}),
    422: ({}, {"errors": INVALID}),
    426: ({"Upgrade": "HTTP/2.0"}, {}),
    429: ({"Retry-After": "30"}, {"retry_after": 30}),
    451: ({"Link": '<https://court.example/>; rel="blocked-by"'}, {}),
    503: ({"Retry-After": "120"}, {"retry_after": 120}),
}
# The same for Django's response, and for any other answer that says nothing for itself.
PLAIN: dict[int, tuple[dict[str, str], dict[str, Any]]] = {
    401: ({"WWW-Authenticate": 'Session realm="demo"'}, {}),
    405: ({"Allow": "GET, POST"}, {"allow": ["GET", "POST"]}),
    407: ({"Proxy-Authenticate": 'Session realm="demo"'}, {}),
}

# As the issue has it; of the other statuses only that it is one of the three.
PERMANENCE = {
    **dict.fromkeys((400, 405, 406, 410, 411, 413, 414, 415, 431, 501, 505), "permanent"),
    **dict.fromkeys((408, 425, 429, 502, 503, 504), "temporary"),
    **dict.fromkeys((404, 500), "unknown"),
}
# "The same request would meet it again" is not "it is gone for good".
FOR_GOOD = frozenset({410, 501, 505})

SECRETS = ("This text is for the log", "ZeroDivisionError", "Traceback", "testproject", "Http404")


class Answer(NamedTuple):
    """What came back, from a test client or over the wire."""

    status: int
    fields: httpx.Headers
    content: bytes


@dataclass(frozen=True)
class Ask:
    """A request that fails, and what its answer has to be.

    `owed` are the fields of `OWED` that the answer has, `members` what its JSON forms have
    beside those that all have. `times`: the last answer is the one that counts.
    `cache_control`: where it is another than that of the status.
    """

    path: str
    status: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    owed: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    default: str = HTML
    times: int = 1
    cache_control: str = ""

    def __str__(self) -> str:
        host = f" at {self.headers['Host']}" if "Host" in self.headers else ""
        return f"{self.method} {self.path}{host}"

    @property
    def has_length(self) -> bool:
        """Whether CommonMiddleware sees the answer, and says how long it is.

        What is hidden is answered outside of it, and a bad host in it. There the servers send the
        content in chunks.
        """
        return "Host" not in self.headers and not self.cache_control

    def fields(self, accept: str | None) -> dict[str, str]:
        """Return the header fields to send."""
        return {**self.headers, **({} if accept is None else {"Accept": accept})}

    def by(self, method: str) -> Ask:
        """Return the same by another method, for an address that takes all of them alike."""
        accept = self.owed.get("Accept")
        own = {"POST": "Accept-Post", "PATCH": "Accept-Patch"}.get(method)
        owed = {**self.owed, own: accept} if accept and own else self.owed
        return replace(self, method=method, owed=owed)


def _by_status(kind: str, table: Mapping[int, tuple[dict, dict]]) -> Iterator[Ask]:
    for mode in MODES:
        for status in STATUSES:
            owed, members = table.get(status, ({}, {}))
            yield Ask(f"{mode}/{kind}/{status}/", status, owed=owed, members=members)


# What every 404 of a scope has, the true and the hidden ones.
_HIDDEN: dict[str, Any] = {"cache_control": "private, no-store"}

# Addresses that take any method, and fail in the same way whatever it is.
ANY_METHOD = (
    *_by_status("raise", RAISED),
    *_by_status("return", PLAIN),
    *(Ask(f"{mode}/builtin/{name}/", status) for mode in MODES for name, status in BUILTIN.items()),
    *(Ask(f"/{kind}/200/", 404) for kind in ("raise", "return", "own-body", "stream")),
    Ask("/raise/600/", 404),
    Ask("/builtin/no-such-name/", 404),
    Ask("/no/such/page/", 404),
    Ask("/documents/no-number/", 404),
    Ask("/", 400, headers={"Host": "elsewhere.example"}),
    Ask("/raise/410/", 400, headers={"Host": 'un"usable<host>'}),
    Ask("/api/no/such/page/", 404, default=PROBLEM),
)

_CSV = {"Content-Type": "text/csv"}
_JSON = {"Content-Type": "application/json"}
_NOT_JSON = {"accept": ["application/json"]}
_SAFE = {"owed": {"Allow": "GET, HEAD"}, "members": {"allow": ["GET", "HEAD"]}}
_FORM = {"owed": {"Allow": "GET, HEAD, POST"}, "members": {"allow": ["GET", "HEAD", "POST"]}}
_VIEW_METHODS = ["GET", "POST", "HEAD", "OPTIONS"]

# Without the token of a form.
UNVERIFIED = {"permanence": "unknown", "code": "csrf_failed"}

# Addresses where it depends on the request.
DEMANDING = (
    *(Ask("/negotiated/", 405, method, owed={"Allow": ", ".join(_VIEW_METHODS)},
          members={"allow": _VIEW_METHODS}) for method in ("PUT", "PATCH", "DELETE")),
    Ask("/negotiated/", 415, "POST", _CSV, b"a,b", members=_NOT_JSON,
        owed={"Accept": "application/json", "Accept-Post": "application/json"}),
    Ask("/negotiated/", 415, "POST", {**_JSON, "Content-Encoding": "gzip"}, b"{}",
        members=_NOT_JSON, owed={"Accept": "application/json", "Accept-Encoding": "identity",
                                 "Accept-Post": "application/json"}),
    Ask("/negotiated/", 400, "POST", _JSON, b"{"),
    *(Ask(path, 403, method, members=UNVERIFIED) for path in ("/form/", "/plain-documents/1/")
      for method in sorted(UNSAFE)),
    *(Ask("/documents/1/", 404, method, **_HIDDEN) for method in sorted({*UNSAFE, "OPTIONS"})),
    *(Ask(path, 405, "OPTIONS", **_SAFE) for path in ("/plain-documents/2/", "/")),
    Ask("/form/", 405, "OPTIONS", **_FORM),
    *(Ask(f"/vault/{name}/", 404, method, **_HIDDEN) for name in ("secret", "nothing")
      for method in METHODS),
    *(Ask(f"/documents/{pk}/", 404, method, **_HIDDEN) for pk in (2, 999)
      for method in ("GET", "HEAD", "OPTIONS")),
    *(Ask("/plain-documents/2/", 403, method) for method in ("GET", "HEAD")),
    *(Ask("/plain-documents/999/", 404, method) for method in ("GET", "HEAD")),
)  # fmt: skip

_DETAIL = {"Allow": "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"}
_LIST = {"Allow": "GET, POST, HEAD, OPTIONS"}
_FUNCTION = {"Allow": "GET, OPTIONS"}
_TOKEN = {"WWW-Authenticate": "Token"}
# REST framework's own views, all of whose answers have Allow. Their HTML is the browsable API's,
# and their 405 and 406 depend on its negotiation and permissions, which have tests of their own.
API = tuple(
    replace(ask, default=PROBLEM)
    for ask in (
        *(
            Ask(f"/api/documents/{pk}/", 404, method, **_HIDDEN)
            for pk in (2, 999)
            for method in METHODS[:2]
        ),
        *(
            Ask("/api/plain-documents/2/", 401, method, owed=_TOKEN | _DETAIL)
            for method in METHODS[:2]
        ),
        Ask("/api/plain-documents/999/", 404, owed=_DETAIL),
        Ask("/api/plain-documents/", 401, "POST", _JSON, b"{}", owed=_TOKEN | _LIST),
        Ask("/api/plain-documents/1/", 401, "DELETE", owed=_TOKEN | _DETAIL),
        Ask("/api/documents/", 404, "POST", _JSON, b"{}", **_HIDDEN),
        Ask("/api/documents/1/", 404, "DELETE", **_HIDDEN),
        Ask("/api/throttled/", 429, times=2, owed=_FUNCTION),
        Ask("/api/crash/", 500),
    )
)


# One address of each kind, for what is the same for all statuses.
ONE_EACH = tuple(
    ask for ask in ANY_METHOD if re.search(r"/404/|http404|/no/such/|crash|/401/", ask.path)
)


def permanence(ask: Ask) -> str | None:
    """Return the permanence that `ask` must have, None where it may be any."""
    return ask.members.get("permanence", PERMANENCE.get(ask.status))


@contextmanager
def told(*what: object) -> Iterator[None]:
    """Say in the report which of the many requests of a test went wrong."""
    try:
        yield
    except Exception as error:
        error.add_note(f"asked: {' '.join(map(str, what))}")
        raise


def check(ask: Ask, answer: Answer, form: str, dropped: Iterable[str] = ()) -> None:
    """Hold an answer in `form` against what `ask` has to get.

    dropped: the fields that the server keeps back
    """
    assert answer.status == ask.status
    assert answer.fields.get_list("Content-Type") == [CONTENT_TYPES[form]]
    check_fields(ask, answer, dropped)
    if ask.method == "HEAD":
        assert answer.content == b""
        assert (int(answer.fields.get("Content-Length", 0)) > 0) == ask.has_length
        return
    length = [str(len(answer.content))] if ask.has_length else []
    assert answer.fields.get_list("Content-Length") == length
    text = answer.content.decode()
    assert not [secret for secret in SECRETS if secret in text]
    if form in (JSON, PROBLEM):
        check_members(ask, json.loads(text))
    elif form == HTML:
        check_page(ask, text)
    else:
        check_text(ask, text)


def check_fields(ask: Ask, answer: Answer, dropped: Iterable[str] = ()) -> None:
    fields = answer.fields
    owed = {name: fields[name] for name in OWED if name in fields}
    expected = {name: value for name, value in ask.owed.items() if name not in dropped}
    if ask.times > 1:  # How long it is still to wait depends on when one came.
        assert 0 < int(owed.pop("Retry-After")) <= 60
    # REST framework makes a set of a function's methods, whose order is another each time.
    assert _methods(owed) == _methods(expected)
    assert owed == expected
    assert fields["Cache-Control"] == (ask.cache_control or "no-store")
    vary = {each.strip() for each in fields["Vary"].split(",")}
    assert vary >= VARY
    assert fields["Content-Language"] == "en"
    assert fields.get_list("X-Content-Type-Options") == ["nosniff"]


def _methods(fields: dict[str, str]) -> set[str]:
    return set(fields.pop("Allow", "").split(", "))


def check_members(ask: Ask, members: dict[str, Any]) -> None:
    seen = dict(members)
    assert seen.pop("type") == "about:blank"
    assert seen.pop("title") in titles(ask.status)
    assert seen.pop("status") == ask.status
    assert len(seen.pop("detail")) > 20
    assert seen.pop("instance") == ask.path
    expected = permanence(ask)
    said = seen.pop("permanence")
    assert said == expected if expected else said in ("temporary", "permanent", "unknown")
    if ask.status >= 500:
        assert re.fullmatch("[0-9a-f]{32}", seen.pop("request_id"))
    if ask.times > 1:
        assert 0 < seen.pop("retry_after") <= 60
    assert seen == {name: value for name, value in ask.members.items() if name != "permanence"}


def title(status: int) -> str:
    """Return the registered phrase, or that of the class of a status that has none."""
    return ERRORS.get(status, "Client Error" if status < 500 else "Server Error")


def heading(status: int) -> str:
    """Return what stands over the explanation in a page; an unregistered status has its class's."""
    return HEADINGS[status if status in HEADINGS else status // 100 * 100]


# What `seed_demo` has editors say; it is in force where the rows are.
EDITED = {503: "We will be right back"}


def titles(status: int) -> set[str]:
    """Return what an answer may have as its title: the app's, or the editors'."""
    return {title(status), EDITED.get(status, title(status))}


def headings(ask: Ask) -> set[str]:
    if ask.members.get("code") == "csrf_failed":
        return {"This form could not be sent"}
    return {heading(ask.status), EDITED.get(ask.status, heading(ask.status))}


def check_page(ask: Ask, page: str) -> None:
    assert page.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert page.count("<h1>") == page.count("<main>") == page.count("<title>") == 1
    assert any(
        f"<h1>{each}</h1>" in page and f"<title>{each} ({ask.status})" in page
        for each in headings(ask)
    )
    assert '<meta name="robots" content="noindex">' in page
    assert "<script" not in page
    visible = page.partition("<body>")[2]
    check_words(ask, html.unescape(re.sub("<[^>]*>", "", visible)))
    for each in ask.members.get("available", ()):
        assert f'href="{each["href"]}"' in visible


def check_text(ask: Ask, text: str) -> None:
    assert text.startswith(tuple(f"{ask.status} {each}\n" for each in titles(ask.status)))
    assert text.endswith("\n")
    assert "<" not in text
    check_words(ask, text)
    assert all(each["href"] in text for each in ask.members.get("available", ()))


def check_words(ask: Ask, text: str) -> None:
    """See that a person is told what a program is told."""
    for words in _words(ask):
        assert words in text
    assert bool(re.search(r"\b[0-9a-f]{32}\b", text)) == (ask.status >= 500)
    if permanence(ask) in ("permanent", "unknown"):
        assert "temporary" not in text
    if ask.status not in FOR_GOOD:
        assert "permanent" not in text


def _words(ask: Ask) -> Iterator[str]:
    yield str(ask.status)
    members = ask.members
    if permanence(ask) == "permanent" and ask.status in FOR_GOOD:
        yield "This is permanent: trying again"
    elif permanence(ask) == "temporary" and "retry_after" not in members and ask.times == 1:
        soon = ask.status in (429, 502, 503, 504)
        yield "Try again in a little while." if soon else "This is temporary."
    yield from members.get("allow", ())
    yield from members.get("accept", ())
    for each in members.get("available", ()):
        yield each["type"]
    for each in members.get("errors", ()):
        yield each["detail"]
        yield each["pointer"]
    if "retry_after" in members:
        waits = {30: "30 seconds", 120: "2 minutes", 300: "5 minutes"}
        yield f"You can try again in {waits[members['retry_after']]}."


@dataclass(frozen=True)
class Question:
    """An address, and the status and a word of its answer: with the demo's rows, and unread."""

    path: str
    known: tuple[int, str]
    unknown: tuple[int, str]


QUESTIONS = (
    Question("/old-shop/shoes/", (410, "has closed for good"), (404, "nothing at this address")),
    Question("/shop/shoes/", (404, "No such product"), (404, "nothing at this address")),
    Question("/vault/secret/", (404, "nothing at this address"), (404, "nothing at this address")),
    Question("/raise/503/", (503, "We will be right back"), (503, "overloaded or being worked on")),
    Question("/return/423/", (423, "Locked"), (423, "Locked")),
    Question("/builtin/crash/", (500, "An error on the server"), (500, "An error on the server")),
)
