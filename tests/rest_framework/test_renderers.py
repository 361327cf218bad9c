"""The view's own renderer writes the answer, and what happens when it can't."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.contrib.auth.models import Group
from rest_framework import exceptions, serializers
from rest_framework.generics import ListCreateAPIView
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.renderers import (
    AdminRenderer,
    BrowsableAPIRenderer,
    JSONRenderer,
    StaticHTMLRenderer,
    TemplateHTMLRenderer,
)
from rest_framework.response import Response

from django_http_errors.rest_framework import ProblemJSONRenderer

from ..asking import HTML, JSON, PROBLEM
from .conftest import both_ways
from .views import (
    ODD_RESULTS,
    FailingRenderer,
    LinesRenderer,
    OddRenderer,
    PlainView,
    raising,
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (JSON, JSON),
        ("application/json; indent=4", JSON),
        ("application/json, text/plain, */*", JSON),
        ("application/json, application/problem+json", PROBLEM),
        ("application/problem+json;q=0.2, application/json", JSON),
        ("*/*", PROBLEM),
        ("application/*", PROBLEM),
        ("", PROBLEM),
        (None, PROBLEM),
    ],
)
def test_the_content_type_of_json(serve, accept: str | None, form: str) -> None:
    response = serve(raising(exceptions.NotFound)).ask(accept=accept)
    # REST framework takes an empty field for one that admits nothing.
    assert response.status_code == (406 if accept == "" else 404)
    assert response["Content-Type"] == form
    assert response.json()["status"] == response.status_code


def test_json_as_the_view_writes_it(serve) -> None:
    class Own(JSONRenderer):
        def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
            return super().render({**data, "own": True}, *args, **kwargs)

    response = serve(raising(exceptions.NotFound, renderer_classes=[Own])).ask(accept=None)
    assert response["Content-Type"] == PROBLEM
    assert response.json()["own"] is True
    assert response["Content-Length"] == str(len(response.content))


class Envelope(JSONRenderer):
    """Puts everything into something of its own, as many projects do."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().render({"success": False, "data": data}, *args, **kwargs)


class StatusInside(JSONRenderer):
    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().render({"status": data["status"], "message": "No."}, *args, **kwargs)


@both_ways
@pytest.mark.parametrize("accept", [JSON, PROBLEM, None, "application/*"])
@pytest.mark.parametrize("renderer", [Envelope, StatusInside])
def test_an_envelope_is_no_problem(
    serve, settings, renderer: Any, accept: str | None, middleware: list
) -> None:
    """It stays labelled as what it is."""
    settings.MIDDLEWARE = middleware
    renderers = [renderer, type("Problems", (renderer,), {"media_type": PROBLEM})]
    response = serve(raising(exceptions.NotFound, renderer_classes=renderers)).ask(accept=accept)
    assert response.status_code == 404
    assert response["Content-Type"] == JSON
    assert "title" not in response.json()


@pytest.mark.parametrize("renderers", [[JSONRenderer], [LinesRenderer, JSONRenderer]])
def test_nothing_acceptable(serve, renderers: list[Any]) -> None:
    """The first renderer writes that."""
    response = serve(PlainView.as_view(renderer_classes=renderers)).ask(accept="image/png")
    assert response.status_code == 406
    first = renderers[0]
    assert response["Content-Type"].startswith(
        PROBLEM if first is JSONRenderer else first.media_type
    )


# ProblemJSONRenderer


@pytest.mark.parametrize("renderers", [[JSONRenderer, ProblemJSONRenderer], [ProblemJSONRenderer]])
@pytest.mark.parametrize("accept", [PROBLEM, "application/problem+json;q=0.5, text/x-own"])
def test_a_client_that_accepts_problem_details_alone(serve, renderers: Any, accept: str) -> None:
    success = serve(PlainView.as_view(renderer_classes=renderers)).ask(accept=accept)
    assert success.status_code == 200
    assert success["Content-Type"] == JSON
    assert success.json() == {"fine": True}
    error = serve(raising(exceptions.NotFound, renderer_classes=renderers)).ask(accept=accept)
    assert error.status_code == error.json()["status"] == 404
    assert error["Content-Type"] == PROBLEM


@pytest.mark.parametrize(
    ("content_type", "label"), [(None, JSON), ("application/x-own", "application/x-own")]
)
def test_an_error_that_is_no_problem(serve, content_type: str | None, label: str) -> None:
    """What a view returns itself is labelled as what it is."""

    class View(PlainView):
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response({"name": ["wrong"]}, status=400, content_type=content_type)

    response = serve(View.as_view(renderer_classes=[ProblemJSONRenderer])).ask(accept=PROBLEM)
    assert response.status_code == 400
    assert response["Content-Type"] == label
    assert response.content == b'{"name":["wrong"]}'


def test_an_answer_without_content(serve) -> None:
    class View(PlainView):
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response(status=204)

    response = serve(View.as_view(renderer_classes=[ProblemJSONRenderer])).ask(accept=PROBLEM)
    assert response.status_code == 204
    assert response.content == b""


