"""The four handlers, beside and without the middleware."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import urls
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.db.backends.signals import connection_created
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, RequestFactory, override_settings
from django.views import defaults

from django_http_errors import handlers
from django_http_errors.exceptions import EXCEPTIONS, HttpError
from django_http_errors.models import PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from .asking import JSON, MIDDLEWARE, PROBLEM, Site
from .views import patterns

pytestmark = pytest.mark.urls("tests.urls")

# Each kind of outcome that Django tells anybody about.
NOTABLE = [
    "crash",
    "http404",
    "permission-denied",
    "bad-request",
    "suspicious",
    "data-too-big",
    "bare-400",
    "bare-405",
    "bare-502",
    "own-body",
    "ok",
]


@pytest.mark.parametrize("handler", handlers.__all__)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"])
def test_they_take_any_method(handler: str, method: str) -> None:
    """Django calls a handler with the method of the request that failed."""
    request = RequestFactory().generic(method, "/x/")
    response = getattr(handlers, handler)(request, exception=None)
    assert response.status_code == int(handler.removeprefix("handler"))
    assert response.content


@pytest.mark.parametrize("status", sorted(EXCEPTIONS))
def test_raised_where_no_middleware_looks(site: Site, status: int, records: list) -> None:
    """Every exception of the app gets its own status from the handler that Django chooses."""
    with override_settings(MIDDLEWARE=["tests.test_handlers.raising"]):
        response = site.ask(f"/{status}/", JSON)
    assert response.status_code == response.json()["status"] == status
    assert len(records) == 1
    assert records[0].levelname == ("WARNING" if status < 500 else "ERROR")


def raising(get_response):
    """Raise the app's exception for the status that the path names."""

    def middleware(request):
        raise EXCEPTIONS[int(request.path.strip("/"))]()

    return middleware


@pytest.mark.parametrize("name", NOTABLE)
def test_signals_and_log_are_as_without_the_app(
    site: Site, name: str, records: list, signals: list
) -> None:
    """What trackers and operators see is Django's, to the letter, and once."""
    seen = []
    for urlconf, middleware in (("tests.plain_urls", []), ("tests.urls", [MIDDLEWARE])):
        records.clear()
        signals.clear()
        with override_settings(ROOT_URLCONF=urlconf, MIDDLEWARE=middleware):
            response = site.get(name, JSON)
        # Django makes a 400 of what is too large, the app the 413 that it is.
        assert all(each.status_code == response.status_code for each in records)
        seen.append(
            (
                [(each.name, each.levelname, each.getMessage()) for each in records],
                [each.exc_info and each.exc_info[0] for each in records],
                [type(each) for each in signals],
            )
        )
    assert seen[0] == seen[1]


@pytest.mark.conformance("rfc9457-3.1.4-detail")
@pytest.mark.conformance("rfc9457-5-no-leak")
def test_the_text_of_an_exception_is_never_told(site: Site) -> None:
    request = RequestFactory().get("/x/", headers={"accept": "text/plain"})
    for handler, exception in (
        (handlers.handler404, Http404("secret")),
        (handlers.handler403, PermissionDenied("secret")),
        (handlers.handler500, RuntimeError("secret")),
    ):
        assert b"secret" not in handler(request, exception).content


def test_what_is_handed_over_may_be_no_exception() -> None:
    """A package may hand over what it was about to answer, as django-axes does to a 429."""
    for given in (HttpResponse(), "too many", 429):
        response = handlers.handler429(RequestFactory().get("/", HTTP_ACCEPT=JSON), given)
        assert (response.status_code, response["Content-Type"]) == (429, JSON)


def test_handler500_finds_the_exception_that_is_being_handled() -> None:
    request = RequestFactory().get("/x/")
    try:
        raise HttpError(status=507)
    except HttpError:
        assert handlers.handler500(request).status_code == 507


@pytest.mark.parametrize("form", ["text/html", PROBLEM])
def test_a_bad_host(site: Site, form: str) -> None:
    """`get_host()` raises in the very handler that answers for the bad Host."""
    for middleware in ([], [MIDDLEWARE]):
        common = "django.middleware.common.CommonMiddleware"
        with override_settings(MIDDLEWARE=[*middleware, common]):
            response = site.ask("/ok/", form, host="evil example/..")
        assert response.status_code == 400
        assert response["Content-Type"].startswith(form)
        assert b"evil" not in response.content


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_left_open_under_asgi(project_pages) -> None:
    """Without the middleware, a handler renders in a thread whose connections nobody closes."""
    project_pages({"404.html": "{{ count }}"}, "tests.test_handlers.counting")
    opened = []

    def note(sender, connection, **kwargs):
        opened.append(connection)

    connection_created.connect(note)
    try:
        with override_settings(MIDDLEWARE=[]):
            response = asyncio.run(AsyncClient().get("/nowhere/"))
    finally:
        connection_created.disconnect(note)
    assert response.content == b"1"
    assert opened
    assert all(each.connection is None for each in opened if each is not connections["default"])


