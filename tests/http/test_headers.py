"""Which headers HTTP demands of an error, and what a response already says by its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from logging import LogRecord
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from django_http_errors.conf import LOCALE_MIDDLEWARE
from django_http_errors.core import pipeline
from django_http_errors.core.statuses import error_status
from django_http_errors.exceptions import (
    HttpError,
    MethodNotAllowed,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from django_http_errors.http.headers import (
    HEADERS,
    below_wsgi_server,
    cache_control,
    headers_for,
    make_private,
    members_of,
    set_headers,
    vary,
)
from django_http_errors.http.shapes import FIELDS
from django_http_errors.problems import Action, Permanence, Problem, Representation

from ..asking import JSON
from ..iana import ERRORS, UNREGISTERED

every_status = pytest.mark.parametrize("status", ERRORS)

LINKS = (
    '</a>; rel="alternate"; type="text/html", '
    '</b>; rel="alternate"; type="application/json"; hreflang="de", '
    '<https://court.example/>; rel="blocked-by"'
)

# What each status requires when everything is known, asked with GET.
REQUIRED: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": 'Basic realm="a", Bearer'},
    405: {"Allow": "GET, PUT"},
    406: {"Link": LINKS},
    407: {"Proxy-Authenticate": 'Basic realm="a", Bearer'},
    415: {"Accept": "image/png, image/gif", "Accept-Encoding": "gzip, br"},
    416: {"Content-Range": "bytes */100"},
    426: {"Upgrade": "h2c, websocket", "Connection": "Upgrade"},
    451: {"Link": LINKS},
}

# What is sent even though nothing is known.
ALWAYS = {
    401: {"WWW-Authenticate": 'Session realm="site"'},
    405: {"Allow": ""},
    407: {"Proxy-Authenticate": 'Session realm="site"'},
}

CONTENT_TYPE = "text/plain; charset=utf-8"
ON_EVERY_ANSWER = {"Cache-Control", "Content-Type", "X-Content-Type-Options", "Vary"}


def full(status: int) -> Problem:
    return error_status(status).problem(
        retry_after=90,
        allow=("GET", "PUT"),
        available=(
            Representation("text/html", "/a"),
            Representation("application/json", "/b", "de"),
        ),
        accept=("image/png", "image/gif"),
        accept_encoding=("gzip", "br"),
        challenges=('Basic realm="a"', "Bearer"),
        length=100,
        upgrade=("h2c", "websocket"),
        blocked_by="https://court.example/",
    )


def with_headers(
    problem: Problem,
    *,
    method: str = "GET",
    response: HttpResponse | None = None,
    below_wsgi: bool = False,
) -> HttpResponse:
    """Return a response that was given the headers of `problem`."""
    if response is None:
        response = HttpResponse(status=problem.status)
    environ = {"REQUEST_METHOD": method, **({"SERVER_SOFTWARE": "any"} if below_wsgi else {})}
    set_headers(response, problem, headers_for(problem, CONTENT_TYPE, environ), environ)
    return response


def required(response: HttpResponse) -> dict[str, str]:
    return {name: value for name, value in response.items() if name not in ON_EVERY_ANSWER}


@pytest.fixture(autouse=True)
def _defaults(settings: Any) -> None:
    settings.HTTP_ERRORS = {}


# --- Headers that a status requires ----------------------------------------------------------


@pytest.mark.conformance("rfc9110-15.5.2-challenge")
@pytest.mark.conformance("rfc9110-15.5.6-allow")
@pytest.mark.conformance("rfc9110-15.5.14-retry-after")
@pytest.mark.conformance("rfc9110-15.5.17-content-range")
@pytest.mark.conformance("rfc9110-15.5.22-upgrade")
@pytest.mark.conformance("rfc9110-15.6.4-retry-after")
@pytest.mark.conformance("rfc7725-4-blocked-by")
@every_status
def test_a_status_sends_what_it_requires(status: int) -> None:
    assert required(with_headers(full(status))) == {"Retry-After": "90", **REQUIRED.get(status, {})}


@pytest.mark.conformance("rfc9110-11.6.1-other-statuses")
@pytest.mark.conformance("rfc9110-7.8-connection")
@pytest.mark.conformance("rfc6585-6-511-no-challenge")
@every_status
def test_what_isnt_known_is_not_sent(status: int) -> None:
    assert required(with_headers(error_status(status).problem())) == ALWAYS.get(status, {})


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("GET", None),
        ("PUT", None),
        ("DELETE", None),
        ("POST", "Accept-Post"),
        ("PATCH", "Accept-Patch"),
    ],
)
def test_a_method_has_a_header_of_its_own_for_what_it_takes(method: str, name: str | None) -> None:
    """RFC 5789, section 3.1, and the LDP's Accept-Post."""
    headers = required(with_headers(full(415), method=method))
    also = {} if name is None else {name: "image/png, image/gif"}
    assert headers == {"Retry-After": "90", **REQUIRED[415], **also}