def test_a_bare_error_without_content(serve) -> None:
    """Returned without data it is as bare as Django's own, and the middleware completes it."""

    class View(PlainView):
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response(status=409)

    response = serve(View.as_view()).ask(accept=JSON)
    assert response.status_code == response.json()["status"] == 409
    assert response["Content-Type"] == JSON


def test_rendered_without_a_view() -> None:
    assert ProblemJSONRenderer().render({"a": 1}) == b'{"a":1}'


# HTML


class Name(serializers.Serializer):
    name = serializers.CharField(max_length=3)


class Form(ListCreateAPIView):
    authentication_classes: Any = []
    permission_classes: Any = []
    parser_classes = [JSONParser, FormParser]
    pagination_class = None
    queryset = Group.objects.none()
    serializer_class = Name
    renderer_classes: Any = [JSONRenderer, BrowsableAPIRenderer]


def test_the_browsable_api(serve) -> None:
    response = serve(raising(exceptions.NotFound)).ask(accept=HTML)
    page = response.content.decode()
    assert response.status_code == 404
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "HTTP 404 Not Found" in page
    assert "&quot;permanence&quot;" in page
    assert str(response.problem.detail) in page


def test_the_page_of_the_browsable_api_shows_the_headers(serve) -> None:
    response = serve(PlainView.as_view()).ask(accept=HTML, method="DELETE")
    page = response.content.decode()
    for name in ("Allow", "Cache-Control", "Vary"):
        # It has a form, and what its token adds is added when it has been rendered.
        value = response[name].removesuffix(", Cookie")
        assert re.search(f"<b>{name}:</b> <span.*>{re.escape(value)}<", page), name


@pytest.mark.parametrize("make", [exceptions.PermissionDenied, exceptions.NotAuthenticated])
def test_the_browsable_api_refuses(serve, make: Any) -> None:
    response = serve(raising(make)).ask(accept=HTML)
    assert response.status_code == 403
    assert b"HTTP 403 Forbidden" in response.content


@pytest.mark.parametrize("renderer", [BrowsableAPIRenderer, AdminRenderer])
def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(serve, renderer: Any) -> None:
    view = Form.as_view(renderer_classes=[JSONRenderer, renderer])
    response = serve(view).post(
        b"name=Augusta", content_type="application/x-www-form-urlencoded", accept=HTML
    )
    page = response.content.decode()
    assert response.status_code == 400
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert 'value="Augusta"' in page
    assert "no more than 3 characters" in page


def test_the_browsable_api_before_or_behind_problem_details(serve) -> None:
    for renderers in permutations([ProblemJSONRenderer, BrowsableAPIRenderer]):
        view = PlainView.as_view(renderer_classes=renderers)
        response = serve(view).ask(accept=HTML)
        assert response.status_code == 200
        assert response["Content-Type"] == "text/html; charset=utf-8"
        response = serve(view).ask(accept=HTML, method="DELETE")
        assert response.status_code == 405
        assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("renderer", [TemplateHTMLRenderer, StaticHTMLRenderer])
class TestTemplates:
    """REST framework's HTML renderers look for templates for errors."""

    def ask(
        self, serve: Any, renderer: Any, make: Any = exceptions.NotFound, accept: str | None = HTML
    ) -> Any:
        response = serve(raising(make, renderer_classes=[renderer])).ask(accept=accept)
        assert response.status_code == make.status_code
        assert response["Content-Type"] == "text/html; charset=utf-8"
        assert response["Content-Length"] == str(len(response.content))
        assert response.problem.status == response.status_code
        return response

    def test_the_projects_page(self, serve, project_pages, renderer) -> None:
        project_pages({"404.html": "own {{ status_code }} {{ detail }} {{ problem.status }}"})
        response = self.ask(serve, renderer)
        assert response.content.decode() == f"own 404 {response.problem.detail} 404"

    def test_the_apps_page_in_the_projects_dress(self, serve, project_pages, renderer) -> None:
        project_pages({"404.html": '{% extends "django_http_errors/error.html" %}'})
        assert b"<h1>Page not found</h1>" in self.ask(serve, renderer).content

    def test_the_apis_page(self, serve, project_pages, renderer) -> None:
        project_pages({"api_exception.html": "any {{ status }}"})
        assert self.ask(serve, renderer).content == b"any 404"

    def test_pages_that_the_renderer_names(self, serve, project_pages, renderer) -> None:
        class Own(renderer):
            exception_template_names = ["own/%(status_code)s.html"]

        project_pages({"own/404.html": "named"})
        assert self.ask(serve, Own).content == b"named"

    def test_pages_that_the_renderer_finds(self, serve, project_pages, renderer) -> None:
        """It is asked with a list, as REST framework asks."""

        class Own(renderer):
            def resolve_template(self, template_names):
                return super().resolve_template([f"own/{template_names[0]}"])

        project_pages({"own/404.html": "found"})
        assert self.ask(serve, Own).content == b"found"

    @pytest.mark.parametrize("accept", [HTML, "*/*", None])
    def test_no_page(self, serve, project_pages, renderer, own_records, accept) -> None:
        """REST framework would say "404 Not Found" and no more."""
        project_pages({})
        response = self.ask(serve, renderer, accept=accept)
        assert b"<h1>Page not found</h1>" in response.content
        assert str(response.problem.detail) in response.content.decode()
        assert own_records == []

    def test_errors(self, serve, project_pages, renderer) -> None:
        project_pages({"400.html": "{% for each in errors %}{{ each.detail }}{% endfor %}"})
        assert self.ask(serve, renderer, exceptions.ValidationError).content == b"Invalid input."

    def test_a_page_that_fails(self, serve, project_pages, renderer, own_records) -> None:
        project_pages({"404.html": "{% include missing %}"})
        response = self.ask(serve, renderer)
        assert b"<h1>Page not found</h1>" in response.content
        assert own_records[0].getMessage() == "The text/html for status 404 could not be rendered"

    def test_a_page_that_can_not_be_read(self, serve, project_pages, renderer, own_records) -> None:
        project_pages({"404.html": "{% nonsense %}"})
        assert b"<h1>Page not found</h1>" in self.ask(serve, renderer).content
        assert len(own_records) == 1