def counting(request):
    """Ask the database from a template."""

    def count() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()[0]

    return {"count": count}


# --- Which handlers a URLconf has ------------------------------------------------------------


class Urls:
    """A URLconf, with handlers of its own if need be."""

    def __init__(self, **own: Any) -> None:
        self.urlpatterns = patterns()
        vars(self).update(own)


def own(request: HttpRequest, exception: BaseException | None = None) -> HttpResponse:
    return HttpResponse("own", status=418)


BY_NAME = {"bad-request": 400, "permission-denied": 403, "http404": 404, "crash": 500}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("middleware", [[MIDDLEWARE], []])
def test_a_urlconf_without_handlers_has_the_apps(
    site: Site, name: str, middleware: list[str]
) -> None:
    status = BY_NAME[name]
    with override_settings(ROOT_URLCONF=Urls(), MIDDLEWARE=middleware):
        response = site.get(name, PROBLEM)
    assert response.status_code == response.json()["status"] == response.problem.status == status


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("middleware", [[MIDDLEWARE], []])
def test_a_urlconf_keeps_a_handler_of_its_own(site: Site, name: str, middleware: list[str]) -> None:
    """The others are the app's."""
    for each, status in BY_NAME.items():
        urls = Urls(**{f"handler{status}": own})
        with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=middleware):
            response = site.get(name, JSON)
        if each == name:
            assert (response.status_code, response.content) == (418, b"own")
        else:
            assert response.json()["status"] == BY_NAME[name]


BROUGHT = Urls()
BROUGHT_WITH_HANDLER = Urls(handler404=own, handler403=own)


def bringing(get_response: Any) -> Any:
    """Bring a URLconf with the request, as sites with a subdomain a customer do."""

    def middleware(request: HttpRequest) -> HttpResponse:
        urlconf = {"none": BROUGHT, "own": BROUGHT_WITH_HANDLER}[request.headers["X-Urlconf"]]
        request.urlconf = urlconf  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


@pytest.mark.parametrize("name", ["http404", "permission-denied", "nowhere"])
@pytest.mark.parametrize("with_middleware", [True, False])
def test_a_urlconf_that_a_request_brings(site: Site, name: str, with_middleware: bool) -> None:
    """Its handlers count, and not those of the root URLconf."""
    middleware = ["tests.test_handlers.bringing", *([MIDDLEWARE] if with_middleware else [])]
    root = Urls(handler404=own, handler403=own)
    with override_settings(ROOT_URLCONF=root, MIDDLEWARE=middleware):
        by_app = site.get(name, JSON, x_urlconf="none")
        by_own = site.get(name, JSON, x_urlconf="own")
    status = 403 if name == "permission-denied" else 404
    assert by_app.json()["status"] == by_app.status_code == status
    assert (by_own.status_code, by_own.content) == (418, b"own")


@pytest.mark.parametrize("name", BY_NAME)
def test_the_handlers_can_be_left_to_django(site: Site, name: str) -> None:
    off = {"DEFAULT_HANDLERS": False}
    with override_settings(ROOT_URLCONF=Urls(), MIDDLEWARE=[], HTTP_ERRORS=off):
        response = site.get(name, JSON)
        assert urls.handler404 is defaults.page_not_found
        assert not hasattr(response, "problem")
        assert response["Content-Type"].startswith("text/html")
        # Those that a URLconf names are its own.
        named = Urls(**{each: getattr(handlers, each) for each in handlers.__all__})
        with override_settings(ROOT_URLCONF=named):
            assert site.get(name, JSON).json()["status"] == BY_NAME[name]
    with override_settings(ROOT_URLCONF=Urls(), MIDDLEWARE=[]):
        assert site.get(name, JSON).json()["status"] == BY_NAME[name]


def test_a_default_of_the_projects_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project may have set Django's defaults itself."""
    monkeypatch.setattr(urls, "handler404", "tests.test_handlers.own")
    with override_settings(HTTP_ERRORS={}):
        assert urls.handler404 == "tests.test_handlers.own"
    with override_settings(HTTP_ERRORS={"DEFAULT_HANDLERS": False}):
        assert urls.handler404 == "tests.test_handlers.own"


@pytest.mark.django_db(transaction=True)
def test_a_handler_opens_no_connection_where_the_middleware_finishes(project_pages) -> None:
    """Django calls it in a thread of its own under ASGI; the page is rendered in the request's."""
    project_pages({"404.html": "{{ count }}"}, "tests.test_handlers.counting")
    PermanenceRule.objects.create(pattern="/elsewhere/")
    snapshots.forget()
    opened = []

    def note(sender, connection, **kwargs):
        opened.append((threading.current_thread(), connection))

    connection_created.connect(note)
    try:
        with override_settings(MIDDLEWARE=[MIDDLEWARE]):
            response = async_to_sync(AsyncClient().get)("/nowhere/")
    finally:
        connection_created.disconnect(note)
    assert response.content == b"1"
    elsewhere = [each for thread, each in opened if thread is not threading.current_thread()]
    assert all(each.connection is None for each in elsewhere)
