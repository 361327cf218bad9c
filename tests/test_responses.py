"""Which fields HTTP owes, and what a returned response says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from logging import LogRecord
from typing import Any

import html5lib
import pytest
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseGone,
    HttpResponseNotAllowed,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.test import RequestFactory, override_settings

from django_http_errors.core import pipeline
from django_http_errors.core.statuses import error_status
from django_http_errors.exceptions import (
    HttpError,
    MethodNotAllowed,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from django_http_errors.problems import Permanence, Problem, Representation
from django_http_errors.http.responses import (
    FIELDS,
    ProblemResponse,
    cache_control,
    fill,
    is_bare,
    last_resort,
    problem_of,
    set_field,
    set_fields,
)

from .asking import FORMS, HTML, JSON, PROBLEM
from .iana import ERRORS, UNREGISTERED

every_status = pytest.mark.parametrize("status", ERRORS)

LINKS = (
    '</a>; rel="alternate"; type="text/html", '
    '</b>; rel="alternate"; type="application/json"; hreflang="de", '
    '<https://court.example/>; rel="blocked-by"'
)

# What each status owes when everything is known, asked with GET.
OWED: dict[int, dict[str, str]] = {
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

ON_EVERY_ANSWER = {"Cache-Control", "X-Content-Type-Options", "Vary"}


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


def with_fields(
    problem: Problem, *, method: str = "GET", response: HttpResponse | None = None, **meta: str
) -> HttpResponse:
    """Return a response that was given the fields of `problem`, and no others."""
    if response is None:
        response = HttpResponse(status=problem.status)
        del response.headers["Content-Type"]
    set_fields(response, problem, RequestFactory().generic(method, "/", **meta))
    return response


def owed(response: HttpResponse) -> dict[str, str]:
    return {name: value for name, value in response.items() if name not in ON_EVERY_ANSWER}


@pytest.fixture(autouse=True)
def _defaults(settings: Any) -> None:
    settings.HTTP_ERRORS = {}


# --- Fields that a status owes --------------------------------------------------------------


@every_status
def test_a_status_sends_what_it_owes(status: int) -> None:
    assert owed(with_fields(full(status))) == {"Retry-After": "90", **OWED.get(status, {})}


@every_status
def test_what_isnt_known_is_not_sent(status: int) -> None:
    assert owed(with_fields(error_status(status).problem())) == ALWAYS.get(status, {})


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
def test_a_method_has_a_field_of_its_own_for_what_it_accepts(method: str, name: str | None) -> None:
    """RFC 5789, section 3.1, and the LDP's Accept-Post."""
    fields = owed(with_fields(full(415), method=method))
    also = {} if name is None else {name: "image/png, image/gif"}
    assert fields == {"Retry-After": "90", **OWED[415], **also}


def test_a_known_zero_is_sent() -> None:
    problem = dataclasses.replace(full(416), length=0, retry_after=0)
    assert owed(with_fields(problem)) == {"Content-Range": "bytes */0", "Retry-After": "0"}


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_the_settings_if_the_exception_has_none(status: int) -> None:
    with override_settings(HTTP_ERRORS={"CHALLENGES": ['Bearer realm="api"', "Basic"]}):
        response = with_fields(error_status(status).problem())
    (name,) = ALWAYS[status]
    assert response.headers[name] == 'Bearer realm="api", Basic'


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_the_response_has_stays(name: str) -> None:
    status = next(each for each in ERRORS if name in error_status(each).owes)
    response = HttpResponse(status=status, headers={name.lower(): "its own"})
    with_fields(full(status), method="POST", response=response)
    assert response.headers[name] == "its own"
    assert [each.lower() for each in response.headers].count(name.lower()) == 1


def test_a_link_quotes_what_its_quotes_hold() -> None:
    """RFC 8288, section 3: the value of `type` is a quoted-string, and a type may have some."""
    html = Representation('text/html; profile="a\\b"', "/a", 'd"e')
    link = with_fields(error_status(406).problem(available=(html,))).headers["Link"]
    assert link == (r'</a>; rel="alternate"; type="text/html; profile=\"a\\b\""; hreflang="d\"e"')


@pytest.mark.parametrize("address", ["javascript:x", '/a>; rel="stylesheet", </b'])
def test_a_link_holds_no_address_that_breaks_out_of_it(address: str) -> None:
    """A problem that was made by hand (`get_problem`) has not been through `HttpError`."""
    for problem in (
        error_status(406).problem(available=(Representation("text/html", address),)),
        error_status(451).problem(blocked_by=address),
    ):
        link = with_fields(problem).headers.get("Link", "")
        assert "javascript:" not in link
        assert link.count("<") <= 1