@pytest.mark.conformance("rfc9110-15.5.17-content-range")
def test_a_known_zero_is_sent() -> None:
    problem = full(416).replaced(length=0, retry_after=0)
    assert required(with_headers(problem)) == {"Content-Range": "bytes */0", "Retry-After": "0"}


@pytest.mark.conformance("rfc9110-15.5.2-challenge")
@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_the_settings_if_the_exception_has_none(status: int) -> None:
    with override_settings(HTTP_ERRORS={"CHALLENGES": ['Bearer realm="api"', "Basic"]}):
        response = with_headers(error_status(status).problem())
    (name,) = ALWAYS[status]
    assert response.headers[name] == 'Bearer realm="api", Basic'


@pytest.mark.conformance("rfc9110-10.2.1-other-statuses")
@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_the_response_has_stays(name: str) -> None:
    status = next(each for each in ERRORS if name in error_status(each).required_headers)
    response = HttpResponse(status=status, headers={name.lower(): "its own"})
    with_headers(full(status), method="POST", response=response)
    assert response.headers[name] == "its own"
    assert [each.lower() for each in response.headers].count(name.lower()) == 1


def test_a_link_quotes_what_its_quotes_hold() -> None:
    """RFC 8288, section 3: the value of `type` is a quoted-string, and a type may have some."""
    html = Representation('text/html; profile="a\\b"', "/a", 'd"e')
    link = with_headers(error_status(406).problem(available=(html,))).headers["Link"]
    assert link == (r'</a>; rel="alternate"; type="text/html; profile=\"a\\b\""; hreflang="d\"e"')


@pytest.mark.parametrize("address", ["javascript:x", '/a>; rel="stylesheet", </b'])
def test_a_link_holds_no_address_that_breaks_out_of_it(address: str) -> None:
    """A problem that was made by hand (`get_problem`) has not been through `HttpError`."""
    for problem in (
        error_status(406).problem(available=(Representation("text/html", address),)),
        error_status(451).problem(blocked_by=address),
    ):
        link = with_headers(problem).headers.get("Link", "")
        assert "javascript:" not in link
        assert link.count("<") <= 1


@pytest.mark.parametrize("name", ["Connection", "Proxy-Authenticate", "Upgrade"])
@pytest.mark.parametrize("below_wsgi", [True, False])
def test_wsgi_servers_are_spared_the_headers_of_the_connection(name: str, below_wsgi: bool) -> None:
    """PEP 3333: they are the server's; wsgiref stops with an AssertionError."""
    status = next(each for each in ERRORS if name in error_status(each).required_headers)
    response = with_headers(full(status), below_wsgi=below_wsgi)
    assert (name in response.headers) is not below_wsgi


@pytest.mark.parametrize("name", ["Connection", "proxy-authenticate", "UPGRADE", "Keep-Alive"])
def test_wsgi_servers_are_spared_those_of_the_exception_too(name: str) -> None:
    problem = full(404).replaced(headers=((name, "its own"),))
    assert name not in with_headers(problem, below_wsgi=True).headers
    assert name in with_headers(problem).headers


