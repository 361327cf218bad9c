"""A handler of the project's that passes its result through the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler

from django_http_errors.core.statuses import error_status
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.rest_framework import exception_handler, to_problem

from ..asking import HIDING_MIDDLEWARE, JSON, PROBLEM
from .conftest import COMMON, both_ways
from .views import raising

# An error as many projects write it.
STRUCTURED = {"field": None, "message": "Not on your plan", "code": 402}


class OutOfStock(Exception):
    """Known to the project's handler alone."""


class SeatTaken(exceptions.APIException):
    status_code = 409


@pytest.fixture
def ask(serve, settings) -> Callable[..., Any]:
    """Ask a view that raises what `make` returns, and whose handler is `own`, passed through."""

    def ask(make: Any, own: Any = framework_handler, middleware: Any = None, **options: Any) -> Any:
        def handler(exc: Exception, context: dict[str, Any]) -> Any:
            return to_problem(exc, own(exc, context), context)

        settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
        if middleware is not None:
            settings.MIDDLEWARE = middleware
        return serve(raising(make)).ask(**options)

    return ask


MADE: list[Callable[[], Exception]] = [
    exceptions.NotFound,
    lambda: exceptions.NotFound("No such lamp."),
    lambda: Http404("No Lamp matches the given query."),
    lambda: PermissionDenied("secret"),
    lambda: exceptions.PermissionDenied("Too much.", code="quota_exceeded"),
    lambda: exceptions.Throttled(30),
    lambda: exceptions.MethodNotAllowed("GET"),
    lambda: exceptions.ValidationError({"a": ["x"], "detail": ["y"]}),
    lambda: exceptions.ValidationError(["x", "y"]),
    lambda: SeatTaken({"seat": "12"}),
    exceptions.NotAuthenticated,
]


@both_ways
def test_a_crash_is_answered_as_the_api_answers(ask, settings, middleware: list) -> None:
    settings.HTTP_ERRORS = {}
    response = ask(ZeroDivisionError, middleware=middleware, accept="*/*")
    assert (response.status_code, response["Content-Type"]) == (500, PROBLEM)


@both_ways
@pytest.mark.parametrize("make", MADE)
def test_the_frameworks_answer_becomes_the_apps(
    ask, serve, settings, make: Any, middleware: list
) -> None:
    settings.MIDDLEWARE = middleware
    own = serve(raising(make)).ask()
    passed = ask(make)
    assert passed.status_code == own.status_code
    assert passed.json() == own.json()
    assert passed.headers == own.headers


def test_status_and_headers_stay(ask) -> None:
    """The body follows a changed status, and the headers."""

    def own(exc: Exception, context: dict[str, Any]) -> Any:
        response = framework_handler(exc, context)
        assert response is not None
        response.status_code = 503
        response["X-Own"] = "1"
        response["Retry-After"] = "60"
        response.set_cookie("seen", "1")
        return response

    response = ask(exceptions.NotFound, own)
    members = response.json()
    assert response.status_code == members["status"] == response.problem.status == 503
    assert members["title"] == "Service Unavailable"
    assert members["detail"] == str(error_status(503).detail)
    assert members["retry_after"] == 60
    assert members["permanence"] == "temporary"
    assert response["X-Own"] == "1"
    assert response["Retry-After"] == "60"
    assert response["Content-Type"] == JSON
    assert response.cookies["seen"].value == "1"
    errors = ask(lambda: exceptions.ValidationError({"a": ["x"]}), own).json()
    assert errors["errors"] == [{"detail": "x", "parameter": "a", "code": "invalid"}]
    assert errors["status"] == 503


def test_django_treats_it_as_what_it_stands_for() -> None:
    """It is logged once, and what the response holds open is closed."""
    response = Response({}, 404)
    response._has_been_logged = True  # type: ignore[attr-defined]
    response._resource_closers.append(closed := lambda: None)  # type: ignore[attr-defined]
    passed: Any = to_problem(exceptions.NotFound(), response)
    assert passed._has_been_logged
    assert closed in passed._resource_closers


def test_what_the_handler_adds_is_a_member(ask) -> None:
    """As in the example of REST framework's documentation."""

    def own(exc: Exception, context: dict[str, Any]) -> Any:
        response = framework_handler(exc, context)
        assert response is not None
        response.data["status_code"] = response.status_code
        return response

    assert ask(exceptions.NotFound, own).json()["status_code"] == 404
    members = ask(lambda: exceptions.ValidationError({"a": ["x"]}), own).json()
    assert members["status_code"] == 400
    assert "a" not in members


