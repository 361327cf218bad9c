"""`assert_indistinguishable`: each channel that leaks is named with both values; else silence."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from unittest import TestCase

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.middleware.csrf import get_token
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from django_http_errors.core import counting
from django_http_errors.core.missing_pages import counter
from django_http_errors.handlers import handler400, handler403, handler404, handler500
from django_http_errors.models import HidingRule, MissingPage, PermanenceRule
from django_http_errors.rules import snapshot
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.test import (
    ACCEPTS,
    MOST_CHANNELS,
    Report,
    Variant,
    aassert_indistinguishable,
    assert_indistinguishable,
)

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

__all__ = ["handler400", "handler403", "handler404", "handler500"]

HIDDEN, MISSING = "/leak/here/", "/leak/gone/"
SMALL: dict[str, Any] = {
    "methods": ["GET"],
    "accepts": [None],
    "variants": [Variant("nothing else")],
    "query_strings": [""],
}


def missing(request: HttpRequest) -> HttpResponse:
    """What a 404 is here, to be changed by one thing at a time."""
    response = HttpResponse(
        f"Nothing at {request.path}.", status=404, headers={"X-One": "1", "X-Two": "2"}
    )
    if request.method == "HEAD":
        response.headers["Content-Length"] = str(len(response.content))
    return response


def _field(name: str, value: str) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        response = missing(request)
        response.headers[name] = value
        return response

    return view


def _cookie(request: HttpRequest) -> HttpResponse:
    response = missing(request)
    response.set_cookie("seen", "yes", httponly=True)
    return response


def _order(request: HttpRequest) -> HttpResponse:
    response = missing(request)
    response.headers["X-One"] = response.headers.pop("X-One")
    return response


def _reason(request: HttpRequest) -> HttpResponse:
    response = missing(request)
    response.reason_phrase = "Not For You"
    return response


def _content(text: str) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        response = missing(request)
        response.content = text
        return response

    return view


def _only(method: str, leak: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    return lambda request: leak(request) if request.method == method else missing(request)


def _if(name: str, leak: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    return lambda request: leak(request) if name in request.META else missing(request)


def _status(status: int) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        response = missing(request)
        response.status_code = status
        return response

    return view


def _login(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"/login/?next={request.path}")


def _crash(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def _longer(request: HttpRequest) -> HttpResponse:
    response = missing(request)
    response.headers["Content-Length"] = "1000"
    return response


# Each: the name of the channel, what the hidden and the missing show of it, and what leaks.
LEAKS: list[tuple[str, str, str, Callable[[HttpRequest], HttpResponse]]] = [
    ("status", "403", "404", _status(403)),
    ("status", "500", "404", _crash),
    ("reason phrase", "Not For You", "Not Found", _reason),
    ("content", "You may not.", "Nothing at {path}.", _content("You may not.")),
    ("cookie seen", "seen=yes; HttpOnly; Path=/", "(not set)", _cookie),
    ("order of the headers", "", "", _order),
    ("header X-One", "3", "1", _field("X-One", "3")),
    ("redirect target, header Location", "/login/?next={path}", "(not sent)", _login),
    *(
        (f"header {name}", value, "(not sent)", _field(name, value))
        for name, value in {
            "Allow": "GET",
            "WWW-Authenticate": "Token",
            "ETag": '"0123456789abcdef0123456789abcdef"',
            "Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT",
            "Vary": "Cookie",
            "Cache-Control": "no-cache",
            "Link": '</next/>; rel="next"',
            "Content-Disposition": "attachment",
            "Content-Language": "de",
            "Retry-After": "60",
            "X-RateLimit-Remaining": "5",
        }.items()
    ),
]


def _routes(hidden: Callable[[HttpRequest], HttpResponse]) -> list[Any]:
    return [path("leak/here/", hidden), path("leak/gone/", missing)]


urlpatterns = _routes(missing)


class Urls:
    """A URLconf with one view for what is hidden, and one for what is missing."""

    def __init__(self, hidden: Callable[..., Any], other: Callable[..., Any] = missing) -> None:
        self.urlpatterns = [path("leak/here/", hidden), path("leak/gone/", other)]


@pytest.fixture
def plain(settings: Any) -> Any:
    """A site without middleware that would fix or add something."""
    settings.MIDDLEWARE = []
    return settings


def failure(*args: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_indistinguishable(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize(("channel", "hidden", "other", "view"), LEAKS)
def test_a_channel_is_named_with_both_values(
    channel: str, hidden: str, other: str, view: Any, plain: Any
) -> None:
    plain.ROOT_URLCONF = Urls(view)
    said = failure(Client(), HIDDEN, MISSING, **SMALL)
    assert f"\n- {channel}:\n    hidden:  {hidden}" in said
    assert f"    missing: {other}" in said.partition(f"- {channel}:")[2]
    assert "shown by GET with no Accept, nothing else" in said


@pytest.mark.parametrize(
    ("view", "request_that_shows_it"),
    [
        (_only("PATCH", _status(405)), "PATCH with no Accept, nothing else"),
        (_only("FROB", _status(405)), "FROB with"),
        (_only("OPTIONS", _field("Allow", "GET")), "OPTIONS with"),
        (_only("HEAD", _longer), "HEAD with"),
        (_if("HTTP_IF_MATCH", _status(412)), "GET with no Accept, If-Match"),
        (_if("HTTP_IF_NONE_MATCH", _status(304)), "GET with no Accept, If-None-Match"),
        (_if("HTTP_RANGE", _status(206)), "GET with no Accept, Range"),
        (_if("HTTP_ACCEPT", _status(406)), "GET with Accept: text/html"),
        (
            lambda r: _status(400)(r) if r.META["QUERY_STRING"] else missing(r),
            "GET with ?format=json",
        ),
        (
            lambda r: _status(415)(r) if r.content_type == "no-type" else missing(r),
            "GET with no Accept, a bad content type",
        ),
        (
            lambda r: _status(400)(r) if r.body == b'{"title": ' else missing(r),
            "GET with no Accept, a bad body",
        ),
    ],
)
def test_the_request_that_shows_it_is_found(
    view: Any, request_that_shows_it: str, plain: Any
) -> None:
    """By any method and any variant, and by the others where one of them shows it."""
    plain.ROOT_URLCONF = Urls(view)
    options: dict[str, Any] = {"accepts": [None], "query_strings": [""], "next_url": None}
    if "Accept: " in request_that_shows_it:
        options["accepts"] = [None, "text/html"]
    if "?" in request_that_shows_it:
        del options["query_strings"]
    said = failure(Client(), HIDDEN, MISSING, **options)
    assert f"shown by {request_that_shows_it}" in said


def test_where_nothing_leaks_it_is_silent(plain: Any) -> None:
    report = assert_indistinguishable(Client(), HIDDEN, "/leak/gone/")
    assert report.probes == 9 * 7 * 2 * 10
    assert report.leaks == []


def test_lengths_of_paths_are_no_difference(settings: Any, published: Callable[[], None]) -> None:
    """The demo's pages too: they have the path several times, a nonce, and a style."""
    settings.ROOT_URLCONF = "testproject.urls"
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    published()
    for other in ("/vault/a-much-longer-address/", "/vault/é/"):
        options = {**SMALL, "methods": ["GET", "HEAD"], "accepts": ACCEPTS}
        assert_indistinguishable(Client(), "/vault/secret/", other, **options)