@pytest.mark.parametrize("software", ["WSGIServer/0.2", "gunicorn/23.0.0", ""])
def test_a_wsgi_server_is_known_by_its_environment(software: str) -> None:
    assert below_wsgi_server({"SERVER_SOFTWARE": software})
    assert not below_wsgi_server(RequestFactory().get("/").META)


def test_links_of_actions_are_sent_whatever_the_status() -> None:
    """The replacement of a page that is gone (RFC 8288); what has no relation is for people."""
    actions = (Action("New page", "/new/", "alternate"), Action("Home", "/"))
    response = with_headers(error_status(410).problem(actions=actions))
    assert response.headers["Link"] == '</new/>; rel="alternate"'


# --- Headers of the exception's -------------------------------------------------------------


def test_the_exceptions_own_headers_replace_those_of_the_response() -> None:
    problem = full(401).replaced(
        headers=(("X-Own", "b"), ("WWW-Authenticate", "Own"), ("cache-control", "c"))
    )
    response = HttpResponse(status=401, headers={"X-Own": "a", "WWW-Authenticate": "Other"})
    with_headers(problem, response=response)
    assert response.headers["X-Own"] == "b"
    assert response.headers["WWW-Authenticate"] == "Own"
    assert response.headers["Cache-Control"] == "c"


@pytest.mark.parametrize(
    "name", ["Content-Type", "content-length", "CONTENT-ENCODING", "Transfer-Encoding"]
)
def test_what_only_the_writer_of_the_content_can_say_is_not_the_exceptions(name: str) -> None:
    response = with_headers(full(404).replaced(headers=((name, "forged"),)))
    assert response.headers.get(name) == with_headers(full(404)).headers.get(name)


@pytest.mark.conformance("rfc9110-5.5-field-values")
@pytest.mark.parametrize(
    "value",
    [*(f"a{chr(code)}b" for code in range(32) if code != 9), "a\x7fb", "a\r\nSet-Cookie: b"],
)
def test_a_value_with_a_control_character_is_left_out_and_logged_once(
    value: str, own_records: list[LogRecord]
) -> None:
    problem = full(401).replaced(headers=(("X-Own", value), ("X-Other", "kept")))
    response = with_headers(problem)
    assert "X-Own" not in response.headers
    assert response.headers["X-Other"] == "kept"
    assert response.headers["WWW-Authenticate"] == REQUIRED[401]["WWW-Authenticate"]
    (record,) = own_records
    assert record.levelname == "ERROR"
    assert "X-Own" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize("name", ["Vary", "Cache-Control", "Retry-After", "allow"])
def test_no_header_of_the_exceptions_breaks_an_answer(
    name: str, own_records: list[LogRecord]
) -> None:
    """Some take another way than the rest."""
    problem = full(405).replaced(headers=((name, "a\nb"),))
    response = with_headers(problem)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not any("\n" in value for value in response.headers.values())
    assert len(own_records) == 1


@pytest.mark.parametrize("value", ["", "a b", "tab\there", "é", "日本", "a" * 5000, "~!@#"])
def test_a_value_that_can_be_sent_is_sent(value: str, own_records: list[LogRecord]) -> None:
    response = with_headers(full(404).replaced(headers=(("X-Own", value),)))
    assert "X-Own" in response.headers
    if value.isascii():
        assert response.headers["X-Own"] == value
    # As a server sends it.
    assert "\n" not in response.headers["X-Own"].encode("latin-1").decode("latin-1")
    assert own_records == []


@pytest.mark.parametrize(
    "name", ["", "X Own", "X-Own:", "X-Own\n", "X-Öwn", "X-\x00", "(X)", "X,Y", '"X"', "日"]
)
def test_a_name_that_is_no_name_is_left_out_and_logged_once(
    name: str, own_records: list[LogRecord]
) -> None:
    """RFC 9110, section 5.1: a token. gunicorn answers any other with a blank 500."""
    response = with_headers(error_status(404).problem().replaced(headers=((name, "value"),)))
    assert required(response) == {}
    assert len(own_records) == 1