# Others


def test_a_form_of_the_projects_own(serve) -> None:
    view = raising(exceptions.NotFound, renderer_classes=[JSONRenderer, LinesRenderer])
    response = serve(view).ask(accept="application/x-lines")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/x-lines; charset=utf-8"
    assert b"status: 404\n" in response.content
    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("accept", ["application/x-failing", "application/x-failing, */*", None])
@pytest.mark.parametrize("make", [exceptions.NotFound, exceptions.APIException])
def test_a_renderer_that_fails(
    serve, make: Any, accept: str | None, own_records: list, records: list
) -> None:
    """The client gets the original status, as JSON; who runs the site reads of it once."""
    response = serve(raising(make, renderer_classes=[FailingRenderer])).ask(accept=accept)
    assert response.status_code == response.json()["status"] == make.status_code
    assert response["Content-Type"] == PROBLEM
    assert response["Content-Length"] == str(len(response.content))
    assert b"secret" not in response.content
    assert len(own_records) == 1
    assert own_records[0].exc_info
    assert [record.name for record in records] == ["django.request"]


def test_a_browsable_api_that_fails(serve, own_records: list) -> None:
    """A browser gets a page all the same."""

    class Failing(BrowsableAPIRenderer):
        template = "nowhere.html"

    response = serve(raising(exceptions.NotFound, renderer_classes=[Failing])).ask(accept=HTML)
    assert response.status_code == 404
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>Page not found</h1>" in response.content
    assert len(own_records) == 1


def test_members_that_json_can_not_hold(serve, own_records: list) -> None:
    from django_http_errors.exceptions import Conflict

    response = serve(raising(lambda: Conflict(extensions={"clash": object()}))).ask()
    assert response.status_code == response.json()["status"] == 409
    assert own_records


@both_ways
@pytest.mark.parametrize("result", ODD_RESULTS.values(), ids=ODD_RESULTS)
def test_a_renderer_that_returns_no_content(
    serve, settings, result: Any, middleware: list, own_records: list
) -> None:
    """The app's own form takes its place, under its own type."""
    settings.MIDDLEWARE = middleware
    renderer = type("Odd", (OddRenderer,), {"result": result})
    response = serve(raising(exceptions.NotFound, renderer_classes=[renderer])).ask(accept=None)
    assert response.status_code == response.json()["status"] == 404
    assert response["Content-Type"] == PROBLEM
    assert response["Content-Length"] == str(len(response.content))
    # None is how a renderer says that it has nothing to say; anything else is a fault of it.
    assert len(own_records) == (0 if renderer().render({}) is None else 1)


@both_ways
@pytest.mark.parametrize("nothing", ["", b""])
def test_a_renderer_that_writes_nothing(serve, settings, nothing: Any, middleware: list) -> None:
    """It is the view's choice."""
    settings.MIDDLEWARE = middleware
    renderer = type("Silent", (OddRenderer,), {"result": lambda self: nothing, "charset": "utf-8"})
    response = serve(raising(exceptions.NotFound, renderer_classes=[renderer])).ask(accept=None)
    assert response.status_code == 404
    assert response.content == b""
    assert response["Content-Type"].startswith("application/x-odd")


@pytest.mark.parametrize("make", [ZeroDivisionError])
def test_a_success_that_can_not_be_written(serve, make: Any, signals: list, records: list) -> None:
    """It is a crash like any other."""

    class View(PlainView):
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response({"status": "good"})

    api = serve(View.as_view(renderer_classes=[FailingRenderer]))
    response = api.ask(accept="application/x-failing, application/json;q=0.5")
    assert response.status_code == response.json()["status"] == 500
    assert len(signals) == 1
    assert len(records) == 1