@pytest.mark.parametrize("make", MADE)
def test_an_envelope_of_the_handler_says_nothing_new(ask, serve, make: Any) -> None:
    """Many put the framework's answer below a name that the app has, too."""

    def own(exc: Exception, context: dict[str, Any]) -> Any:
        response = framework_handler(exc, context)
        assert response is not None
        response.data = {"errors": response.data}
        return response

    assert ask(make, own).json() == ask(make).json()


def test_words_of_the_handler(ask) -> None:
    def own(exc: Exception, context: dict[str, Any]) -> Any:
        return Response({"detail": "Look in the attic.", "code": "attic"}, 404)

    members = ask(exceptions.NotFound, own).json()
    assert (members["detail"], members["code"]) == ("Look in the attic.", "attic")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"detail": "None left.", "left": 0}, {"detail": "None left.", "left": 0}),
        ({"message": "None left."}, {"message": "None left."}),
        (["None left."], {"errors": [{"detail": "None left."}]}),
        ({"errors": {"a": ["x"]}}, {"errors": [{"detail": "x", "parameter": "a"}]}),
        ({"errors": [STRUCTURED]}, {"errors": [{"detail": "Not on your plan", "code": "402"}]}),
        ([STRUCTURED], {"errors": [{"detail": "Not on your plan", "code": "402"}]}),
        ({"errors": [{"a": ["x"]}]}, {"errors": [{"detail": "0.a: x"}]}),
        ({"code": 17, "retry_after": 5}, {"code": "17", "retry_after": 5}),
        (None, {"detail": str(error_status(409).detail)}),
        ("None left.", {"detail": str(error_status(409).detail)}),
    ],
)
def test_an_exception_that_only_the_handler_knows(ask, data: Any, expected: Any) -> None:
    def own(exc: Exception, context: dict[str, Any]) -> Any:
        return Response(data, 409) if isinstance(exc, OutOfStock) else None

    members = ask(lambda: OutOfStock("secret"), own).json()
    assert members["status"] == 409
    assert members["title"] == "Conflict"
    assert expected.items() <= members.items()


@pytest.mark.parametrize("make", [OutOfStock, exceptions.PermissionDenied])
def test_a_place_that_the_handler_states(ask, make: Any) -> None:
    error = {"detail": "x", "code": "q", "pointer": "/x/y"}

    def own(exc: Exception, context: dict[str, Any]) -> Any:
        return Response({"errors": [error]}, 409)

    assert ask(make, own, method="DELETE", body={"x": {"y": 1}}).json()["errors"] == [error]


def test_the_frameworks_words_in_an_error_of_a_fields(ask) -> None:
    """Those say which field it is about, and so something new."""

    def own(exc: Exception, context: dict[str, Any]) -> Any:
        words = str(exceptions.NotFound.default_detail)
        errors = [{"message": words}, {"field": "lamp", "message": words}]
        return Response({"errors": errors}, 404)

    assert ask(exceptions.NotFound, own).json()["errors"] == [{"detail": "lamp: Not found."}]


def test_an_answer_of_djangos(ask) -> None:
    response = ask(exceptions.NotFound, lambda exc, context: HttpResponse("own", status=410))
    assert response.status_code == response.json()["status"] == 410
    response = ask(OutOfStock, lambda exc, context: JsonResponse({"error": "x"}, status=409))
    assert response.status_code == response.json()["status"] == 409


@pytest.mark.parametrize(
    "response",
    [
        None,
        Response({"fine": True}),
        Response(status=302),
        StreamingHttpResponse([b"own"], status=404),
        exception_handler(exceptions.NotFound(), {}),
    ],
    ids=["none", "success", "redirect", "stream", "problem"],
)
def test_what_is_returned_as_it_is(response: Any) -> None:
    assert to_problem(exceptions.NotFound(), response) is response


@pytest.mark.django_db
def test_rules_and_hiding_apply(ask) -> None:
    PermanenceRule.objects.create(pattern="/api/", reason="It has ended.")
    assert ask(exceptions.NotFound).json()["detail"] == "It has ended."
    PermanenceRule.objects.all().delete()
    HidingRule.objects.create(kind="prefix", pattern="/api/")
    response = ask(exceptions.PermissionDenied, middleware=[HIDING_MIDDLEWARE, COMMON])
    assert response.status_code == response.json()["status"] == 404


def test_the_form_is_the_views(ask) -> None:
    assert ask(exceptions.NotFound, accept=f"{PROBLEM}, {JSON}")["Content-Type"] == PROBLEM
    assert ask(exceptions.NotFound, accept="text/html")["Content-Type"].startswith("text/html")
