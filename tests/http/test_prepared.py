"""Bodies that are made once and filled in: the same as those that are made each time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory, override_settings
from django.utils import translation
from django.utils.functional import lazy
from django.utils.safestring import mark_safe
from pytest_django.asserts import assertTemplateUsed

from django_http_errors.core.statuses import error_status
from django_http_errors.http import prepared as prepared_module
from django_http_errors.http.prepared import render
from django_http_errors.http.renderers import (
    HTMLRenderer,
    JSONRenderer,
    ProblemJSONRenderer,
    RenderInput,
    TextRenderer,
)
from django_http_errors.http.representations import renderers
from django_http_errors.problems import Action, InvalidPart, Permanence, Problem, Representation

from ..asking import HTML, JSON, Site

HERE = __name__
PREPARED = (HTMLRenderer, JSONRenderer, ProblemJSONRenderer, TextRenderer)
every_renderer = pytest.mark.parametrize("kind", PREPARED, ids=lambda each: each.media_type)


@pytest.fixture
def prepared() -> Iterator[Callable[[], int]]:
    """How many bodies are prepared: none yet."""
    cache = prepared_module._parts
    cache.cache_clear()
    yield lambda: cache.cache_info().currsize
    cache.cache_clear()


def body_of(
    kind: type, problem: Problem, *, path: str = "/here/", request_id: str = "", nonce: str = ""
) -> str:
    """Return the body that the pipeline gets for a request to `path`."""
    request = RequestFactory().get("/")
    if nonce:
        request.csp_nonce = nonce  # type: ignore[attr-defined]
    given = RenderInput(problem.translated("en"), request, path, request_id)
    return render(kind, given).decode()


def alone(kind: Any, problem: Problem, *, path: str = "/here/", request_id: str = "") -> str:
    """Return what the renderer by itself makes of the same."""
    whole = problem.translated("en").replaced(instance=path, request_id=request_id)
    return str(kind().render(whole).decode())


@every_renderer
def test_the_same_words_are_prepared_once(kind: Any, prepared: Callable[[], int]) -> None:
    first, second = (
        body_of(kind, error_status(500).problem(), path=f"/{each}/", request_id=each)
        for each in ("first", "second")
    )
    assert prepared() == 1
    assert second == first.replace("first", "second") != first
    found = alone(kind, error_status(500).problem(), path="/second/", request_id="second")
    assert second == found


@pytest.mark.usefixtures("contexts")
def test_each_page_is_rendered_where_somebody_is_told_of_it(prepared: Callable[[], int]) -> None:
    site = Site("sync")
    for path in ("/nowhere/1/", "/nowhere/2/"):
        response = site.ask(path, HTML)
        assertTemplateUsed(response, "django_http_errors/error.html")
        assert response.context["problem"].instance == path
        assert site.ask(path, JSON).context is None
    assert prepared() == 1, "that of the JSON, which is the same for both"
    seen = alone(HTMLRenderer, error_status(404).problem(), path="/nowhere/1/")
    assert body_of(HTMLRenderer, error_status(404).problem(), path="/nowhere/1/") == seen


@every_renderer
@pytest.mark.parametrize("path", ["", "/here/"])
@pytest.mark.parametrize("request_id", ["", "id"])
def test_what_is_not_known_has_no_place(kind: Any, path: str, request_id: str) -> None:
    problem = error_status(404).problem()
    found = body_of(kind, problem, path=path, request_id=request_id)
    assert found == alone(kind, problem, path=path, request_id=request_id)


@every_renderer
def test_what_is_filled_in_is_escaped(kind: Any) -> None:
    """A path or an id that the pipeline would not let through either: it is no matter here."""
    hostile = "</p><script>\"'&\\\u2028"
    problem = error_status(500).problem()
    found = body_of(kind, problem, path=hostile, request_id=hostile)
    assert found == alone(kind, problem, path=hostile, request_id=hostile)


def test_the_nonce_is_filled_in(prepared: Callable[[], int]) -> None:
    problem = error_status(500).problem()
    first, second = (body_of(HTMLRenderer, problem, nonce=f"nonce-{n}") for n in (1, 2))
    assert prepared() == 1
    assert first != second == first.replace("nonce-1", "nonce-2")
    assert "nonce" not in body_of(HTMLRenderer, problem)
    assert prepared() == 2


@every_renderer
def test_what_one_has_sent_is_of_no_use_to_another(kind: Any, prepared: Callable[[], int]) -> None:
    body_of(kind, error_status(422).problem(errors=(InvalidPart("Not a number"),)))
    body_of(kind, error_status(404).problem(extensions={"own": "one"}))
    body_of(kind, error_status(404).problem(headers=(("X-Own", "one"),)))
    body_of(kind, error_status(404).problem(detail="x" * 5000))
    assert prepared() == 0


# A member, and two values that a body shows differently.
SHOWN: dict[str, tuple[Any, Any]] = {
    "status": (500, 501),
    "title": ("One", "Two"),
    "detail": ("One", "Two"),
    "type": ("https://one.example/", "https://two.example/"),
    "permanence": (Permanence.TEMPORARY, Permanence.UNKNOWN),
    "code": ("one", "two"),
    "retry_after": (0, 7),
    "allow": (("PATCH",), ("PUT",)),
    "available": ((Representation("text/csv", "/1"),), (Representation("text/csv", "/2"),)),
    "accept": (("text/csv",), ("text/css",)),
    "upgrade": (("h2c",), ("websocket",)),
    "blocked_by": ("https://one.example/", "https://two.example/"),
    "actions": ((Action("One", "/a/"),), (Action("Two", "/a/"),)),
    "errors": ((InvalidPart("One"),), (InvalidPart("Two"),)),
    "extensions": ({"own": "one"}, {"own": 1}),
}


@every_renderer
@pytest.mark.parametrize("name", SHOWN)
def test_another_problem_is_another_body(kind: Any, name: str) -> None:
    problem = error_status(500).problem()
    before = body_of(kind, problem)
    for value in SHOWN[name]:
        other = problem.replaced(**{name: value})
        assert body_of(kind, other) == alone(kind, other)
    assert body_of(kind, problem) == before


def test_every_member_is_tested() -> None:
    """One that is shown and not looked at would be another's."""
    unseen = {"accept_encoding", "challenges", "headers", "length", "language"}
    filled_in = {"instance", "request_id"}
    names = {each.name for each in dataclasses.fields(Problem)}
    assert names == set(SHOWN) | unseen | filled_in