@pytest.mark.parametrize("name", ["Connection", "Proxy-Authenticate", "Upgrade"])
@pytest.mark.parametrize("software", ["WSGIServer/0.2", "gunicorn/23.0.0", None])
def test_wsgi_servers_are_spared_the_fields_of_the_connection(
    name: str, software: str | None
) -> None:
    """PEP 3333: they are the server's; wsgiref stops with an AssertionError."""
    status = next(each for each in ERRORS if name in error_status(each).owes)
    meta = {} if software is None else {"SERVER_SOFTWARE": software}
    assert (name in with_fields(full(status), **meta)) is (software is None)


@pytest.mark.parametrize("name", ["Connection", "proxy-authenticate", "UPGRADE", "Keep-Alive"])
def test_wsgiref_is_spared_those_of_the_exception_too(name: str) -> None:
    problem = dataclasses.replace(full(404), headers=((name, "its own"),))
    assert name not in with_fields(problem, SERVER_SOFTWARE="WSGIServer/0.2")
    assert name in with_fields(problem)


# --- Fields of the exception's --------------------------------------------------------------


def test_the_exceptions_own_fields_replace_those_of_the_response() -> None:
    problem = dataclasses.replace(
        full(401), headers=(("X-Own", "b"), ("WWW-Authenticate", "Own"), ("cache-control", "c"))
    )
    response = HttpResponse(status=401, headers={"X-Own": "a", "WWW-Authenticate": "Other"})
    with_fields(problem, response=response)
    assert response.headers["X-Own"] == "b"
    assert response.headers["WWW-Authenticate"] == "Own"
    assert response.headers["Cache-Control"] == "c"


@pytest.mark.parametrize(
    "name", ["Content-Type", "content-length", "CONTENT-ENCODING", "Transfer-Encoding"]
)
def test_what_only_the_writer_of_the_content_can_say_is_not_the_exceptions(name: str) -> None:
    response = HttpResponse(b"body", status=404, headers={"Content-Length": "4"})
    before = response.headers.get(name)
    problem = dataclasses.replace(full(404), headers=((name, "forged"),))
    with_fields(problem, response=response)
    assert response.headers.get(name) == before


@pytest.mark.parametrize(
    "value",
    [*(f"a{chr(code)}b" for code in range(32) if code != 9), "a\x7fb", "a\r\nSet-Cookie: b"],
)
def test_a_value_with_a_control_character_is_left_out_and_logged_once(
    value: str, own_records: list[LogRecord]
) -> None:
    problem = dataclasses.replace(full(401), headers=(("X-Own", value), ("X-Other", "kept")))
    response = with_fields(problem)
    assert "X-Own" not in response.headers
    assert response.headers["X-Other"] == "kept"
    assert response.headers["WWW-Authenticate"] == OWED[401]["WWW-Authenticate"]
    (record,) = own_records
    assert record.levelname == "ERROR"
    assert "X-Own" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize("name", ["Vary", "Cache-Control", "Retry-After", "allow"])
def test_no_field_of_the_exceptions_breaks_an_answer(
    name: str, own_records: list[LogRecord]
) -> None:
    """Some take another way than the rest."""
    problem = dataclasses.replace(full(405), headers=((name, "a\nb"),))
    response = with_fields(problem)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not any("\n" in value for value in response.headers.values())
    assert len(own_records) == 1


@pytest.mark.parametrize("value", ["", "a b", "tab\there", "é", "日本", "a" * 5000, "~!@#"])
def test_a_value_that_can_be_sent_is_sent(value: str, own_records: list[LogRecord]) -> None:
    response = with_fields(dataclasses.replace(full(404), headers=(("X-Own", value),)))
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
    response = with_fields(dataclasses.replace(error_status(404).problem(), headers=((name, "value"),)))
    assert owed(response) == {}
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
    with_fields(dataclasses.replace(error_status(status).problem(), **{member: value}))
    assert len(own_records) == 1


def test_a_value_that_cant_be_sent_leaves_the_one_that_is_there() -> None:
    for value in ("a\nb", "a\x00b"):
        response = HttpResponse(headers={"X-Own": "before"})
        set_field(response, "X-Own", value)
        assert response.headers["X-Own"] == "before"


# --- Fields of every answer -----------------------------------------------------------------


