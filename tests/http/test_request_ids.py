"""The id that a user quotes: a proxy's if it is harmless, else one of the app's own."""

from __future__ import annotations

import logging
import re
import string
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from django_http_errors.http.request_ids import RequestIDFilter, request_id

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
