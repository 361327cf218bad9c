"""Exceptions of REST framework's where no view of REST framework's answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient
from rest_framework import exceptions

from django_http_errors.core.exception_mapping import is_client_error, problem_for
from django_http_errors.core.statuses import error_status
from django_http_errors.decorators import hide_forbidden

from ..asking import HIDING_MIDDLEWARE, HTML, JSON, MIDDLEWARE
from .conftest import COMMON, Api
from .views import raising

RAISING = f"{__name__}.raising_middleware"
made: list[Callable[[], Exception]] = []


def raising_middleware(get_response: Any) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        raise made[-1]()

    return middleware


def ask(mode: str, accept: str) -> Any:
    if mode == "sync":
        return Api().ask(accept=accept)
    client = AsyncClient(raise_request_exception=False)
    return async_to_sync(client.get)("/api/", headers={"accept": accept})


class Closed(exceptions.APIException):
    status_code = 503
    default_detail = "The shop is closed."
    wait = 60


CASES: list[tuple[Callable[[], Exception], int, dict[str, Any], dict[str, str]]] = [
    (lambda: exceptions.Throttled(30), 429, {"retry_after": 30}, {"Retry-After": "30"}),
    (exceptions.NotFound, 404, {"detail": str(error_status(404).detail)}, {}),
    (lambda: exceptions.NotFound("No such lamp."), 404, {"detail": "No such lamp."}, {}),
    (
        lambda: exceptions.PermissionDenied("Too much.", code="quota_exceeded"),
        403,
        {"detail": "Too much.", "code": "quota_exceeded"},
        {},
    ),
    (exceptions.NotAuthenticated, 401, {}, {"WWW-Authenticate": "Own"}),
    (
        lambda: exceptions.ValidationError({"a": ["x"]}),
        400,
        {"errors": [{"detail": "x", "pointer": "/a", "code": "invalid"}]},
        {},
    ),
    (Closed, 503, {"detail": "The shop is closed.", "retry_after": 60}, {"Retry-After": "60"}),
    (exceptions.APIException, 500, {"detail": str(error_status(500).detail)}, {}),
]


@pytest.mark.parametrize("where", ["view", "middleware"])
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("make", "status", "members", "headers"), CASES)
def test_it_has_its_status_words_and_headers(
    serve, settings, make: Any, status: int, members: Any, headers: Any, mode: str, where: str
) -> None:
    settings.HTTP_ERRORS = {"CHALLENGES": ["Own"]}

    def view(request: HttpRequest) -> HttpResponse:
        raise make()

    serve(view)
    if where == "middleware":
        made.append(make)
        settings.MIDDLEWARE = [RAISING, COMMON, MIDDLEWARE]
    response = ask(mode, JSON)
    assert response.status_code == response.json()["status"] == status
    assert members.items() <= response.json().items()
    assert headers.items() <= response.headers.items()
    assert f"{status}" in ask(mode, HTML).content.decode()


@pytest.mark.parametrize(("make", "status", "members", "headers"), CASES)
def test_a_client_error_is_no_crash(
    serve, make: Any, status: int, members: Any, headers: Any, signals: list
) -> None:
    """A server error is one: what tracks errors hears of it."""

    def view(request: HttpRequest) -> HttpResponse:
        raise make()

    assert serve(view).ask().status_code == status
    assert len(signals) == (1 if status >= 500 else 0)


@pytest.mark.parametrize("status", [200, 302, "404", None, 700])
def test_what_has_no_status_of_an_error_is_a_crash(serve, status: Any, own_records: list) -> None:
    class Own(exceptions.APIException):
        status_code = status
        default_detail = "secret"

    def view(request: HttpRequest) -> HttpResponse:
        raise Own

    response = serve(view).ask()
    assert response.status_code == response.json()["status"] == 500
    assert b"secret" not in response.content
    assert own_records


def test_what_can_not_be_read_has_the_words_of_its_status(serve, own_records: list) -> None:
    class Own(exceptions.APIException):
        status_code = 409

        def __init__(self) -> None:
            """Leave out what REST framework's does."""

    def view(request: HttpRequest) -> HttpResponse:
        raise Own

    assert serve(view).ask().json()["detail"] == str(error_status(409).detail)
    assert own_records


@pytest.mark.django_db
def test_it_is_hidden_as_any_other(serve, settings) -> None:
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, COMMON, MIDDLEWARE]

    @hide_forbidden
    def view(request: HttpRequest) -> HttpResponse:
        raise exceptions.PermissionDenied("Not for you.")

    response = serve(view).ask()
    assert response.status_code == response.json()["status"] == 404
    assert b"Not for you" not in response.content


class Both(exceptions.APIException, PermissionDenied):
    """Of two packages: the nearer class counts."""

    status_code = 409


class BothToo(PermissionDenied, exceptions.APIException):
    status_code = 409


def test_the_nearest_class_counts(settings) -> None:
    assert problem_for(Both()).status == 409
    assert problem_for(BothToo()).status == 403
    settings.HTTP_ERRORS = {"EXCEPTIONS": {"builtins.Exception": 503}}
    assert problem_for(Both()).status == 409
    settings.HTTP_ERRORS = {"EXCEPTIONS": {f"{__name__}.Both": 410}}
    assert problem_for(Both()).status == 410
    assert is_client_error(Both())


@pytest.mark.parametrize("in_a_view", [True, False])
def test_a_registered_status_leaves_the_rest(serve, settings, in_a_view: bool) -> None:
    """The words, errors and members that were raised to be shown stay."""
    name = "rest_framework.exceptions.ValidationError"
    settings.HTTP_ERRORS = {"EXCEPTIONS": {name: 422}}

    def view(request: HttpRequest) -> HttpResponse:
        raise exceptions.ValidationError({"a": ["x"]})

    make = raising(lambda: exceptions.ValidationError({"a": ["x"]}))
    response = serve(make if in_a_view else view).post({})
    assert response.status_code == response.json()["status"] == 422
    assert response.json()["title"] == "Unprocessable Content"
    assert response.json()["errors"] == [{"detail": "x", "pointer": "/a", "code": "invalid"}]
