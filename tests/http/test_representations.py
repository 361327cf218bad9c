"""The renderers of a site: which there are, and what each is asked for."""

from __future__ import annotations

from logging import LogRecord

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from django_http_errors.core.statuses import error_status
from django_http_errors.http.renderers import RenderInput
from django_http_errors.http.representations import renderers
from django_http_errors.http.responses import GetContext
from django_http_errors.problems import Problem

from ..asking import FORMS, HTML
from ..iana import ERRORS, HEADINGS

HERE = __name__


class CSVRenderer:
    media_type = "Text/CSV"

    def render(self, problem: Problem) -> bytes:
        return f"{problem.status} {problem.instance}\n".encode()


class PictureRenderer(CSVRenderer):
    media_type = "image/png"

    def render_request(
        self, problem: Problem, request: HttpRequest, context: GetContext
    ) -> bytes | None:
        return b"png" if request.path == "/png" else None


def given_for(problem: Problem, request: HttpRequest) -> RenderInput:
    """Return what a renderer is given by the pipeline."""
    return RenderInput(problem.translated("en"), request, request.path, "ab-12")


def test_a_site_has_the_apps_renderers_in_their_order() -> None:
    with override_settings(HTTP_ERRORS={}):
        found = renderers()
    assert list(found) == list(FORMS)
    assert [(entry.content_type, len(entry.fallbacks)) for entry in found.values()] == [
        ("text/html; charset=utf-8", 2),
        ("application/problem+json", 1),
        ("application/json", 1),
        ("text/plain; charset=utf-8", 1),
    ]


@pytest.mark.parametrize("status", ERRORS)
def test_every_renderer_tells_every_problem(status: int, rf: RequestFactory) -> None:
    with override_settings(HTTP_ERRORS={}):
        for entry in renderers().values():
            body = entry.fallbacks[-1](given_for(error_status(status).problem(), rf.get("/")))
            assert body is not None
            words = HEADINGS if entry.media_type == HTML else ERRORS
            assert words[status] in body.decode()


def test_a_project_has_renderers_of_its_own(rf: RequestFactory) -> None:
    paths = [f"{HERE}.CSVRenderer", f"{HERE}.PictureRenderer"]
    with override_settings(HTTP_ERRORS={"RENDERERS": paths}):
        table, picture = renderers().values()
    assert (table.media_type, table.content_type) == ("text/csv", "text/csv; charset=utf-8")
    assert (picture.media_type, picture.content_type) == ("image/png", "image/png")
    here, elsewhere = (
        given_for(error_status(404).problem(), rf.get(path)) for path in ("/png", "/")
    )
    (fallback,) = table.fallbacks
    assert fallback(elsewhere) == b"404 /\n"
    first, last = picture.fallbacks
    assert first(here) == b"png"
    assert first(elsewhere) is None
    assert last(elsewhere) == b"404 /\n"


@pytest.mark.parametrize("path", ["no.such.Renderer", ".relative", f"{HERE}.HERE", "json.dumps"])
def test_renderers_that_cant_be_made_are_logged_and_replaced(
    path: str, own_records: list[LogRecord]
) -> None:
    with override_settings(HTTP_ERRORS={"RENDERERS": [path]}):
        found = renderers()
    assert list(found) == list(FORMS)
    (record,) = own_records
    assert "RENDERERS" in record.getMessage()
    assert record.exc_info


def test_renderers_are_made_once() -> None:
    with override_settings(HTTP_ERRORS={"RENDERERS": [f"{HERE}.CSVRenderer"]}):
        assert renderers() is renderers()
