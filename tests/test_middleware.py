"""Bodies for raised exceptions and returned responses, through the real handler stack."""

import gzip
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings

from django_http_errors.middleware import HttpErrorsMiddleware
from django_http_errors.models import PermanenceRule

from .asking import FORMS, HTML, JSON, MIDDLEWARE, PROBLEM, Site

pytestmark = pytest.mark.urls("tests.urls")

HERE = "tests.middleware"


@pytest.mark.conformance("rfc9110-15.5-explanation")
@pytest.mark.conformance("rfc9457-3-media-type")
@pytest.mark.conformance("rfc9457-3.1.2-status")
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("gone", 410),
        ("unavailable", 503),
        ("out-of-credit", 403),
        ("bare-400", 400),
        ("bare-403", 403),
        ("bare-405", 405),
        ("bare-410", 410),
        ("bare-429", 429),
        ("bare-502", 502),
        ("http404", 404),
        ("permission-denied", 403),
        ("bad-request", 400),
        ("suspicious", 400),
        ("data-too-big", 413),
        ("crash", 500),
    ],
)
def test_whatever_goes_wrong_is_a_problem(site: Site, name: str, status: int) -> None:
    response = site.get(name, PROBLEM)
    problem = response.json()
    assert (response.status_code, problem["status"], response.problem.status) == (status,) * 3
    assert response["Content-Type"] == PROBLEM
    assert problem["instance"] == site.path(name)
    assert "secret" not in response.content.decode()
    assert ("request_id" in problem) == (status >= 500)


@pytest.mark.parametrize("name", ["own-body", "stream", "exempt", "ok", "empty-stream"])
def test_what_is_left_alone(site: Site, name: str) -> None:
    response = site.get(name, JSON)
    assert not hasattr(response, "problem")
    assert "application" not in response["Content-Type"]
    assert "Cache-Control" not in response


def test_a_bare_response_keeps_what_it_says(site: Site) -> None:
    response = site.get("bare-403", JSON)
    assert response["X-Own"] == "kept"
    assert response.cookies["own"].value == "kept"
    assert "ETag" not in response


@pytest.mark.conformance("rfc6585-4-429-explains")
def test_a_bare_response_is_read(site: Site) -> None:
    assert site.get("bare-405", JSON).json()["allow"] == ["GET", "POST"]
    problem = site.get("bare-429", JSON).json()
    assert (problem["retry_after"], problem["permanence"]) == (60, "temporary")


def test_an_exception_of_the_projects_own_type(site: Site) -> None:
    problem = site.get("out-of-credit", JSON).json()
    assert problem["type"] == "https://example.com/problems/out-of-credit"
    assert problem["title"] == "You do not have enough credit."
    assert problem["detail"] == "Your balance is lower than the price."
    assert problem["balance"] == 30


@override_settings(
    HTTP_ERRORS={
        "EXCEPTIONS": {"tests.views.OutOfStock": 409, "tests.views.ShopClosed": 503},
    }
)
def test_registered_exceptions(site: Site, records: list, signals: list) -> None:
    """A client error is answered; a server error is signalled and logged, and then answered."""
    assert site.get("out-of-stock", JSON).status_code == 409
    assert not signals
    assert [record.exc_info for record in records] == [None]
    records.clear()
    assert site.get("shop-closed", JSON).status_code == 503
    assert len(signals) == 1
    assert len(records) == 1
    assert records[0].exc_info is not None


def test_a_group_of_one_kind_is_answered(site: Site, records: list, signals: list) -> None:
    """As tasks that run side by side raise one; of several kinds, it is a crash."""
    response = site.get("group", JSON)
    assert (response.status_code, response.json()["status"]) == (404, 404)
    assert not signals
    assert [record.exc_info for record in records] == [None]
    assert site.get("mixed-group", JSON).status_code == 500
    assert len(signals) == 1


def test_an_unregistered_exception_is_a_500(site: Site) -> None:
    assert site.get("out-of-stock", JSON).status_code == 500


@pytest.mark.parametrize("inside", ["tests.middleware.sync_only", None])
@pytest.mark.parametrize("form", [HTML, JSON])
def test_the_mode_of_the_neighbours_is_no_matter(site: Site, inside: str, form: str) -> None:
    """Under ASGI a synchronous neighbour makes the middleware run in sync mode too."""
    with override_settings(MIDDLEWARE=[MIDDLEWARE, *([inside] if inside else [])]):
        for name, status in (("gone", 410), ("http404", 404), ("crash", 500), ("ok", 200)):
            response = site.get(name, form)
            assert response.status_code == status
            assert response.content


@pytest.mark.parametrize(
    ("culprit", "status"),
    [
        ("CrashIn", 500),
        ("CrashOut", 500),
        ("MissingIn", 404),
        ("MissingOut", 404),
        ("DeniedIn", 403),
        ("DeniedOut", 403),
        ("BareIn", 429),
        ("GoneIn", 410),
        ("GoneOut", 410),
        ("UnavailableIn", 503),
    ],
)
def test_errors_of_middleware_inside(site: Site, culprit: str, status: int) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE, f"{HERE}.{culprit}"]):
        for name in ("ok", "crash"):
            response = site.get(name, JSON)
            assert response.status_code == response.json()["status"] == status


