"""The id that a user quotes: a proxy's if it is harmless, else one of the app's own."""

from __future__ import annotations

import logging
import re
import string
import sys
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from django_http_errors.http.request_ids import RequestIDFilter, request_id

from ..asking import FORMS, MIDDLEWARE, Site

pytestmark = pytest.mark.urls("tests.urls")

HARMLESS = string.ascii_letters + string.digits + "._+/=:@-"


@pytest.fixture(autouse=True)
def _defaults(settings: Any) -> None:
    settings.HTTP_ERRORS = {}


def sent(value: str, header: str = "X-Request-ID") -> HttpRequest:
    return RequestFactory().get("/", headers={header: value})


@pytest.mark.parametrize("make", [True, False])
@pytest.mark.parametrize(
    "value", ["a", "0", "4bf92f35-77b3", "Root=1-67891233-abc", HARMLESS, "a" * 128]
)
def test_a_harmless_id_of_a_proxy_is_the_requests(value: str, make: bool) -> None:
    request = sent(value)
    assert request_id(request, make=make) == value
    assert request_id(request) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a" * 129,
        "a b",
        "a\n",
        "a\r\nb",
        "é",
        "a\x00",
        *(f"a{each}b" for each in sorted(set(string.punctuation) - set(HARMLESS))),
    ],
)
def test_any_other_is_none(value: str) -> None:
    """It goes into a page, into a log and into mails: there is nothing to escape in it."""
    assert request_id(sent(value)) == ""
    assert re.fullmatch("[0-9a-f]{32}", request_id(sent(value), make=True))


