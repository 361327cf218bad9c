"""What a project writes, for type checkers alone: ``make lint`` checks it by mypy and pyright."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from django_http_errors.decorators import (
    accepted_media_type,
    hide_forbidden,
    login_challenge,
    reveal,
)
from django_http_errors.exceptions import Conflict, Gone, HttpError
from django_http_errors.handlers import handler429
from django_http_errors.ninja import register
from django_http_errors.problems import InvalidPart, Problem, get_problem
from django_http_errors.rest_framework import (
    ExceptionHandler,
    ProblemDetailsMixin,
    exception_handler,
    problem_details,
    to_problem,
)


@hide_forbidden
def bare(request: HttpRequest, pk: int) -> HttpResponse:
    reveal(request)
    return HttpResponse(accepted_media_type(request))


@login_challenge
def account(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


@hide_forbidden(exempt="staff")
def with_arguments(request: HttpRequest, pk: int) -> HttpResponse:
    raise Conflict("Somebody was faster.", extensions={"seat": 12})


@hide_forbidden(exempt=lambda request: request.method == "GET")
async def with_a_function(request: HttpRequest) -> HttpResponse:
    raise Gone


api = NinjaAPI()
register(api)


def use(request: HttpRequest) -> None:
    assert_type(bare(request, 1), HttpResponse)
    assert_type(account(request), HttpResponse)
    assert_type(with_arguments(request, pk=1), HttpResponse)
    assert_type(get_problem(bare(request, 1)), Problem | None)
    assert_type(HttpError("words").problem, Problem)
    assert_type(get_problem(handler429(request)), Problem | None)


class OwnHandler(ExceptionHandler):
    def handles(self) -> bool:
        return isinstance(self.exc, KeyError) or super().handles()

    def get_problem(self) -> Problem:
        return super().get_problem().replaced(code="own")

    def get_errors(self, problem: Problem) -> Sequence[InvalidPart]:
        return [each for each in super().get_errors(problem) if each.code != "minor"]

    def spell(self, names: Sequence[str]) -> Sequence[str]:
        return [name.title() for name in names]


class Switched(ProblemDetailsMixin):
    exception_handler_class = OwnHandler


@problem_details
def view_of_an_api(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def own_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponseBase | None:
    assert_type(view_of_an_api(HttpRequest()), HttpResponse)
    assert_type(exception_handler(exc, context), HttpResponseBase | None)
    return to_problem(exc, OwnHandler(exc, context).run(), context)
