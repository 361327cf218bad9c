"""What an attacker can put into a request stays text, in every form, field and line of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import StringIO
from itertools import cycle, product
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path

from django_http_errors import exceptions
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule

from ..asking import FORMS, HTML, JSON, PROBLEM, TEXT, Site
from ..demo import ANY_METHOD, API, BUILTIN, DEMANDING, STATUSES
from ..wellformed import check_content, check_fields, parsed

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

HAS_REST_FRAMEWORK = find_spec("rest_framework") is not None

# The whole demo once more behind any path that ends in "/_/": what is reflected of an address
# is then in the answer of every entry point.
urlpatterns = [
    re_path(r"^(?s:.+)/_/", include("testproject.urls")),
    path("", include("testproject.urls")),
]

PAYLOADS = {
    "element": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "attribute": "' autofocus onfocus=alert(1) x=\" onmouseover=alert(1) y=`",
    "end": "</title></style></code></main></textarea></script><script>alert(1)</script>",
    "comment": "--><!--<svg/onload=alert(1)>",
    "entity": "&lt;script&gt;&#x3c;script&#62;&quot;",
    "template": "{{ 7|add:7 }}{% debug %}{path}{host}{{path}}",
    "json": '"},"status":200,"evil":{"a":"\\',
    "line": "a\r\nSet-Cookie: evil=1\r\n\r\n<h1>evil</h1>",
    "unicode-line": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "control": "\0\x1b[31m\x7f\x9b",
    "direction": "\u202e\u2066evil",
    "bytes": "\udcff\udcfe\udc80",
    "scheme": "javascript:alert(1)",
}
HARMLESS = "harmless"
# All of them, for where each by itself would take too long: what breaks out of a place does so
# behind the others, too.
ALL = "".join(PAYLOADS.values())


def raw(payload: str) -> bytes:
    return payload.encode("utf-8", "surrogateescape")


def fields_with(payload: str) -> dict[str, str]:
    """Return all that a client may say beside the address, with `payload` in it."""
    value = raw(payload).decode("latin-1")
    names = (
        *("user_agent", "referer", "origin", "x_request_id", "x_forwarded_host", "forwarded"),
        *("x_forwarded_for", "x_forwarded_proto", "accept_language", "sec_fetch_dest", "x_own"),
        *("if_none_match", "range", "accept_encoding", "authorization", "x_original_url"),
    )
    return {**dict.fromkeys(names, value), "cookie": f"a={value}; django_language={value}"}


def ask(
    site: Site, address: str, payload: str, form: str, method: str = "GET", **fields: str
) -> HttpResponse:
    """Return the answer to a request with `payload` in its path, its query and its fields."""
    start = f"/a{quote(raw(payload), safe='')}/_" if address.startswith("/") else ""
    query = quote(raw(payload), safe="")
    # What is longer than can be read counts as no wish, and so would the form.
    accept = form
    if len(payload) < 2000:
        accept += f', a/b;c="{raw(payload).decode("latin-1")}'
    fields = {**fields_with(payload), **fields}
    return site.ask(f"{start}{address}?{query}={query}", accept, method, **fields)


@pytest.fixture
def seeded(published: Callable[[], None]) -> None:
    with override_settings(ROOT_URLCONF="testproject.urls"):
        call_command("seed_demo", stdout=StringIO())
    published()


@pytest.fixture
def telling(seeded: None, published: Callable[[], None]) -> None:
    """Have editors tell visitors all of their request that there is a placeholder for."""
    words = "{path} {method} {status} {host} {request_id} {retry_after}"
    # An address that is too long to be compared is in every hidden area.
    HidingRule.objects.all().delete()
    ErrorMessage.objects.all().delete()
    ErrorMessage.objects.create(
        title=words, detail=f"{words}\n{words}", action_label=words, action_url="/{path}"
    )
    published()


def skeleton(page: str) -> list[Any]:
    """Return the elements of a page and the names of their attributes, less the texts."""
    return [
        (each.tag if isinstance(each.tag, str) else "comment", sorted(each.attrib))
        for each in parsed(page).iter()
    ]


def shape(value: Any) -> Any:
    """Return the names in a JSON document and the types of their values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


def title(form: str, text: str) -> str:
    """Return the title of an answer, as its reader gets it."""
    if form == HTML:
        return str(parsed(text).findtext(".//h1"))
    return str(json.loads(text)["title"]) if form != TEXT else text.splitlines()[0]


# What could end a line, or change what a terminal or a reader makes of it.
BREAKING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066]")


