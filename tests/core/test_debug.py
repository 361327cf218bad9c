"""DEBUG: people keep Django's technical pages, JSON clients get the problem with a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import path
from django.utils.decorators import sync_and_async_middleware

from django_http_errors.core import debug
from django_http_errors.exceptions import Gone
from django_http_errors.handlers import handler400

from ..asking import HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site

KINDS: dict[str, tuple[int, type[Exception]]] = {
    "crash": (500, ZeroDivisionError),
    "missing": (404, Http404),
    "suspicious": (400, SuspiciousOperation),
    "gone": (410, Gone),
}


def raising(kind: type[Exception]) -> tuple[Any, Any]:
    def view(request: HttpRequest) -> HttpResponse:
        raise kind("the secret of <this>")

    async def async_view(request: HttpRequest) -> HttpResponse:
        raise kind("the secret of <this>")

    return view, async_view


urlpatterns = []
for _name, (_, _kind) in KINDS.items():
    _view, _async_view = raising(_kind)
    urlpatterns += [path(f"{_name}/", _view), path(f"async/{_name}/", _async_view)]

TECHNICAL = HttpResponse(
    "You\N{RIGHT SINGLE QUOTATION MARK}re seeing this error because you have"
    " <code>DEBUG = True</code>",
    status=404,
)


@pytest.fixture(autouse=True)
def _set_up(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.HTTP_ERRORS = {}
    settings.DEBUG = True


# --- Over the wire --------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("accept", [JSON, PROBLEM])
def test_a_json_client_is_told_of_the_exception(site: Site, name: str, accept: str) -> None:
    status, kind = KINDS[name]
    response = site.get(name, accept)
    members = response.json()
    assert (response.status_code, members["status"]) == (status, status)
    assert response.headers["Content-Type"] == accept
    told = members["debug"]
    assert set(told) == {"exception", "message", "traceback"}
    assert told["exception"] == f"{kind.__module__}.{kind.__qualname__}"
    assert told["message"] == "the secret of <this>"
    assert told["traceback"][0] == "Traceback (most recent call last):"
    assert any("test_debug.py" in line for line in told["traceback"])
    assert "secret" not in (members["detail"] if name != "gone" else "")


@pytest.mark.conformance("rfc9457-5-no-leak")
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("accept", [JSON, PROBLEM, HTML, TEXT])
def test_outside_of_debug_nobody_is(site: Site, name: str, accept: str, settings: Any) -> None:
    settings.DEBUG = False
    response = site.get(name, accept)
    assert response.status_code == KINDS[name][0]
    assert b"Traceback" not in response.content
    assert b"test_debug" not in response.content
    assert b'"debug"' not in response.content
    if name != "gone":
        assert b"secret" not in response.content


@pytest.mark.parametrize("name", ["crash", "missing", "suspicious"])
@pytest.mark.parametrize("accept", [HTML, "*/*", None])
def test_a_person_keeps_djangos_technical_page(site: Site, name: str, accept: str | None) -> None:
    response = site.get(name, accept)
    assert response.status_code == KINDS[name][0]
    assert b"DEBUG = True" in response.content
    assert response.headers["Content-Type"].startswith("text/html")
    assert not hasattr(response, "problem")


def test_an_exception_of_the_apps_has_the_apps_page(site: Site) -> None:
    response = site.get("gone", HTML)
    assert response.status_code == 410
    assert b"DEBUG = True" not in response.content
    assert b"the secret of &lt;this&gt;" in response.content


def refusing(get_response: Any, answer: Any) -> Any:
    """Return a middleware that refuses all with what `answer` makes of the exception."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            return answer(request, Gone("For good."))

    else:

        def middleware(request: HttpRequest) -> HttpResponse:
            return answer(request, Gone("For good."))

    return middleware


@sync_and_async_middleware
def raising_outside(get_response: Any) -> Any:
    def answer(request: HttpRequest, refused: Gone) -> HttpResponse:
        raise refused

    return refusing(get_response, answer)


@sync_and_async_middleware
def answering_outside(get_response: Any) -> Any:
    return refusing(get_response, handler400)


@pytest.mark.parametrize("accept", [HTML, JSON])
@pytest.mark.parametrize("is_debugging", [True, False])
def test_outside_of_the_middleware_an_exception_of_the_apps_is_djangos(
    site: Site, settings: Any, accept: str, is_debugging: bool
) -> None:
    """No handler is asked in DEBUG, and nobody is left to replace Django's page.

    A middleware that returns what the handler makes of the exception has it answered anyway.
    """
    settings.DEBUG = is_debugging
    for name, status in (("raising", 400 if is_debugging else 410), ("answering", 410)):
        settings.MIDDLEWARE = [f"{__name__}.{name}_outside", MIDDLEWARE]
        response = site.get("fine", accept)
        assert response.status_code == status
        assert (b"DEBUG = True" in response.content) == (status == 400)
        if status == 410:
            assert response.headers["Content-Type"].startswith(accept)
            assert b"For good." in response.content


