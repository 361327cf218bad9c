"""Responses that are made from a problem, and those of a view that get a body."""

from __future__ import annotations

import json
from collections.abc import Callable

import html5lib
import pytest
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseGone,
    HttpResponseNotAllowed,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.test import RequestFactory, override_settings

from django_http_errors.core import pipeline
from django_http_errors.core.request_info import RequestInfo
from django_http_errors.core.statuses import error_status
from django_http_errors.http.responses import (
    ErrorResponse,
    fill,
    fill_with_last_resort,
    is_bare,
    last_resort,
    problem_of,
    take_over,
)
from django_http_errors.problems import Permanence, Problem

from ..asking import FORMS, HTML, JSON, PROBLEM, send
from ..iana import ERRORS, UNREGISTERED

every_status = pytest.mark.parametrize("status", ERRORS)


@every_status
def test_a_response_is_filled_and_stays_the_same_object(status: int) -> None:
    """Django may have logged it, and must not log it again."""
    response = HttpResponse(status=400, headers={"X-Own": "kept"})
    response.set_cookie("own", "kept")
    fill(response, status, "Größe".encode())
    assert (response.status_code, response.content) == (status, "Größe".encode())
    assert response.headers["X-Own"] == "kept"
    assert response.cookies["own"].value == "kept"


@every_status
def test_an_entry_point_makes_a_response_that_waits_for_its_content(status: int) -> None:
    problem = error_status(status).problem()
    exception = ZeroDivisionError()
    response = ErrorResponse(problem, exception, dict)
    assert (response.status_code, response.content) == (status, b"")
    assert not response.is_finished
    assert response.problem is response.own_problem is problem
    assert response.raised is exception
    assert response.get_context is dict
    assert response.hides_status is None
    assert pipeline.is_unfinished(response)


def test_an_error_that_was_not_raised_has_no_exception() -> None:
    response = ErrorResponse(error_status(404).problem())
    assert response.raised is None
    assert response.get_context is None


def test_what_was_sent_is_made_for_those_who_ask(rf: RequestFactory) -> None:
    response = ErrorResponse(error_status(404).problem())
    request = rf.get("/here/")
    pipeline.finish(request, response, RequestInfo.of(request))
    assert response.is_finished
    assert response.problem.instance == "/here/"
    assert response.problem is response.problem
    assert response.own_problem.instance == ""


def test_a_finished_response_is_not_finished_again(rf: RequestFactory) -> None:
    response = pipeline.answer(rf.get("/here/"), error_status(404).problem())
    assert not pipeline.is_unfinished(response)
    assert not is_bare(response)
    content, problem = response.content, response.problem
    assert pipeline.complete(rf.get("/there/"), response) is response
    assert (response.content, response.problem) == (content, problem)


def test_a_project_may_write_to_an_answer_that_isnt_finished() -> None:
    response = ErrorResponse(error_status(404).problem())
    response.write("more")
    assert response.content == b"more"


def test_a_successor_is_not_logged_again_and_closes_what_was_open() -> None:
    closed = []
    response, successor = HttpResponse(status=403), ErrorResponse(error_status(404).problem())
    response._has_been_logged = True  # type: ignore[attr-defined]
    response._resource_closers.append(lambda: closed.append("it"))
    take_over(response, successor)
    assert successor._has_been_logged  # type: ignore[attr-defined]
    send(successor)
    assert closed == ["it"]


# --- What a returned response says ----------------------------------------------------------


@every_status
def test_a_bare_response_is_its_row_of_the_table(status: int) -> None:
    assert problem_of(HttpResponse(status=status)) == error_status(status).problem()


@pytest.mark.parametrize("status", UNREGISTERED)
def test_a_bare_response_keeps_an_unregistered_number(status: int) -> None:
    assert problem_of(HttpResponse(status=status)).status == status