def test_ids_nonces_and_tokens_are_set_aside(plain: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        import secrets

        nonce, token = secrets.token_urlsafe(16), secrets.token_hex(32)
        unique = secrets.token_hex(16)
        response = HttpResponse(
            f'<style nonce="{nonce}"></style><input name="csrfmiddlewaretoken" value="{token}">'
            f"<p>{unique}</p>",
            status=404,
        )
        response.headers["X-Request-ID"] = unique
        response.headers["Date"] = unique
        response.headers["Content-Security-Policy"] = f"style-src 'nonce-{nonce}'"
        response.set_cookie("csrftoken", token, max_age=60)
        return response

    plain.ROOT_URLCONF = Urls(view, view)
    assert_indistinguishable(Client(), HIDDEN, MISSING, **SMALL)


def _form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'<input name="csrfmiddlewaretoken" value="{get_token(request)}">' * 9)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}])
def test_a_hash_of_what_is_set_aside_is_set_aside(
    order: int, headers: dict[str, str], settings: Any
) -> None:
    """As Django makes one of each page with a form, before or behind what compresses it."""
    settings.MIDDLEWARE = [
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.gzip.GZipMiddleware",
    ][::order]
    settings.ROOT_URLCONF = urls = Urls(missing)
    urls.urlpatterns.append(path("", _form))
    assert_indistinguishable(Client(), HIDDEN, MISSING, **SMALL, headers=headers)
    settings.ROOT_URLCONF = Urls(_field("ETag", '"1"'), _field("ETag", '"2"'))
    said = failure(Client(), HIDDEN, MISSING, **SMALL, headers=headers, next_url=None)
    assert "- header ETag" in said