def test_without_one_there_is_none_unless_it_is_asked_for(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert request_id(request) == ""
    made = request_id(request, make=True)
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert request_id(request) == request_id(request, make=True) == made


def test_two_requests_have_two_ids(rf: RequestFactory) -> None:
    assert request_id(rf.get("/"), make=True) != request_id(rf.get("/"), make=True)


def test_an_id_stays_whatever_becomes_of_the_header() -> None:
    request = sent("first")
    assert request_id(request) == "first"
    request.META["HTTP_X_REQUEST_ID"] = "second"
    assert request_id(request) == "first"


def test_the_header_is_a_setting(settings: Any) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID_HEADER": "X-Amzn-Trace-Id"}
    assert request_id(sent("a", "X-Amzn-Trace-Id")) == "a"
    assert request_id(sent("a")) == ""


def test_no_header_may_be_believed(settings: Any) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID_HEADER": ""}
    request = sent("a")
    request.META["HTTP_"] = ""
    assert request_id(request) == ""


# What others know. Each of the packages is asked in tests/neighbours as it is.


def own(request: HttpRequest) -> object:
    """Find what a test has put there, as a project's function would."""
    found = request.META.get("own_id")
    if isinstance(found, Exception):
        raise found
    return found


@pytest.fixture
def _own_function(settings: Any) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID": f"{__name__}.own"}


PACKAGES = ("django_guid", "log_request_id", "django_structlog", "asgi_correlation_id")


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that is imported, and says that the id is what `given` says."""
    for name in list(sys.modules):
        if name.startswith(PACKAGES):
            monkeypatch.delitem(sys.modules, name)
    kept = SimpleNamespace(get=lambda: given.value)
    modules = {
        "django_guid": {"django_guid.context": SimpleNamespace(guid=kept)},
        "log_request_id": {
            "log_request_id": SimpleNamespace(
                LOG_REQUESTS_NO_SETTING="NO_REQUEST_ID", DEFAULT_NO_REQUEST_ID="none"
            )
        },
        "django_structlog": {
            "django_structlog.middlewares": SimpleNamespace(),
            "structlog": SimpleNamespace(
                contextvars=SimpleNamespace(
                    get_contextvars=lambda: {"request_id": given.value} if given.value else {}
                )
            ),
        },
        "asgi_correlation_id": {
            "asgi_correlation_id.context": SimpleNamespace(correlation_id=kept)
        },
    }
    for name, module in modules[request.param].items():
        monkeypatch.setitem(sys.modules, name, module)
    return request.param


given = SimpleNamespace(value=None)


@pytest.fixture(autouse=True)
def _nothing_given() -> None:
    given.value = None


def asking(value: object, header: str = "") -> HttpRequest:
    """Return a request whose id is `value`, by whatever is asked."""
    given.value = value
    request = sent(header) if header else RequestFactory().get("/")
    request.id = request.META["own_id"] = value  # type: ignore[attr-defined]
    return request


def test_the_id_of_a_package_is_the_requests(package: str) -> None:
    """Rather than what came in: it is what the log shows."""
    assert request_id(asking("theirs")) == "theirs"
    assert request_id(asking("theirs", "sent")) == "theirs"
    assert request_id(asking(None, "sent")) == "sent"
    assert request_id(asking("not\nusable", "sent")) == "sent"
    assert request_id(asking(None)) == ""


def test_a_package_that_keeps_it_elsewhere_does_no_harm(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith((*PACKAGES, "structlog")):
            monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    assert request_id(asking("theirs", "sent")) == "sent"


@pytest.mark.parametrize(("settings_", "word"), [({}, "none"), ({"NO_REQUEST_ID": "-"}, "-")])
@pytest.mark.parametrize("package", ["log_request_id"], indirect=True)
def test_its_word_for_no_id_is_none(
    package: str, settings_: dict[str, str], word: str, settings: Any
) -> None:
    for name, value in settings_.items():
        setattr(settings, name, value)
    assert request_id(asking(word)) == ""
    assert request_id(asking(word, "sent")) == "sent"


@pytest.mark.usefixtures("_own_function")
def test_what_the_setting_names_goes_first(package: str) -> None:
    for value, found in (("own", "own"), (uuid.UUID(int=1), str(uuid.UUID(int=1))), (7, "7")):
        request = asking("theirs", "sent")
        request.META["own_id"] = value
        assert request_id(request) == found


@pytest.mark.usefixtures("_own_function")
@pytest.mark.parametrize("value", [None, "", "a b", "a" * 129, object(), ValueError("secret")])
def test_a_function_that_finds_none_leaves_it_to_the_others(
    value: object, own_records: list[logging.LogRecord]
) -> None:
    request = sent("sent")
    request.META["own_id"] = value
    assert request_id(request) == "sent"
    assert len(own_records) == isinstance(value, Exception)


@pytest.mark.parametrize("path", ["no.such.function", "os.sep"])
def test_a_function_that_isnt_there_is_logged_once(
    path: str, settings: Any, own_records: list[logging.LogRecord]
) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID": path}
    for _time in range(2):
        assert request_id(sent("sent")) == "sent"
    [record] = own_records
    assert record.getMessage().startswith("HTTP_ERRORS['REQUEST_ID'] can't be used: ")


def test_what_a_response_says_already_goes_before_what_came_in() -> None:
    response = HttpResponse(headers={"X-Request-ID": "said"})
    assert request_id(sent("sent"), response=response) == "said"
    assert request_id(sent("sent"), response=HttpResponse()) == "sent"
    response.headers["X-Request-ID"] = "not usable"
    assert request_id(sent("sent"), response=response) == "sent"


# On the wire: in the body, in a header and in the log.


def saying(get_response: Any) -> Any:
    """Say the id in a header of every response, as some middleware of a project does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "HTTP_SAY" in request.META:
            response.headers["X-Request-ID"] = request.META["HTTP_SAY"]
        return response

    return middleware


CRASHES = ("crash", "bare-502", "unavailable")


def test_one_that_was_made_is_sent(site: Site, records: list[logging.LogRecord]) -> None:
    for name in CRASHES:
        for form in FORMS:
            records.clear()
            response = site.get(name, form)
            made = response.headers["X-Request-ID"]
            assert re.fullmatch("[0-9a-f]{32}", made)
            assert response.problem.request_id == made
            assert made.encode() in response.content
            [logged] = records
            assert shown(logged).splitlines()[0] == made


def test_one_that_wasnt_made_is_sent_by_who_gave_it(site: Site) -> None:
    for name in CRASHES:
        response = site.get(name, x_request_id="proxys")
        assert response.problem.request_id == "proxys"
        assert "X-Request-ID" not in response.headers
    assert "X-Request-ID" not in site.get("gone").headers


def test_it_is_sent_in_the_header_of_the_setting(site: Site, settings: Any) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID_HEADER": "Correlation-ID"}
    response = site.get("crash")
    assert response.headers["Correlation-ID"] == response.problem.request_id
    settings.HTTP_ERRORS = {"REQUEST_ID_HEADER": ""}
    response = site.get("crash")
    assert response.problem.request_id not in response.headers.values()


@pytest.mark.parametrize("name", CRASHES)
def test_what_middleware_says_is_the_only_one(site: Site, name: str, settings: Any) -> None:
    """Standing inside, it says what is shown too."""
    settings.MIDDLEWARE = [MIDDLEWARE, f"{__name__}.saying"]
    response = site.get(name, say="theirs")
    assert response.headers["X-Request-ID"] == "theirs"
    if name == "bare-502":
        assert response.problem.request_id == "theirs"
    settings.MIDDLEWARE = [f"{__name__}.saying", MIDDLEWARE]
    response = site.get(name, say="theirs")
    assert response.headers["X-Request-ID"] == "theirs"


def record(**attributes: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": "message", **attributes})


def shown(record: logging.LogRecord) -> str:
    assert RequestIDFilter().filter(record) is True
    return logging.Formatter("%(request_id)s").format(record)


def test_the_log_shows_the_id_that_the_user_was_told(rf: RequestFactory) -> None:
    request = rf.get("/")
    told = request_id(request, make=True)
    assert shown(record(request=request)) == told
    assert shown(record(request=sent("proxys"))) == "proxys"


@pytest.mark.parametrize("attributes", [{}, {"request": None}, {"request": object()}])
def test_every_other_record_shows_a_dash(attributes: dict[str, object]) -> None:
    """Runserver's records have a `request` too: a socket."""
    assert shown(record(**attributes)) == "-"


def test_a_record_doesnt_give_a_request_an_id(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert shown(record(request=request)) == "-"
    assert request_id(request) == ""