def test_a_bare_response_says_what_it_allows_and_accepts() -> None:
    assert problem_of(HttpResponseNotAllowed(["GET", "POST"])).allow == ("GET", "POST")
    assert problem_of(HttpResponseNotAllowed([])).allow == ()
    response = HttpResponse(status=415, headers={"Accept": " image/png ,,image/gif"})
    assert problem_of(response).accept == ("image/png", "image/gif")
    assert problem_of(HttpResponse(status=405)).allow is None
    problem = problem_of(HttpResponse(status=403, headers={"Retry-After": "120"}))
    assert (problem.retry_after, problem.permanence) == (120, Permanence.TEMPORARY)


def marked(**attributes: object) -> HttpResponse:
    response = HttpResponse(status=404)
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


@pytest.mark.parametrize(
    ("make", "bare"),
    [
        (lambda: HttpResponse(status=400), True),
        (lambda: HttpResponse(status=599), True),
        (HttpResponseGone, True),
        (lambda: HttpResponseNotAllowed(["GET"]), True),
        (lambda: HttpResponse(b"", content_type="image/png", status=404), True),
        (lambda: marked(errors_exempt=False), True),
        (lambda: HttpResponse(status=399), False),
        (HttpResponse, False),
        (lambda: HttpResponse(status=304), False),
        (lambda: HttpResponsePermanentRedirect("/"), False),
        (lambda: HttpResponse("own body", status=404), False),
        (lambda: HttpResponse(" ", status=404), False),
        (lambda: StreamingHttpResponse([], status=404), False),
        (lambda: FileResponse([], status=404), False),
        (lambda: marked(errors_exempt=True), False),
        (lambda: marked(problem=None), False),
        (lambda: ErrorResponse(error_status(404).problem()), False),
        (lambda: TemplateResponse(RequestFactory().get("/"), "x.html", status=404), False),
    ],
)
def test_only_an_error_without_content_is_bare(
    make: Callable[[], HttpResponse], bare: bool
) -> None:
    assert is_bare(make()) is bare


# --- The last resort ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*ERRORS, *UNREGISTERED, 600, 0, -1])
@pytest.mark.parametrize("media_type", [*FORMS, "application/xml", ""])
def test_the_last_resort_is_constant_and_well_formed(status: int, media_type: str) -> None:
    body = last_resort(status, media_type)
    assert body == last_resort(status, media_type)
    assert body.isascii()
    if media_type in (JSON, PROBLEM):
        members = json.loads(body)
        assert members.pop("title")
        assert members == {"type": "about:blank", "status": status, "permanence": "unknown"}
    elif media_type == HTML:
        page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(body)
        heading = page.findtext(".//h1")
        assert heading == page.findtext(".//title")
        assert heading.startswith(f"{status} ")
        assert page.find(".//meta[@name='robots']").get("content") == "noindex"
        assert page.get("lang") == "en"
    else:
        assert body.startswith(f"{status} ".encode())
        assert body.endswith(b"\n")
        assert body.count(b"\n") == 1


@pytest.mark.parametrize("media_type", FORMS)
def test_the_last_resort_has_the_phrase_of_the_status(media_type: str) -> None:
    assert b"Not Found" in last_resort(404, media_type)
    assert b"Error" in last_resort(599, media_type)


def test_the_last_resort_takes_the_place_of_what_was_begun() -> None:
    response = HttpResponse(b"half", status=410, headers={"Content-Length": "4"})
    fill_with_last_resort(response)
    assert response.content == b"410 Gone\n"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Content-Length" not in response.headers


class BrokenXMLRenderer:
    media_type = "application/xml"

    def render(self, problem: Problem) -> bytes:
        raise RuntimeError("secret")


def test_the_last_resort_is_called_what_it_is(rf: RequestFactory) -> None:
    """Text that is called XML would be an error of its own."""
    renderers = [f"{__name__}.BrokenXMLRenderer"]
    with override_settings(HTTP_ERRORS={"RENDERERS": renderers}):
        response = pipeline.answer(rf.get("/"), error_status(404).problem())
    assert response.status_code == 404
    assert response.content == b"404 Not Found\n"
    assert response.headers["Content-Type"].startswith("text/plain")