def test_an_id_of_another_length_is_a_difference(plain: Any) -> None:
    plain.ROOT_URLCONF = Urls(_field("X-Request-ID", "123"), _field("X-Request-ID", "4567"))
    said = failure(Client(), HIDDEN, MISSING, **SMALL)
    assert "header X-Request-ID" in said


def test_a_field_can_be_ignored(plain: Any) -> None:
    plain.ROOT_URLCONF = Urls(_field("Server-Timing", "db;dur=5"))
    assert "Server-Timing" in failure(Client(), HIDDEN, MISSING, **SMALL)
    assert_indistinguishable(Client(), HIDDEN, MISSING, ignore=["server-timing"], **SMALL)


def test_the_message_is_bounded(plain: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("x" * 100_000, status=404)
        for number in range(100):
            response.headers[f"X-{number}"] = "y" * 5000
        return response

    plain.ROOT_URLCONF = Urls(view)
    said = failure(Client(), HIDDEN, MISSING, **SMALL)
    assert len(said) < 20_000
    assert said.count("\n- ") == MOST_CHANNELS + 1
    assert "more channels" in said


def test_a_cookie_of_the_one_is_not_sent_to_the_other(plain: Any) -> None:
    seen: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.COOKIES.get("seen"))
        return _cookie(request)

    plain.ROOT_URLCONF = Urls(view, view)
    client = Client()
    client.cookies["own"] = "kept"
    assert_indistinguishable(client, HIDDEN, MISSING, **SMALL)
    assert set(seen) == {None}
    assert client.cookies["own"].value == "kept"
    assert client.raise_request_exception is True


def test_queries_are_counted_and_not_asserted_unless_asked(plain: Any) -> None:
    from django.contrib.auth.models import User

    def view(request: HttpRequest) -> HttpResponse:
        User.objects.exists()
        return missing(request)

    plain.ROOT_URLCONF = Urls(view)
    report = assert_indistinguishable(Client(), HIDDEN, MISSING, queries=True, **SMALL)
    assert (report.hidden_queries, report.missing_queries) == (1, 0)
    assert report.hidden_seconds > 0 < report.missing_seconds
    assert "1 probes compared" in str(report)
    assert re.search(r"ms; 1 queries for the one, 0 for the other", str(report))
    said = failure(Client(), HIDDEN, MISSING, same_queries=True, **SMALL)
    assert "- number of queries:\n    hidden:  1 queries\n    missing: 0 queries" in said


def test_queries_are_counted_in_async_tests_too(plain: Any) -> None:
    """They are made in another thread than the one that the event loop runs in."""
    from django.contrib.auth.models import User

    def view(request: HttpRequest) -> HttpResponse:
        User.objects.exists()
        return missing(request)

    async def async_view(request: HttpRequest) -> HttpResponse:
        await User.objects.aexists()
        return missing(request)

    ask = async_to_sync(aassert_indistinguishable)
    for each in (view, async_view):
        plain.ROOT_URLCONF = Urls(each)
        report = ask(AsyncClient(), HIDDEN, MISSING, queries=True, **SMALL)
        assert (report.hidden_queries, report.missing_queries) == (1, 0)
        with pytest.raises(AssertionError, match="number of queries"):
            ask(AsyncClient(), HIDDEN, MISSING, same_queries=True, **SMALL)