def compare(evil: HttpResponse, harmless: HttpResponse, told: str, *, own: bool = True) -> None:
    """Check that `evil` is `harmless`, but for texts.

    told: what stands in both the title of `evil` and the request, or else nothing would be tested
    own: whether the app wrote it, and not a renderer of REST framework's
    """
    assert evil.status_code == harmless.status_code >= 400
    assert evil["Content-Type"] == harmless["Content-Type"]
    # In the place of an id that can't be used one is made, and sent.
    made, others = (
        [name for name in each.headers if name != "X-Request-ID"] for each in (evil, harmless)
    )
    assert made == others
    assert "X-Request-ID" not in harmless.headers
    assert evil.cookies.keys() == harmless.cookies.keys()
    check_fields(evil.items(), evil.content)
    form = check_content(evil.status_code, evil["Content-Type"], evil.content)
    text, other = evil.content.decode(), harmless.content.decode()
    assert told in title(form, text)
    assert not BREAKING.search(text)
    if form == HTML:
        assert skeleton(text) == skeleton(other)
    elif form == TEXT:
        assert len(text.splitlines()) == len(other.splitlines())
    else:
        assert shape(json.loads(text)) == shape(json.loads(other))
        assert not own or not set("<>&") & set(text)


def check_log(records: list) -> None:
    """Check that a record of the app's is a single line, and colours no terminal."""
    for record in records:
        assert record.getMessage().isprintable()


# Where sync and async differ is at the entry points: that all of a request is text there is tested
# in both, the rest of it once.
sync = pytest.mark.parametrize("site", ["sync"], indirect=True)

# Addresses for all statuses, and one of every other kind.
BY_STATUS = {
    f"{kind}-{status // 100}xx": [
        f"/{kind}/{each}/" for each in STATUSES if each // 100 == status // 100
    ]
    for kind in ("raise", "return")
    for status in (400, 500)
}
ASYNC = {*BY_STATUS, "builtin"}
ADDRESSES = {
    **BY_STATUS,
    "builtin": [f"/builtin/{name}/" for name in BUILTIN],
    "view": ["/no/such/page/", "/documents/2/", "/documents/999/", "/vault/secret/", "/vault/x/"],
    "rule": ["/old-shop/lamps/", "/summer-sale/", "/archive/1999/"],
    "admin": ["/admin/no/such/page/"],
}


def seen(payload: str, site: Site) -> str:
    """Return what is shown of a `payload` in a path."""
    # Django's async test client makes a character of each byte, which no server does.
    path = raw(payload).decode("latin-1") if site.is_async else payload
    if payload == PAYLOADS["bytes"] and not site.is_async:
        return "%FF%FE%80"  # what Django makes of what is no UTF-8
    return "".join(each if each.isprintable() else "\ufffd" for each in path)


@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_request_is_text_at_every_entry_point(site: Site, kind: str, own_records: list) -> None:
    twin = "/async" if site.is_async and kind in ASYNC else ""
    for address, form in zip(ADDRESSES[kind], cycle(FORMS), strict=False):
        evil, harmless = (ask(site, f"{twin}{address}", each, form) for each in (ALL, HARMLESS))
        compare(evil, harmless, "javascript:alert(1)/_/")
        assert "<script>alert(1)</script>" in evil.problem.title
    check_log(own_records)


# What hides logs that it did.
EACH = ("/raise/406/", "/no/such/page/", "/documents/2/")


@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_each_payload_is_text(payload: str, own_records: list) -> None:
    """A page, an address of no view and a hidden one; the other entry points have all in one."""
    site = Site("sync")
    for address, form in product(EACH, FORMS):
        texts = (PAYLOADS[payload], HARMLESS)
        evil, harmless = (ask(site, address, each, form) for each in texts)
        compare(evil, harmless, seen(PAYLOADS[payload], site))
    assert len(own_records) == 2 * len(FORMS), "that something was hidden, each time"
    check_log(own_records)


@sync
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_method_is_text(site: Site, payload: str, own_records: list) -> None:
    """A server lets tokens only through, Django everything, in capitals."""
    method = raw(PAYLOADS[payload]).decode("latin-1")
    addresses = (site.path("raise/501"), site.path("return/405"), "/form/", "/vault/secret/")
    for address, form in zip(addresses, FORMS, strict=True):
        evil, harmless = (ask(site, address, HARMLESS, form, each) for each in (method, "FROB"))
        told = "" if BREAKING.search(method) else method.upper()
        compare(evil, harmless, told)
    check_log(own_records)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("form", FORMS)