@pytest.mark.parametrize(
    ("culprit", "status"),
    [("CrashIn", 500), ("CrashOut", 500), ("MissingOut", 404), ("DeniedOut", 403)],
)
def test_errors_of_middleware_outside(site: Site, culprit: str, status: int) -> None:
    """They come when the middleware has nothing more to finish: the handlers do it alone."""
    with override_settings(MIDDLEWARE=[f"{HERE}.{culprit}", MIDDLEWARE]):
        for name in ("ok", "crash", "gone"):
            response = site.get(name, JSON)
            assert response.status_code == response.json()["status"] == status


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("culprit", "status"),
    [("GoneIn", 410), ("GoneOut", 410), ("UnavailableIn", 503), ("UnavailableOut", 503)],
)
def test_an_exception_of_the_apps_in_middleware_outside(
    site: Site, culprit: str, status: int, form: str, signals: list, records: list
) -> None:
    """It is answered with its own status, and nothing takes it for a crash."""
    with override_settings(MIDDLEWARE=[f"{HERE}.{culprit}", MIDDLEWARE]):
        response = site.get("ok", form)
    assert response.status_code == response.problem.status == status
    assert response["Content-Type"].startswith(form)
    assert "secret" in response.content.decode(), "what it was given is meant to be shown"
    assert signals == []
    assert [each.status_code for each in records] == [status]


def test_a_bare_response_of_middleware_outside_stays_as_it_is(site: Site) -> None:
    """A page could not be rendered there as inside; and it may be meant so."""
    with override_settings(MIDDLEWARE=[f"{HERE}.BareIn", MIDDLEWARE]):
        response = site.get("ok", JSON)
    assert (response.status_code, response.content) == (429, b"")
    assert not hasattr(response, "problem")


def test_twice_is_no_harm(site: Site) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE, MIDDLEWARE]):
        assert site.get("bare-405", JSON).json()["allow"] == ["GET", "POST"]
        assert site.get("http404", JSON).json()["status"] == 404


def test_it_is_sync_or_async_as_what_it_wraps() -> None:
    async def get_response(request: object) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(HttpErrorsMiddleware(get_response))
    assert not iscoroutinefunction(HttpErrorsMiddleware(lambda request: HttpResponse()))


@pytest.mark.conformance("rfc9110-9.3.2-head")
def test_head_has_the_fields_of_get(site: Site) -> None:
    for name in ("http404", "gone", "bare-405", "crash"):
        get, head = (
            site.get(name, HTML, method=method, x_request_id="5") for method in ("GET", "HEAD")
        )
        assert head.content == b""
        for response in (get, head):
            del response.headers["Content-Security-Policy"]  # it has a nonce
        assert head.headers == get.headers


def test_middleware_that_changes_the_content_sees_the_answer(site: Site) -> None:
    """The length is said by Django's middleware, when the content is what will be sent."""
    around = ["django.middleware.common.CommonMiddleware", "django.middleware.gzip.GZipMiddleware"]
    with override_settings(MIDDLEWARE=[*around, MIDDLEWARE]):
        response = site.get("http404", HTML, accept_encoding="gzip")
    assert response["Content-Encoding"] == "gzip"
    assert int(response["Content-Length"]) == len(response.content)
    assert b"<h1>Page not found</h1>" in gzip.decompress(response.content)
    assert {"Accept", "Accept-Encoding"} <= set(response["Vary"].split(", "))


SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AROUND = [SESSIONS, CSRF, AUTHENTICATION, MESSAGES]
COOKIES = "django.contrib.sessions.backends.signed_cookies"


def leaving_a_message(get_response: Any) -> Any:
    """Have something to say to the visitor, once."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "message" in request.GET:
            messages.info(request, "Saved.")
            return HttpResponse("fine")
        return get_response(request)

    return middleware


@pytest.mark.parametrize("name", ["gone", "http404", "bare-410", "nowhere", "permission-denied"])
def test_a_page_is_rendered_where_every_other_page_is(
    site: Site, name: str, project_pages: Any, settings: Any
) -> None:
    """What it asks of the session and of the CSRF token is there, and is saved."""
    settings.MIDDLEWARE, settings.SESSION_ENGINE = [*AROUND, MIDDLEWARE], COOKIES
    page = "{% csrf_token %}{{ request.session.visitor }}"
    project_pages({"4xx.html": page})
    response = site.get(name, HTML)
    assert b"csrfmiddlewaretoken" in response.content
    assert "csrftoken" in response.cookies
    assert "Cookie" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("name", ["gone", "http404", "bare-410", "nowhere"])
def test_a_message_is_shown_once(name: str, project_pages: Any, settings: Any) -> None:
    settings.MIDDLEWARE = [*AROUND, "tests.test_middleware.leaving_a_message", MIDDLEWARE]
    settings.SESSION_ENGINE = COOKIES
    processor = "django.contrib.messages.context_processors.messages"
    project_pages({"4xx.html": "{% for each in messages %}{{ each }}{% endfor %}"}, processor)
    client = Client()
    assert client.get("/?message").content == b"fine"
    found = [client.get(f"/{name}/", headers={"accept": HTML}).content for _time in range(2)]
    assert found == [b"Saved.", b""]


def falling_back(get_response: Any) -> Any:
    """Answer a 404 with a page of its own, as the fallback of a single-page app does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 404:
            return HttpResponse("the app")
        return response

    return middleware


@pytest.mark.django_db
def test_what_answers_404s_itself_goes_first(site: Site, project_pages: Any) -> None:
    """No rule is asked then and no template rendered: there is a page."""
    PermanenceRule.objects.create(pattern=site.path("nowhere"))
    project_pages({"404.html": "{{ explode }}", "410.html": "own"})
    with override_settings(MIDDLEWARE=[MIDDLEWARE, "tests.test_middleware.falling_back"]):
        assert site.get("nowhere", HTML).content == b"the app"
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        response = site.get("nowhere", HTML)
    assert (response.status_code, response.content) == (410, b"own")