@pytest.fixture
def unread(settings: Any) -> Iterator[None]:
    """A process that has read nothing yet, and asks at each error whether there is news."""
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0, "MISSING_PAGES": True}
    snapshots.forget()
    yield
    snapshots.forget()
    counter.forget()


def _not_found(request: HttpRequest) -> HttpResponse:
    raise Http404


def _looking(request: HttpRequest) -> HttpResponse:
    PermanenceRule.objects.first()
    raise Http404


def _compared(client: Any, view: Any, **options: Any) -> Report:
    with override_settings(ROOT_URLCONF=Urls(view, _not_found)):
        options = {**SMALL, "same_queries": True, **options}
        if isinstance(client, AsyncClient):
            return async_to_sync(aassert_indistinguishable)(client, HIDDEN, MISSING, **options)
        return assert_indistinguishable(client, HIDDEN, MISSING, **options)


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("has_own_edits", [False, True])
def test_a_look_for_edits_that_falls_due_is_no_query_of_a_request(
    client_class: Any, has_own_edits: bool, unread: None
) -> None:
    """Nor is what a transaction reads that has rules of its own. A view's own queries are."""
    if has_own_edits:
        PermanenceRule.objects.create(pattern="/elsewhere/")
    report = _compared(client_class(), _not_found, next_url=None)
    assert (report.hidden_queries, report.missing_queries) == (0, 0)
    with pytest.raises(AssertionError, match="hidden:  1 queries\n    missing: 0 queries"):
        _compared(client_class(), _looking)


@pytest.mark.django_db(transaction=True)
def test_writing_down_counts_is_no_query_of_a_request(
    unread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "EVERY", 0.0)
    report = _compared(Client(), _not_found)
    assert MissingPage.objects.exists()
    assert (report.hidden_queries, report.missing_queries) == (0, 0)


