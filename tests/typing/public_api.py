"""What a project writes, for type checkers alone: ``make lint`` checks it by mypy and pyright."""

from __future__ import annotations

from typing import assert_type

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from django_http_errors.decorators import accepted_media_type, hide_forbidden, reveal
from django_http_errors.exceptions import Conflict, Gone, HttpError
from django_http_errors.handlers import handler429
from django_http_errors.ninja import register
from django_http_errors.problems import Problem, get_problem


@hide_forbidden
def bare(request: HttpRequest, pk: int) -> HttpResponse:
    reveal(request)
    return HttpResponse(accepted_media_type(request))


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
    assert_type(with_arguments(request, pk=1), HttpResponse)
    assert_type(get_problem(bare(request, 1)), Problem | None)
    assert_type(HttpError("words").problem, Problem)
    assert_type(get_problem(handler429(request)), Problem | None)
