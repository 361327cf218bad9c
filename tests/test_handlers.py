"""The four handlers, beside and without the middleware."""

import asyncio

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import Http404
from django.test import RequestFactory, override_settings

from django_http_errors import handlers
from django_http_errors.exceptions import EXCEPTIONS, HttpError

from .asking import JSON, MIDDLEWARE, PROBLEM, Site

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


def test_the_text_of_an_exception_is_never_told(site: Site) -> None:
    request = RequestFactory().get("/x/", headers={"accept": "text/plain"})
    for handler, exception in (
        (handlers.handler404, Http404("secret")),
        (handlers.handler403, PermissionDenied("secret")),
        (handlers.handler500, RuntimeError("secret")),
    ):
        assert b"secret" not in handler(request, exception).content


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

    from django.db.backends.signals import connection_created
    from django.test import AsyncClient

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