def test_a_host_is_not_told(site: Site, form: str) -> None:
    """One that isn't ours is neither shown nor linked to.

    The handler that answers it under ASGI runs in a thread of its own, outside of transactions.
    """
    harmless = ask(site, "/raise/406/", HARMLESS, form, host="evil")
    # Each payload as a name in two of the forms, and as a port in the others.
    starts = ("evil.example", "testserver:")
    turns = cycle(starts if form in FORMS[:2] else starts[::-1])
    for payload, start in zip(PAYLOADS.values(), turns, strict=False):
        host = start + raw(payload).decode("latin-1")
        evil = ask(site, "/raise/406/", HARMLESS, form, host=host)
        compare(evil, harmless, "GET 400  ")
        assert b"evil.example" not in evil.content
        assert not any("evil.example" in value for value in evil.headers.values())


@pytest.mark.skipif(not HAS_REST_FRAMEWORK, reason="REST framework isn't installed")
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("form", [PROBLEM, JSON, HTML])
@pytest.mark.parametrize("address", ["/api/plain-documents/2/", "/api/plain-documents/999/"])
def test_a_request_is_text_in_the_api(address: str, form: str) -> None:
    """Its pages are REST framework's."""
    site = Site("sync")
    harmless = ask(site, address, HARMLESS, form)
    for payload in PAYLOADS.values():
        evil = ask(site, address, payload, form)
        if form == HTML:
            assert evil.status_code == harmless.status_code
            assert "<script>alert" not in evil.content.decode()
        else:
            compare(evil, harmless, seen(payload, site), own=False)


# Links


def browsers_scheme(address: str) -> str:
    """Return the scheme of an address as the URL standard has it, "" for a relative one."""
    stripped = re.sub("[\t\n\r]", "", address.strip("".join(map(chr, range(33)))))
    found = re.match("([A-Za-z][A-Za-z0-9+.-]*):", stripped)
    return found[1].lower() if found else ""


UNSAFE_SCHEMES = ("javascript", "data", "vbscript", "file", "blob")
# Ways to write one so that it isn't noticed.
DISGUISES: tuple[Callable[[str], str], ...] = (
    lambda scheme: f"{scheme}:x",
    lambda scheme: f"{scheme[0]}{scheme[1:].upper()}:x",
    lambda scheme: f" {scheme}:x",
    lambda scheme: f"\n{scheme}:x",
    lambda scheme: f"\x01{scheme}:x",
    lambda scheme: f"\xa0{scheme}:x",
    lambda scheme: f"\u200b{scheme}:x",
    lambda scheme: f"\ufeff{scheme}:x",
    lambda scheme: f"{scheme[:2]}\t{scheme[2:]}:x",
    lambda scheme: f"{scheme[:2]}\r\n{scheme[2:]}:x",
    lambda scheme: f"{scheme[:2]}\0{scheme[2:]}:x",
    lambda scheme: f"{scheme}\t:x",
    lambda scheme: f"{scheme}&colon;x",
    lambda scheme: f"&#{ord(scheme[0])};{scheme[1:]}:x",
    lambda scheme: f"{scheme}%3Ax",
    lambda scheme: f"{scheme}://evil.example/%0Aalert(1)",
)
UNSAFE = {scheme: [disguise(scheme) for disguise in DISGUISES] for scheme in UNSAFE_SCHEMES}
# What leads to another site is what an editor or a developer may mean: it passes as it is.
# A backslash, which browsers take for a slash, is none.
ELSEWHERE = {
    "//evil.example/x": "//evil.example/x",
    "https://evil.example/x": "https://evil.example/x",
    "HTTP://evil.example/x": "HTTP://evil.example/x",
    "mailto:a@evil.example": "mailto:a@evil.example",
    "/\\evil.example/x": "/%5Cevil.example/x",
    "\\\\evil.example/x": "%5C%5Cevil.example/x",
    "/\t/evil.example/x": "/%09/evil.example/x",
}


def links(response: HttpResponse) -> Iterator[str]:
    """Yield where an answer leads, in whatever form it says so."""
    for field in ("Link", "Location", "Refresh", "Content-Location"):
        yield from re.findall("<([^>]*)>", response.headers.get(field, ""))
    text = response.content.decode()
    form = response["Content-Type"].partition(";")[0]
    if form == HTML:
        for each in parsed(text).iter():
            for name in ("href", "src", "action", "formaction", "srcset", "content", "style"):
                if each.tag != "meta" and each.get(name) is not None:
                    yield each.get(name)
    elif form == TEXT:
        for line in text.splitlines():
            yield from links_in(line)
    else:
        members = json.loads(text)
        for each in (*members.get("available", ()), *members.get("actions", ())):
            yield each["href"]