@pytest.mark.parametrize(
    ("status", "member", "value"),
    [
        (401, "challenges", ("Basic\n",)),
        (405, "allow", ("GET\r\n",)),
        (415, "accept", ("text/plain\x00",)),
        (426, "upgrade", ("h2c\x7f",)),
    ],
)
def test_a_member_that_cant_be_sent_is_left_out_and_logged(
    status: int, member: str, value: tuple[str], own_records: list[LogRecord]
) -> None:
    with_headers(error_status(status).problem().replaced(**{member: value}))
    assert len(own_records) == 1


@pytest.mark.conformance("rfc9110-15.5.2-challenge")
@pytest.mark.parametrize(
    ("status", "member", "values", "header", "sent"),
    [
        (401, "challenges", ("Basic\n", "Bearer"), "WWW-Authenticate", "Bearer"),
        (401, "challenges", ("Basic\n",), "WWW-Authenticate", 'Session realm="site"'),
        (401, "challenges", ("日本",), "WWW-Authenticate", 'Session realm="site"'),
        (407, "challenges", ("Basic\n",), "Proxy-Authenticate", 'Session realm="site"'),
        (405, "allow", ("GET", "P\nUT"), "Allow", "GET"),
        (405, "allow", ("P\nUT",), "Allow", ""),
        (415, "accept", ("a/b", "c/d\x00"), "Accept", "a/b"),
        (
            406,
            "available",
            (Representation("text/html\n", "/a"), Representation("a/b", "/b")),
            "Link",
            '</b>; rel="alternate"; type="a/b"',
        ),
    ],
)
def test_an_element_that_cant_be_sent_takes_no_other_with_it(
    status: int,
    member: str,
    values: tuple[Any],
    header: str,
    sent: str,
    own_records: list[LogRecord],
) -> None:
    """A 401 without a challenge and a 405 without Allow are none."""
    response = with_headers(error_status(status).problem().replaced(**{member: values}))
    assert response.headers[header] == sent
    assert len(own_records) == 1


def test_a_value_is_sent_without_the_blanks_around_it() -> None:
    """RFC 9110, section 5.5: they are no part of it; h11 raises instead of sending them."""
    response = with_headers(full(404).replaced(headers=(("X-Own", " a b\t"),)))
    assert response.headers["X-Own"] == "a b"


def test_a_value_that_cant_be_sent_leaves_the_one_that_is_there() -> None:
    for value in ("a\nb", "a\x00b"):
        response = HttpResponse(headers={"X-Own": "before"})
        with_headers(full(404).replaced(headers=(("X-Own", value),)), response=response)
        assert response.headers["X-Own"] == "before"


# --- Headers of every answer ----------------------------------------------------------------


@pytest.mark.conformance("rfc9110-15.1-explicit-caching")
@pytest.mark.conformance("rfc6585-no-store")
@pytest.mark.conformance("rfc8470-5.2-not-cacheable")
@every_status
def test_nothing_is_left_to_the_heuristics_of_caches(status: int) -> None:
    response = with_headers(error_status(status).problem())
    assert response.headers["Cache-Control"] == cache_control(status) == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("status", UNREGISTERED)
def test_an_unregistered_status_has_its_classes_cache_control(status: int) -> None:
    configured = {"4xx": "max-age=4", "5xx": "max-age=5"}
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": configured}):
        assert cache_control(status) == f"max-age={status // 100}"


def test_the_setting_is_by_status_and_then_by_class() -> None:
    configured = {404: "max-age=60", "4xx": "private", 503: "max-age=1", 410: "max-age=3600"}
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": configured}):
        assert [cache_control(status) for status in (404, 403, 410, 503, 500)] == [
            *("max-age=60", "private", "max-age=3600", "max-age=1", "no-store")
        ]


def test_an_answers_own_cache_control_stays() -> None:
    response = HttpResponse(status=404, headers={"cache-control": "max-age=5"})
    assert with_headers(full(404), response=response).headers["Cache-Control"] == "max-age=5"