@every_status
def test_nothing_is_left_to_the_heuristics_of_caches(status: int) -> None:
    expected = "max-age=3600" if status == 410 else "no-store"
    response = with_fields(error_status(status).problem())
    assert response.headers["Cache-Control"] == cache_control(status) == expected
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("status", UNREGISTERED)
def test_an_unregistered_status_has_its_classes_cache_control(status: int) -> None:
    configured = {"4xx": "max-age=4", "5xx": "max-age=5"}
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": configured}):
        assert cache_control(status) == f"max-age={status // 100}"


def test_the_setting_is_by_status_and_then_by_class() -> None:
    configured = {404: "max-age=60", "4xx": "private", 503: "max-age=1"}
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": configured}):
        assert [cache_control(status) for status in (404, 403, 410, 503, 500)] == [
            *("max-age=60", "private", "max-age=3600", "max-age=1", "no-store")
        ]


def test_an_answers_own_cache_control_stays() -> None:
    response = HttpResponse(status=404, headers={"cache-control": "max-age=5"})
    assert with_fields(full(404), response=response).headers["Cache-Control"] == "max-age=5"


def test_a_cache_control_that_cant_be_sent_breaks_no_answer(own_records: list[LogRecord]) -> None:
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": {"4xx": "no-store\n"}}):
        response = with_fields(full(401))
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "\n" not in response.headers.get("Cache-Control", "")


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
    """A cache that isn't told of a field that mattered gives one visitor's answer to another."""
    response = HttpResponse(status=404, headers={} if before is None else {"Vary": before})
    problem = dataclasses.replace(full(404), headers=() if own is None else (("Vary", own),))
    more = "" if after == "*" else ", Sec-Fetch-Dest, Accept-Language"
    assert with_fields(problem, response=response).headers["Vary"] == after + more


# --- The content ----------------------------------------------------------------------------

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


def test_what_was_said_of_the_replaced_content_goes() -> None:
    response = HttpResponse(status=404, headers={**OF_THE_REPLACED, "X-Own": "kept"})
    response.set_cookie("own", "kept")
    response._has_been_logged = True  # type: ignore[attr-defined]
    problem = dataclasses.replace(full(404), language="de")
    fill(response, problem, "Größe".encode(), "text/plain")
    assert dict(response.headers) == {
        "X-Own": "kept",
        "Content-Type": "text/plain",
        "Content-Language": "de",
        "Content-Length": "7",
    }
    assert response.content == "Größe".encode()
    assert response.cookies["own"].value == "kept"
    assert response.problem is problem  # type: ignore[attr-defined]
    assert response._has_been_logged  # type: ignore[attr-defined]


@every_status
def test_a_response_takes_the_status_of_its_problem(status: int) -> None:
    response = HttpResponse(status=400)
    fill(response, error_status(status).problem(), b"body", "text/plain")
    assert response.status_code == status


def test_without_a_language_none_is_claimed() -> None:
    response = HttpResponse(status=404, headers={"Content-Language": "fr"})
    fill(response, full(404), b"body", "text/plain")
    assert "Content-Language" not in response.headers


@every_status
def test_a_door_makes_a_response_that_waits_for_its_content(status: int) -> None:
    problem = error_status(status).problem()
    response = ProblemResponse(problem, dict)
    assert (response.status_code, response.content, response.pending) == (status, b"", True)
    assert response.problem is problem
    assert response.context_maker is dict


# --- What a returned response says ----------------------------------------------------------


@every_status
def test_a_bare_response_is_its_row_of_the_catalogue(status: int) -> None:
    assert problem_of(HttpResponse(status=status)) == error_status(status).problem()


@pytest.mark.parametrize("status", UNREGISTERED)
def test_a_bare_response_keeps_an_unregistered_number(status: int) -> None:
    assert problem_of(HttpResponse(status=status)).status == status


def test_a_bare_response_says_what_it_allows_and_accepts() -> None:
    assert problem_of(HttpResponseNotAllowed(["GET", "POST"])).allow == ("GET", "POST")
    assert problem_of(HttpResponseNotAllowed([])).allow == ()
    response = HttpResponse(status=415, headers={"Accept": " image/png ,,image/gif"})
    assert problem_of(response).accept == ("image/png", "image/gif")
    assert problem_of(HttpResponse(status=405)).allow is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("999999999", 999999999), ("Sun, 06 Nov 1994 08:49:37 GMT", 0)],
)
def test_a_bare_response_says_when_to_come_back(value: str, seconds: int) -> None:
    response = HttpResponse(status=403, headers={"Retry-After": value})
    problem = problem_of(response)
    assert problem.retry_after == seconds
    assert problem.permanence is Permanence.TEMPORARY
    assert with_fields(problem, response=response).headers["Retry-After"] == value