def links_in(line: str) -> list[str]:
    """Return where a line of a text leads."""
    label, _colon, value = line.partition(": ")
    if label == "Available formats":
        return re.findall(r"text/\w+ \((.*?)\)(?:, |$)", value)
    if label in ("LABEL", "Who requested this"):
        return [value]
    return [value or label.removeprefix("Go to ")] if label.startswith("Go to ") else []


class Offering:
    """A URLconf with a view that offers an address."""

    def __init__(self) -> None:
        self.address = ""
        self.urlpatterns = [path("<slug:how>/", self.offer)]

    def offer(self, request: HttpRequest, how: str) -> HttpResponse:
        if how == "available":
            kinds = ("text/html", "text/csv")
            offered = [{"type": each, "href": self.address} for each in kinds]
            raise exceptions.NotAcceptable(available=offered)
        raise exceptions.UnavailableForLegalReasons(blocked_by=self.address)


OFFERED = {"/available/": 406, "/blocked/": 451, "/gone/here/": 410}


@sync
@pytest.mark.parametrize("scheme", UNSAFE)
def test_no_unsafe_address_is_linked_to(
    site: Site, scheme: str, settings: Any, published: Callable[[], None]
) -> None:
    """From exceptions, and from rows that nobody has validated."""
    message = ErrorMessage.objects.create(action_label="LABEL")
    rule = PermanenceRule.objects.create(pattern="/gone/here/")
    settings.ROOT_URLCONF = offering = Offering()
    turns = cycle(FORMS)
    for address in UNSAFE[scheme]:
        offering.address = address
        message.action_url = rule.replacement = address
        message.save()
        rule.save()
        published()
        for (asked, status), form in zip(OFFERED.items(), turns, strict=False):
            response = site.ask(asked, form)
            assert response.status_code == status
            found = list(links(response))
            assert all(found)
            schemes = {browsers_scheme(each) for each in found}
            assert schemes <= {"", "http", "https", "mailto"}


@sync
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("address", ELSEWHERE)
def test_an_address_elsewhere_is_linked_to_as_it_is(
    site: Site, address: str, form: str, settings: Any
) -> None:
    """And all kinds of links are looked at here, or else nothing would be tested above."""
    settings.ROOT_URLCONF = offering = Offering()
    offering.address = address
    ErrorMessage.objects.create(action_label="LABEL", action_url=address)
    PermanenceRule.objects.create(pattern="/gone/here/", replacement=address)
    in_body = 0 if form in (PROBLEM, JSON) else 1
    for asked, in_field, said in (
        ("/available/", 2, 2 + 1), ("/blocked/", 1, in_body + 1), ("/gone/here/", 1, 2)
    ):  # fmt: skip
        # Beside the way home.
        found = [each for each in links(site.ask(asked, form)) if each != "/"]
        assert found == [ELSEWHERE[address]] * (in_field + said)


@pytest.mark.parametrize("scheme", UNSAFE)
def test_no_editor_can_write_an_unsafe_address(scheme: str) -> None:
    for address in UNSAFE[scheme]:
        for row, name in (
            (ErrorMessage(title="t", action_label="l", action_url=address), "action_url"),
            (PermanenceRule(pattern="/a/", replacement=address), "replacement"),
        ):
            with pytest.raises(ValidationError) as caught:
                row.full_clean()
            assert list(caught.value.message_dict) == [name]


# Caches


# Request fields that an answer doesn't depend on, however they look.
IRRELEVANT = {
    "host": "localhost",
    "range": "bytes=0-1",
    "if_none_match": "*",
    "accept_encoding": "gzip",
    "content_language": "de",
    "x_forwarded_proto": "https",
    "x_forwarded_for": "192.0.2.1",
    "x_requested_with": "XMLHttpRequest",
    "x_http_method_override": "DELETE",
    **dict.fromkeys(("origin", "referer"), "http://evil.example/"),
    **dict.fromkeys(("x_forwarded_host", "x_host", "forwarded", "user_agent"), "evil.example"),
    **dict.fromkeys(("x_original_url", "x_rewrite_url", "x_forwarded_prefix"), "/evil/"),
    **dict.fromkeys(("via", "prefer", "save_data", "dnt", "sec_fetch_mode", "te", "x"), "evil"),
}
# Those that it may depend on. Authorization needn't be in Vary (RFC 9110, section 12.5.5).
RELEVANT = (
    ("sec_fetch_dest", "image"),
    ("accept_language", "de"),
    ("cookie", "django_language=de"),
    ("x_request_id", "evil"),
    ("x_own", "evil"),
)
ASKED = [
    ask
    for ask in (*ANY_METHOD, *DEMANDING, *(API if HAS_REST_FRAMEWORK else ()))
    # The client isn't checked for CSRF: what that alone refuses would be a success.
    if ask.times == 1 and "Host" not in ask.headers and (ask.method, ask.status) != ("POST", 403)
]