def test_settings_that_cant_be_sent_leave_the_defaults_in_force(
    own_records: list[LogRecord],
) -> None:
    """A 404 without Cache-Control may be stored, and a 401 without a challenge is none."""
    configured = {"CACHE_CONTROL": {"4xx": "max-age=5\n"}, "CHALLENGES": ["Basic\n"]}
    with override_settings(HTTP_ERRORS=configured):
        response = with_headers(error_status(401).problem())
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["WWW-Authenticate"] == ALWAYS[401]["WWW-Authenticate"]
    assert own_records == []


@pytest.mark.parametrize(
    ("before", "own", "after"),
    [
        (None, None, "Accept"),
        ("Cookie", None, "Cookie, Accept"),
        ("accept", None, "accept"),
        ("*", None, "*"),
        (None, "Origin", "Origin, Accept"),
        ("Cookie", "Origin", "Cookie, Origin, Accept"),
        ("Cookie, Origin", "origin", "Cookie, Origin, Accept"),
    ],
)
def test_vary_grows_and_loses_nothing(before: str | None, own: str | None, after: str) -> None:
    """A cache that isn't told of a header that mattered gives one visitor's answer to another."""
    response = HttpResponse(status=404, headers={} if before is None else {"Vary": before})
    problem = full(404).replaced(headers=() if own is None else (("Vary", own),))
    found = with_headers(problem, response=response).headers["Vary"].split(", ")
    others = [each for each in vary() if each != "Accept" and each not in after.split(", ")]
    assert found == [*after.split(", "), *([] if after == "*" else others)]


@pytest.mark.conformance("rfc9110-12.5.5-vary")
@pytest.mark.parametrize(
    ("middleware", "header", "names"),
    [
        ([], "", ("Accept", "Sec-Fetch-Dest", *FIELDS)),
        ([], "X-Id", ("Accept", "Sec-Fetch-Dest", *FIELDS, "X-Id")),
        (
            [LOCALE_MIDDLEWARE],
            "",
            ("Accept", "Sec-Fetch-Dest", *FIELDS, "Accept-Language", "Cookie"),
        ),
    ],
)
def test_vary_is_constant_for_a_site(
    middleware: list[str], header: str, names: tuple[str, ...]
) -> None:
    """A cache that learned of a header only from those who sent it would mix up their answers."""
    configured = {"REQUEST_ID_HEADER": header}
    with override_settings(MIDDLEWARE=middleware, HTTP_ERRORS=configured):
        assert vary() == names
        for status in (404, 500):
            assert with_headers(full(status)).headers["Vary"] == ", ".join(names)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "private"),
        ("no-store", "no-store"),
        ("max-age=60", "max-age=60, private"),
        ("public, max-age=60", "max-age=60, private"),
        ("private", "private"),
    ],
)
def test_what_shows_something_of_its_visitor_is_not_stored_for_others(
    before: str | None, after: str
) -> None:
    response = HttpResponse(headers={} if before is None else {"Cache-Control": before})
    make_private(response)
    assert set(response.headers["Cache-Control"].split(", ")) == set(after.split(", "))


# --- The content --------------------------------------------------------------------------------

OF_THE_REPLACED = {
    "Content-Disposition": "attachment",
    "Content-Encoding": "gzip",
    "Content-Language": "fr",
    "Content-Length": "0",
    "Content-Location": "/other",
    "Content-Type": "image/png",
    "Digest": "x",
    "ETag": '"x"',
    "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Repr-Digest": "x",
    "Content-Digest": "x",
}


@pytest.mark.conformance("rfc9110-8.8-validators")
def test_what_was_said_of_the_replaced_content_goes() -> None:
    response = HttpResponse(status=404, headers={**OF_THE_REPLACED, "X-Own": "kept"})
    response.set_cookie("own", "kept")
    with_headers(error_status(404).problem(language="de"), response=response)
    assert required(response) == {"X-Own": "kept", "Content-Language": "de"}
    assert response.headers["Content-Type"] == CONTENT_TYPE
    assert response.cookies["own"].value == "kept"