def test_a_json_client_is_told_why_an_address_is_not_routed(site: Site) -> None:
    members = site.ask("/no/such/address/", JSON).json()
    assert members["status"] == 404
    assert members["debug"]["exception"] == "django.urls.exceptions.Resolver404"
    assert "crash/" in members["debug"]["message"]


def test_a_terminal_keeps_djangos_technical_text_of_a_crash(site: Site) -> None:
    response = site.get("crash", TEXT)
    assert response.status_code == 500
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"ZeroDivisionError" in response.content


def test_a_terminal_gets_no_page_for_a_missing_address(site: Site) -> None:
    """Django has its technical 404 in HTML only."""
    response = site.get("missing", TEXT)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.startswith(b"404 Not Found\n")


# --- The steps ------------------------------------------------------------------------------


def test_an_exception_is_remembered_for_its_request_alone(rf: RequestFactory) -> None:
    request, other = rf.get("/crash/"), rf.get("/crash/")
    debug.remember(request, ZeroDivisionError("it"))
    assert debug.details(request)["debug"]["message"] == "it"
    assert debug.details(other) == {}


def test_the_latest_exception_is_told(rf: RequestFactory) -> None:
    request = rf.get("/crash/")
    debug.remember(request, ZeroDivisionError("first"))
    debug.remember(request, ZeroDivisionError("second"))
    assert debug.details(request)["debug"]["message"] == "second"


def test_outside_of_debug_nothing_is_kept(rf: RequestFactory, settings: Any) -> None:
    """An exception holds the frames that it came through, and all that they held."""
    request = rf.get("/crash/")
    before = dict(vars(request))
    settings.DEBUG = False
    debug.remember(request, ZeroDivisionError("it"))
    assert vars(request) == before
    settings.DEBUG = True
    debug.remember(request, ZeroDivisionError("it"))
    settings.DEBUG = False
    assert debug.details(request) == {}


def test_without_a_request_or_an_exception_there_is_nothing_to_keep(rf: RequestFactory) -> None:
    debug.remember(None, ZeroDivisionError("it"))
    request = rf.get("/crash/")
    debug.remember(request, None)
    assert debug.details(request) == {}


def test_the_requests_own_urlconf_is_asked(rf: RequestFactory) -> None:
    request = rf.get("/crash/")
    assert debug.details(request) == {}
    request.urlconf = "tests.urls"
    assert debug.details(request) == {}
    request.path_info = "/missing/"
    assert debug.details(request)["debug"]["exception"].endswith("Resolver404")


def test_a_routed_request_has_no_routing_error(rf: RequestFactory) -> None:
    request = rf.get("/no/such/address/")
    assert "debug" in debug.details(request)
    request.resolver_match = object()  # type: ignore[assignment]
    assert debug.details(request) == {}


@pytest.mark.parametrize(
    ("response", "technical"),
    [
        (TECHNICAL, True),
        (HttpResponse(TECHNICAL.content, status=400), True),
        (HttpResponse(TECHNICAL.content, status=500), True),
        (HttpResponse(TECHNICAL.content, status=403), False),
        (HttpResponse(TECHNICAL.content, status=200), False),
        (HttpResponse("own body", status=404), False),
        (HttpResponse(status=500), False),
        (StreamingHttpResponse([TECHNICAL.content], status=404), False),
    ],
)
def test_a_technical_page_is_known_by_what_it_says(response: HttpResponse, technical: bool) -> None:
    assert debug.is_technical_page(response) is technical


def test_outside_of_debug_no_page_is_technical(settings: Any) -> None:
    settings.DEBUG = False
    assert not debug.is_technical_page(TECHNICAL)


@pytest.mark.parametrize(
    ("content_type", "media_type", "wanted"),
    [
        ("text/html; charset=utf-8", HTML, True),
        ("text/plain; charset=utf-8", HTML, True),
        ("text/plain; charset=utf-8", TEXT, True),
        ("text/html; charset=utf-8", TEXT, False),
        ("text/html; charset=utf-8", JSON, False),
        ("text/plain; charset=utf-8", PROBLEM, False),
    ],
)
def test_a_technical_page_is_for_clients_of_its_form(
    content_type: str, media_type: str, wanted: bool
) -> None:
    assert debug.is_wanted(HttpResponse(content_type=content_type), media_type) is wanted