def test_a_question_about_an_address_is_a_query_of_its_request(
    unread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rules are too many for the memory, the database is asked for some addresses."""
    monkeypatch.setattr(snapshot, "MOST_IN_MEMORY", 0)
    PermanenceRule.objects.create(pattern=HIDDEN, valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    report = _compared(Client(), _not_found, queries=True, same_queries=False)
    assert report.hidden_queries


def test_what_is_streamed_asynchronously_is_compared(plain: Any) -> None:
    def streaming(text: str) -> Callable[..., Any]:
        async def chunks() -> AsyncIterator[bytes]:
            yield text.encode()

        async def view(request: HttpRequest) -> StreamingHttpResponse:
            return StreamingHttpResponse(chunks(), status=404)

        return view

    plain.ROOT_URLCONF = Urls(streaming("same"), streaming("same"))
    assert_indistinguishable(AsyncClient(), HIDDEN, MISSING, **SMALL)
    plain.ROOT_URLCONF = Urls(streaming("one"), streaming("two"))
    for client in (AsyncClient(), Client()):
        assert "- content" in failure(client, HIDDEN, MISSING, **SMALL)


def test_a_time_that_another_second_moves_is_no_difference(plain: Any) -> None:
    def never_cached(expires: str, max_age: int = 0) -> Callable[..., Any]:
        def view(request: HttpRequest) -> HttpResponse:
            response = missing(request)
            response.headers["Expires"] = f"Sun, 29 Nov 2026 12:00:{expires} GMT"
            response.headers["Cache-Control"] = f"max-age={max_age}, no-store"
            return response

        return view

    plain.ROOT_URLCONF = Urls(never_cached("01"), never_cached("02"))
    assert_indistinguishable(Client(), HIDDEN, MISSING, **SMALL)
    plain.ROOT_URLCONF = Urls(never_cached("01", 1), never_cached("02"))
    assert "Cache-Control" in failure(Client(), HIDDEN, MISSING, **SMALL)


def test_queries_are_none_unless_counted(plain: Any) -> None:
    report = assert_indistinguishable(Client(), HIDDEN, MISSING, **SMALL)
    assert report.hidden_queries is report.missing_queries is None


def test_an_address_is_not_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="two are needed"):
        assert_indistinguishable(Client(), HIDDEN, HIDDEN)


@pytest.mark.parametrize("client", [Client(), AsyncClient()])
def test_two_addresses_that_lead_nowhere_are_no_proof(client: Any) -> None:
    with pytest.raises(ValueError, match=r"the URLconf has neither /nowhere/ nor /no/where/"):
        assert_indistinguishable(client, "/nowhere/", "/no/where/", **SMALL)
    for one, other in ((HIDDEN, "/nowhere/"), ("/nowhere/", HIDDEN)):
        with override_settings(ROOT_URLCONF=Urls(_not_found), MIDDLEWARE=[]):
            assert_indistinguishable(client, one, other, **{**SMALL, "next_url": None})


class NoUrls:
    urlpatterns: ClassVar[list[Any]] = []


class TranslatedUrls:
    urlpatterns = i18n_patterns(*urlpatterns)


def with_its_own_urls(get_response: Any) -> Any:
    """What gives each host a URLconf, as django-hosts does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = Urls(missing)  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("urls", "middleware", "beginning", "end"),
    [
        (TranslatedUrls, "django.middleware.locale.LocaleMiddleware", "/de", "/"),
        (TranslatedUrls, "django.middleware.locale.LocaleMiddleware", "", "/"),
        (Urls(missing), "django.middleware.common.CommonMiddleware", "", ""),
        (NoUrls, f"{__name__}.with_its_own_urls", "", "/"),
    ],
)
def test_an_address_of_another_spelling_leads_somewhere(
    urls: Any, middleware: str, beginning: str, end: str, client_class: Any, settings: Any
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    settings.MIDDLEWARE, settings.ROOT_URLCONF = [middleware], urls
    one, other = (f"{beginning}{each.rstrip('/')}{end}" for each in (HIDDEN, MISSING))
    assert_indistinguishable(client_class(), one, other, **SMALL, next_url=None)


def _for_visitors(request: HttpRequest) -> HttpResponse:
    """A page that one client may see."""
    return HttpResponse("Here.") if "may" in request.COOKIES else missing(request)


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_what_one_client_sees_is_there(client_class: Any, plain: Any) -> None:
    plain.ROOT_URLCONF = Urls(_for_visitors)
    visitor = client_class()
    visitor.cookies["may"] = "yes"
    assert_indistinguishable(client_class(), HIDDEN, MISSING, visible_to=visitor, **SMALL)
    said = failure(visitor, HIDDEN, MISSING, visible_to=visitor, **SMALL)
    assert "- status:\n    hidden:  200" in said
    for other, address in ((client_class(), HIDDEN), (visitor, MISSING), (visitor, "/nowhere/")):
        with pytest.raises(ValueError, match=rf"nothing to compare: {address} answers 404"):
            assert_indistinguishable(client_class(), address, "/x/", visible_to=other, **SMALL)


def _for_editors(request: HttpRequest) -> HttpResponse:
    """A page for the token of an editor."""
    is_editor = request.headers.get("Authorization") == "Token editor"
    return HttpResponse("Here.") if is_editor else missing(request)


def test_the_headers_are_those_of_who_may_not_see_it(plain: Any) -> None:
    plain.ROOT_URLCONF = Urls(_for_editors)
    editor = Client(headers={"Authorization": "Token editor"})
    reader = {"Authorization": "Token reader"}
    assert_indistinguishable(Client(), HIDDEN, MISSING, visible_to=editor, headers=reader, **SMALL)


def middleware(get_response: Any) -> Any:
    """What answers at an address that no route leads to."""
    return lambda request: (
        _for_visitors(request) if request.path == "/files/1/" else get_response(request)
    )


def test_what_no_route_leads_to_can_be_there(settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.middleware"]
    visitor = Client()
    visitor.cookies["may"] = "yes"
    said = failure(Client(), "/files/1/", "/files/2/", visible_to=visitor, **SMALL)
    assert "- header X-One" in said


def test_an_empty_matrix_is_no_proof() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        assert_indistinguishable(Client(), HIDDEN, MISSING, methods=[])


def test_the_async_client_is_asked_from_sync_and_from_async_tests(plain: Any) -> None:
    plain.ROOT_URLCONF = Urls(_status(403))
    assert "status" in failure(AsyncClient(), HIDDEN, MISSING, **SMALL)
    with pytest.raises(AssertionError, match="status"):
        async_to_sync(aassert_indistinguishable)(AsyncClient(), HIDDEN, MISSING, **SMALL)
    plain.ROOT_URLCONF = Urls(missing)
    for report in (
        assert_indistinguishable(AsyncClient(), HIDDEN, MISSING, **SMALL),
        async_to_sync(aassert_indistinguishable)(AsyncClient(), HIDDEN, MISSING, **SMALL),
    ):
        assert isinstance(report, Report)
        assert report.probes == 1


def test_rest_frameworks_client_is_asked_as_whoever_it_is(plain: Any) -> None:
    test = pytest.importorskip("rest_framework.test")
    plain.ROOT_URLCONF = Urls(_status(403))
    assert "status" in failure(test.APIClient(), HIDDEN, MISSING, **SMALL)
    plain.ROOT_URLCONF = Urls(missing)
    assert_indistinguishable(test.APIClient(), HIDDEN, MISSING, **SMALL)


def test_unittest_takes_it_for_a_failure_and_not_for_an_error() -> None:
    assert issubclass(AssertionError, TestCase.failureException)


def test_what_is_compressed_is_compared_as_it_was(settings: Any) -> None:
    """Django makes the length of compressed content random."""
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware"]
    settings.ROOT_URLCONF = Urls(_content("x" * 500), _content("x" * 500))
    options = {**SMALL, "methods": ["GET", "HEAD"], "headers": {"Accept-Encoding": "gzip"}}
    assert_indistinguishable(Client(), HIDDEN, MISSING, **options)
    settings.ROOT_URLCONF = Urls(_content("x" * 500), _content("x" * 499 + "y"))
    assert "- content:" in failure(Client(), HIDDEN, MISSING, **options)


def test_a_404_of_djangos_is_like_another(plain: Any) -> None:
    def raising(request: HttpRequest) -> HttpResponse:
        raise Http404("secret")

    plain.ROOT_URLCONF = Urls(raising, raising)
    plain.ROOT_URLCONF.handler404 = handler404
    assert_indistinguishable(Client(), HIDDEN, MISSING, **{**SMALL, "accepts": ACCEPTS})


def test_how_sure_a_difference_of_times_is() -> None:
    from django_http_errors.test import TimeDifference

    assert TimeDifference.of([0.001] * 5) is None
    slower = TimeDifference.of([0.001 + 0.0001 * (each % 3) for each in range(20)])
    assert slower is not None
    assert slower.is_certain
    assert slower.low <= slower.median <= slower.high
    same = TimeDifference.of([0.001 * (-1) ** each for each in range(40)])
    assert same is not None
    assert not same.is_certain
    # Of 10 differences, the 2nd and the 9th are the bounds (sign test, 97.9 %).
    ten = TimeDifference.of([float(each) for each in range(10)])
    assert ten is not None
    assert (ten.low, ten.high) == (1.0, 8.0)


def _leaving_a_message(request: HttpRequest) -> HttpResponse:
    messages.info(request, "secret")
    return missing(request)


def _shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse("".join(map(str, messages.get_messages(request))))


def test_the_next_page_is_compared_too(settings: Any) -> None:
    """It shows what a view has left in the session."""
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    urls = Urls(_leaving_a_message)
    urls.urlpatterns.append(path("", _shown))
    settings.ROOT_URLCONF = urls
    with pytest.raises(AssertionError, match="the next page: content"):
        assert_indistinguishable(Client(), HIDDEN, MISSING, **SMALL)