@every_renderer
def test_values_that_are_equal_and_written_differently_are_told_apart(kind: Any) -> None:
    """True is equal to 1 and 1.0; what `mark_safe` returns is equal to the same letters."""
    for text in (mark_safe("<b>x</b>"), "<b>x</b>"):
        body = body_of(kind, error_status(404).problem(title=text, detail=text))
        assert body == alone(kind, error_status(404).problem(title="<b>x</b>", detail="<b>x</b>"))
        if kind is not TextRenderer:
            assert "<b>" not in body
    for wait in (True, 1):
        body = body_of(kind, error_status(503).problem(retry_after=wait))
        assert body == alone(kind, error_status(503).problem(retry_after=1))


@every_renderer
def test_a_text_is_evaluated_for_each_answer(kind: Any) -> None:
    minutes = iter(range(5, 0, -1))
    words = lazy(lambda: f"Back in {next(minutes)} minutes.", str)()
    problem = error_status(503).problem(detail=words)
    assert "Back in 5 minutes." in body_of(kind, problem)
    assert "Back in 4 minutes." in body_of(kind, problem)


@pytest.mark.parametrize("kind", [HTMLRenderer, TextRenderer], ids=["html", "text"])
def test_another_language_is_another_body(kind: Any, rf: RequestFactory) -> None:
    bodies = []
    for language in ("en", "de"):
        with translation.override(language):
            problem = error_status(404).problem().translated(language)
            bodies.append(render(kind, RenderInput(problem, rf.get("/"), "/", "")))
    assert bodies[0] != bodies[1]


def test_what_is_prepared_is_bounded(prepared: Callable[[], int]) -> None:
    for number in range(600):
        body_of(TextRenderer, error_status(404).problem(detail=f"Number {number}"))
    assert 0 < prepared() <= 256


def test_what_is_prepared_is_forgotten_when_a_setting_changes(
    prepared: Callable[[], int],
) -> None:
    """It may be another translation of the words that is to be found from now on."""
    body_of(HTMLRenderer, error_status(404).problem())
    assert prepared() == 1
    with override_settings(LOCALE_PATHS=["/elsewhere"]):
        assert prepared() == 0


def test_a_subclass_of_the_apps_renderers_is_asked_each_time(prepared: Callable[[], int]) -> None:
    """What it makes of an instance isn't known."""
    with override_settings(HTTP_ERRORS={"RENDERERS": [f"{HERE}.LoudRenderer"]}):
        (entry,) = renderers().values()
        for path in ("/one/", "/two/"):
            request = RequestFactory().get(path)
            body = entry.fallbacks[-1](
                RenderInput(error_status(404).problem().translated("en"), request, path, "")
            )
            assert body is not None
            assert path.upper() in body.decode()
    assert prepared() == 0


class LoudRenderer(JSONRenderer):
    media_type = "application/json"

    def render(self, problem: Problem) -> bytes:
        return super().render(problem).upper()