def steady(response: HttpResponse) -> tuple[Any, ...]:
    """Return what a cache would keep of `response`, less what is random."""
    random = r"(nonce[-=]\"?)[\w+/=-]+|\b[0-9a-f]{32}\b"
    fields = {name: re.sub(random, "", value) for name, value in response.items()}
    for name in ("Content-Length", "Vary"):
        fields.pop(name, None)
    return response.status_code, fields, re.sub(random, "", response.content.decode())


def vary(response: HttpResponse) -> set[str]:
    return {each.strip().lower() for each in response["Vary"].split(",")}


@pytest.mark.conformance("rfc9110-12.5.5-vary")
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("part", range(4))
def test_a_field_that_matters_is_in_vary(site: Site, part: int) -> None:
    """Or else a shared cache gives to one visitor what another asked for.

    Every sixth address, each in one of the forms, which take turns.
    """
    turns = cycle(FORMS)
    mine = [ask for ask in ASKED if ask.path.startswith("/async/") == site.is_async]
    # Django's async test client would send two hosts.
    irrelevant = {
        name: value for name, value in IRRELEVANT.items() if site.mode == "sync" or name != "host"
    }
    for asked in mine[part::24]:
        fields = {name.lower().replace("-", "_"): value for name, value in asked.headers.items()}
        fields |= {"accept": next(turns), "method": asked.method}
        plain = site.ask(asked.path, **fields)
        same = site.ask(asked.path, **irrelevant | fields)
        assert steady(same) == steady(plain)
        for name, value in (*RELEVANT, *(("accept", each) for each in FORMS)):
            other = site.ask(asked.path, **{**fields, name: value})
            if steady(other) != steady(plain):
                assert name.replace("_", "-") in vary(other) & vary(plain)


# Bounds

# What an answer may have at most, in bytes, whatever was asked. Of errors in what was sent there
# may be more to say: see `test_the_answer_is_bounded` for REST framework.
LONGEST_CONTENT = 64 * 1024
LONGEST_FIELDS = 16 * 1024

LENGTH = 64 * 1024
LONG = {
    # What is longer when it is escaped, for an address or a page.
    "escaped": "<\"'&>\xe9\u2028" * (LENGTH // 10),
    "segments": "../x/" * (LENGTH // 5),
    "placeholders": "{path}{method}" * (LENGTH // 14),
}


def check_bounds(response: HttpResponse, status: int) -> None:
    assert response.status_code == status
    assert len(response.content) <= LONGEST_CONTENT
    assert sum(len(name) + len(value) + 4 for name, value in response.items()) <= LONGEST_FIELDS


@sync
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("kind", ADDRESSES)
def test_an_answer_is_bounded(site: Site, kind: str) -> None:
    """Each address in one of the forms, with one of the payloads, which take turns."""
    twin = "/async" if site.is_async and kind in ASYNC else ""
    turns = cycle(product(LONG, FORMS))
    for address, (payload, form) in zip(ADDRESSES[kind][::2], turns, strict=False):
        status = ask(site, f"{twin}{address}", HARMLESS, form).status_code
        response = ask(site, f"{twin}{address}", LONG[payload], form)
        assert response["Content-Type"].startswith(form)
        check_bounds(response, status)


@sync
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("payload", LONG)
@pytest.mark.parametrize("form", FORMS)
def test_an_answer_to_a_long_method_is_bounded(site: Site, form: str, payload: str) -> None:
    method = raw(LONG[payload]).decode("latin-1")
    for address in (site.path("raise/501"), site.path("return/405"), "/documents/1/", "/"):
        status = site.ask(address, form, "FROB").status_code
        check_bounds(site.ask(address, form, method), status)


@pytest.mark.skipif(not HAS_REST_FRAMEWORK, reason="REST framework isn't installed")
@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize("payload", LONG)
def test_an_answer_of_the_api_is_bounded(payload: str) -> None:
    """But for its pages, which are REST framework's."""
    site = Site("sync")
    for address in ("/api/plain-documents/1/", "/api/plain-documents/", "/api/crash/"):
        for method, accept in (("GET", "image/png"), ("FROB", JSON), ("POST", PROBLEM)):
            expected = ask(site, address, HARMLESS, accept, method).status_code
            response = ask(site, address, LONG[payload], accept, method)
            check_bounds(response, expected)
            method_is_long = site.ask(address, JSON, raw(LONG[payload]).decode("latin-1"))
            check_bounds(method_is_long, method_is_long.status_code)