@pytest.mark.conformance("rfc9110-8.5-content-language")
def test_without_a_language_none_is_claimed() -> None:
    response = HttpResponse(status=404, headers={"Content-Language": "fr"})
    assert "Content-Language" not in with_headers(full(404), response=response).headers


@pytest.mark.conformance("rfc9110-8.6-content-length")
def test_the_length_is_said_by_those_who_send_the_content() -> None:
    """Middleware that is still to come may change it."""
    assert "Content-Length" not in with_headers(full(404)).headers


# --- What a response says by its headers -----------------------------------------------------


@pytest.mark.conformance("rfc9110-10.2.3-format")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("999999999", 999999999), ("Sun, 06 Nov 1994 08:49:37 GMT", 0)],
)
@pytest.mark.parametrize("status", [403, 503])
def test_retry_after_is_read_whatever_the_status(status: int, value: str, seconds: int) -> None:
    members = members_of(status, {"Retry-After": value})
    assert members == {"retry_after": seconds, "permanence": Permanence.TEMPORARY}
    response = HttpResponse(status=status, headers={"Retry-After": value})
    problem = error_status(status).problem(**members)
    assert with_headers(problem, response=response).headers["Retry-After"] == value


def test_a_date_to_come_back_at_is_counted_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < members_of(503, {"Retry-After": date})["retry_after"] <= 3600


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-1", "1.5", "1e3", "²", "٣", "0x10", "9999999999", "1 2"),
        *("Sun, 31 Feb 2094 08:49:37 GMT", "2094-11-06"),
    ],
)
def test_nonsense_in_retry_after_is_no_wait(value: str) -> None:
    assert members_of(410, {"Retry-After": value}) == {}


@pytest.mark.parametrize("status", ERRORS)
def test_allow_and_accept_count_where_they_are_the_matter(status: int) -> None:
    """REST framework puts Allow everywhere."""
    said = members_of(status, {"Allow": "GET, ,PUT", "Accept": " image/png ,,image/gif"})
    expected = {405: {"allow": ("GET", "PUT")}, 415: {"accept": ("image/png", "image/gif")}}
    assert said == expected.get(status, {})


@pytest.mark.parametrize(
    ("said", "allow"),
    [
        ({"Access-Control-Allow-Methods": "GET, POST"}, ("GET", "POST")),
        ({"Access-Control-Allow-Methods": "GET", "Allow": "PUT"}, ("PUT",)),
        ({"Access-Control-Allow-Methods": "GET", "Allow": ""}, ()),
        ({"Access-Control-Allow-Methods": "*"}, None),
        ({"Access-Control-Allow-Methods": ""}, None),
    ],
)
def test_what_a_view_allows_scripts_of_other_sites_is_what_it_allows(
    said: dict[str, str], allow: tuple[str, ...] | None
) -> None:
    assert members_of(405, said).get("allow") == allow
    assert "allow" not in members_of(403, said)


# --- Headers and members --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exception", "member", "value"),
    [
        (ServiceUnavailable(headers={"Retry-After": "120"}), "retry_after", 120),
        (MethodNotAllowed(headers={"Allow": "GET, PUT"}), "allow", ["GET", "PUT"]),
        (UnsupportedMediaType(headers={"Accept": "image/png"}), "accept", ["image/png"]),
    ],
)
def test_a_header_and_its_member_say_the_same(
    exception: HttpError, member: str, value: object, rf: RequestFactory
) -> None:
    """The contract: the member comes with the field, whichever way the header was given."""
    request = rf.get("/", headers={"accept": JSON})
    response = pipeline.answer(request, exception.problem)
    (name,) = dict(exception.problem.headers)
    assert response.headers[name] == exception.problem.headers[0][1]
    assert json.loads(response.content)[member] == value


@pytest.mark.parametrize("skipped", [("Content-Length", "5"), ("Connection", "close")])
def test_a_header_that_is_left_out_keeps_no_other_from_being_sent(
    skipped: tuple[str, str],
) -> None:
    problem = error_status(409).problem(headers=(skipped, ("X-After", "1")))
    response = with_headers(problem, below_wsgi=True)
    assert skipped[0] not in response
    assert response["X-After"] == "1"