def test_a_date_to_come_back_at_is_counted_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = problem_of(HttpResponse(status=503, headers={"Retry-After": date})).retry_after
    assert seconds is not None
    assert 3500 < seconds <= 3600


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-1", "1.5", "1e3", "²", "٣", "0x10", "9999999999", "1 2"),
        *("Sun, 31 Feb 2094 08:49:37 GMT", "2094-11-06"),
    ],
)
def test_nonsense_in_retry_after_is_no_wait(value: str) -> None:
    problem = problem_of(HttpResponse(status=410, headers={"Retry-After": value}))
    assert problem == error_status(410).problem()


def marked(**attributes: object) -> HttpResponse:
    response = HttpResponse(status=404)
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


@pytest.mark.parametrize(
    ("make", "bare"),
    [
        (lambda: HttpResponse(status=400), True),
        (lambda: HttpResponse(status=599), True),
        (HttpResponseGone, True),
        (lambda: HttpResponseNotAllowed(["GET"]), True),
        (lambda: HttpResponse(b"", content_type="image/png", status=404), True),
        (lambda: marked(errors_exempt=False), True),
        (lambda: HttpResponse(status=399), False),
        (HttpResponse, False),
        (lambda: HttpResponse(status=304), False),
        (lambda: HttpResponsePermanentRedirect("/"), False),
        (lambda: HttpResponse("own body", status=404), False),
        (lambda: HttpResponse(" ", status=404), False),
        (lambda: StreamingHttpResponse([], status=404), False),
        (lambda: FileResponse([], status=404), False),
        (lambda: marked(errors_exempt=True), False),
        (lambda: marked(problem=None), False),
    ],
)
def test_only_an_error_without_content_is_bare(
    make: Callable[[], HttpResponse], bare: bool
) -> None:
    assert is_bare(make()) is bare


# --- The last resort ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*ERRORS, *UNREGISTERED, 600, 0, -1])
@pytest.mark.parametrize("media_type", [*FORMS, "application/xml", ""])
def test_the_last_resort_is_constant_and_well_formed(status: int, media_type: str) -> None:
    body = last_resort(status, media_type)
    assert body == last_resort(status, media_type)
    assert body.isascii()
    if media_type in (JSON, PROBLEM):
        members = json.loads(body)
        assert members.pop("title")
        assert members == {"type": "about:blank", "status": status, "permanence": "unknown"}
    elif media_type == HTML:
        page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body)
        heading = page.findtext(".//h1")
        assert heading == page.findtext(".//title")
        assert heading.startswith(f"{status} ")
        assert page.find(".//meta[@name='robots']").get("content") == "noindex"
        assert page.get("lang") == "en"
    else:
        assert body.startswith(f"{status} ".encode())
        assert body.endswith(b"\n")
        assert body.count(b"\n") == 1


@pytest.mark.parametrize("media_type", FORMS)
def test_the_last_resort_has_the_phrase_of_the_status(media_type: str) -> None:
    assert b"Not Found" in last_resort(404, media_type)
    assert b"Error" in last_resort(599, media_type)


class BrokenXMLRenderer:
    media_type = "application/xml"

    def render(self, problem: Problem) -> bytes:
        raise RuntimeError("secret")


def test_the_last_resort_is_called_what_it_is(rf: RequestFactory) -> None:
    """Text that is called XML would be an error of its own."""
    renderers = [f"{__name__}.BrokenXMLRenderer"]
    with override_settings(HTTP_ERRORS={"RENDERERS": renderers}):
        response = pipeline.answer(rf.get("/"), error_status(404).problem())
    assert response.status_code == 404
    assert response.content == b"404 Not Found\n"
    assert response.headers["Content-Type"].startswith("text/plain")


# --- Fields and members ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exception", "member", "value"),
    [
        (ServiceUnavailable(headers={"Retry-After": "120"}), "retry_after", 120),
        (MethodNotAllowed(headers={"Allow": "GET, PUT"}), "allow", ["GET", "PUT"]),
        (UnsupportedMediaType(headers={"Accept": "image/png"}), "accept", ["image/png"]),
    ],
)
def test_a_field_and_its_member_say_the_same(
    exception: HttpError, member: str, value: object, rf: RequestFactory
) -> None:
    """The contract: the member comes with the field, whichever way the field was given."""
    request = rf.get("/", headers={"accept": JSON})
    response = pipeline.answer(request, exception.problem)
    (name,) = dict(exception.problem.headers)
    assert response.headers[name] == exception.problem.headers[0][1]
    assert json.loads(response.content)[member] == value
