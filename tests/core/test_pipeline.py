"""The pipeline never gets worse than Django: each step has a fallback, each failure one record."""

import json
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from django.template.autoreload import reset_loaders
from django.test import RequestFactory, override_settings
from django.utils.functional import lazy
from django.utils.safestring import mark_safe

from django_http_errors.core import pipeline, statuses
from django_http_errors.handlers import handler404
from django_http_errors.problems import Problem
from django_http_errors.views import NotFoundView, ServiceUnavailableView

from ..asking import FORMS, HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site

pytestmark = pytest.mark.urls("tests.urls")

LOCALE = "django.middleware.locale.LocaleMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"


class BrokenRenderer:
    media_type = HTML

    def render(self, problem: Problem) -> bytes:
        raise RuntimeError("secret")


class BrokenJSONRenderer(BrokenRenderer):
    media_type = JSON


class BrokenProblemRenderer(BrokenRenderer):
    media_type = PROBLEM


class BrokenTextRenderer(BrokenRenderer):
    media_type = TEXT


class UnmakeableRenderer:
    media_type = TEXT

    def __init__(self) -> None:
        raise RuntimeError("secret")


class CSVRenderer:
    media_type = "text/csv"

    def render(self, problem: Problem) -> bytes:
        return f"{problem.status},{problem.title}\n".encode()


def failing(request: HttpRequest) -> dict[str, Any]:
    """A context processor that needs what is out."""
    raise DatabaseError("secret")


def names(records: list) -> list[str]:
    return [record.name for record in records]


BROKEN = [f"{__name__}.Broken{kind}" for kind in ("", "Problem", "JSON", "Text")]
BROKEN = [f"{name}Renderer" for name in BROKEN]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "status"), [("gone", 410), ("bare-405", 405), ("crash", 500)])
@override_settings(HTTP_ERRORS={"RENDERERS": BROKEN})
def test_renderers_that_raise(
    site: Site, form: str, name: str, status: int, own_records: list
) -> None:
    response = site.get(name, form)
    assert response.status_code == status
    assert response["Content-Type"].startswith(form)
    assert str(status).encode() in response.content
    assert b"secret" not in response.content
    assert len(own_records) == 1
    assert "could not be rendered" in own_records[0].getMessage()


@pytest.mark.parametrize(
    "renderers", [["tests.nowhere.Renderer"], [f"{__name__}.UnmakeableRenderer"], []]
)
def test_renderers_that_cannot_be_had(site: Site, renderers: list[str]) -> None:
    with override_settings(HTTP_ERRORS={"RENDERERS": renderers}):
        response = site.get("gone", JSON)
    assert response.json()["status"] == 410


def test_a_renderer_of_the_project(site: Site) -> None:
    with override_settings(HTTP_ERRORS={"RENDERERS": [f"{__name__}.CSVRenderer"]}):
        for accept in ("text/csv", HTML, None):
            response = site.get("gone", accept)
            assert response["Content-Type"] == "text/csv; charset=utf-8"
            assert response.content == b"410,Gone\n"


@pytest.mark.parametrize(
    "template",
    [
        "{% unknown_tag %}",
        "{{ request.user.explode }}{% include 'missing.html' %}",
        "{% extends 'missing.html' %}",
        "{% load missing_library %}",
    ],
)
def test_a_template_that_raises(site: Site, project_pages, template, own_records: list) -> None:
    """The client gets the app's page, with the status that it would have got."""
    project_pages({"410.html": template})
    response = site.get("gone", HTML)
    assert response.status_code == 410
    assert b"<h1>This page has been removed</h1>" in response.content
    assert len(own_records) == 1


def test_a_context_processor_that_raises(site: Site, project_pages, own_records: list) -> None:
    project_pages({"410.html": "own", "500.html": "own 500"}, f"{__name__}.failing")
    assert b"<h1>This page has been removed</h1>" in site.get("gone", HTML).content
    assert len(own_records) == 1
    own_records.clear()
    # A failing server's page is rendered without context processors.
    assert site.get("crash", HTML).content == b"own 500"
    assert not own_records


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "step",
    [
        *("negotiate", "apply_policies", "add_request_details", "render", "language_of"),
        *("instance_of", "request_id", "prepared_answer"),
    ],
)
def test_any_step_that_raises(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: str, form: str, own_records: list
) -> None:
    """Even a mistake of the app's own leaves the client with the status."""

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(pipeline, step, broken)
    if step in ("negotiate", "render"):
        monkeypatch.setattr(pipeline, "prepared_answer", lambda given: None)
    response = site.get("gone", form)
    assert response.status_code == 410
    assert response.content == b"410 Gone\n"
    assert len(own_records) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "HEAD"])
@pytest.mark.parametrize("page", [None, "4xx.html"])
def test_a_prepared_answer_is_the_one_that_would_be_made(
    method: str, page: str | None, project_pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each status, in every form; asked twice, and then without what was prepared."""
    if page:
        project_pages({page: "{{ problem.status }} {{ request.method }}"})
    wishes = [{"accept": form} for form in FORMS]
    wishes += [{"accept": "*/*", "sec-fetch-dest": "image"}, {"accept": "x" * 600}, {}]
    for wish, status in product(wishes, statuses.STATUSES):
        answers = []
        for prepared in (True, True, False):
            with monkeypatch.context() as patch:
                if not prepared:
                    patch.setattr(pipeline, "prepared_answer", lambda given: None)
                ask = getattr(RequestFactory(headers=wish), method.lower())
                problem = statuses.error_status(status).default_problem
                response = pipeline.answer(ask("/a'b/", HTTP_X_REQUEST_ID="id"), problem)
                answers.append((response.status_code, response.content, dict(response.items())))
        assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("form", [JSON, PROBLEM])
def test_extensions_that_json_cannot_hold(site: Site, form: str, own_records: list) -> None:
    """They lose themselves alone; the client keeps its form and the other members."""
    response = site.get("unwritable", form, x_request_id="id")
    members = response.json()
    assert response.status_code == members["status"] == 409
    assert response["Content-Type"] == form
    assert members["detail"] == str(statuses.error_status(409).detail)
    assert members["request_id"] == "id"
    assert "clash" not in members
    assert len(own_records) == 1


def asking_for_the_host(request: HttpRequest) -> dict[str, Any]:
    """A context processor as many projects have one."""
    return {"host": request.get_host(), "url": request.build_absolute_uri()}


@pytest.mark.parametrize("middleware", [[COMMON, MIDDLEWARE], [MIDDLEWARE, COMMON], [COMMON]])
@pytest.mark.parametrize("page", ["{{ host }}", "{{ request.get_host }}"])
def test_a_page_that_asks_for_the_host_of_a_bad_one(
    site: Site, project_pages, page: str, middleware: list[str], own_records: list, records: list
) -> None:
    """Scanners send them all day: that is no failure, and no traceback a request."""
    if "host" in page and "request" not in page:
        project_pages({"400.html": page}, f"{__name__}.asking_for_the_host")
    else:
        project_pages({"400.html": page})
    with override_settings(MIDDLEWARE=middleware):
        response = site.ask("/ok/", HTML, host="evil.example")
    assert response.status_code == 400
    assert b"<h1>Something is wrong with this request</h1>" in response.content
    assert b"evil" not in response.content
    assert [(each.levelname, bool(each.exc_info)) for each in own_records] == [("WARNING", False)]
    assert "evil" not in own_records[0].getMessage()
    assert [each.name for each in records] == ["django.security.DisallowedHost"]


@pytest.mark.django_db(transaction=True)
def test_a_broken_transaction(client, project_pages) -> None:
    """A template can't ask the database then; the visitor gets the page that needs none."""
    project_pages({"404.html": "{{ count }}"}, "tests.test_handlers.counting")
    client.raise_request_exception = False
    with transaction.atomic():
        connection.set_rollback(True)
        response = client.get("/nowhere/", headers={"accept": HTML})
        assert response.status_code == 404
        assert b"<h1>Page not found</h1>" in response.content


def test_the_projects_own_page(site: Site, project_pages) -> None:
    project_pages(
        {
            "404.html": "{{ request_path }} {{ exception }} {{ request.method }} 404",
            "4xx.html": "one for all: {{ problem.status }}",
        }
    )
    words = b"There is nothing at this address. Check it"
    response = site.ask("/no%20where/", HTML)
    assert response.content.startswith(b"/no%20where/ " + words)
    assert response.content.endswith(b"GET 404")
    assert site.get("gone", HTML).content == b"one for all: 410"
    assert b"<h1>Something went wrong</h1>" in site.get("crash", HTML).content


def test_the_page_in_the_sites_own_base(site: Site, project_pages) -> None:
    """One template of one line puts every error page into the site's base."""
    project_pages(
        {
            "django_http_errors/base.html": '{% extends "site.html" %}',
            "site.html": "<title>{% block title %}{% endblock %} - Site</title>"
            "<nav>{{ request.path }}</nav>{% block content %}{% endblock %}",
        }
    )
    page = site.get("gone", HTML).content.decode()
    assert "<title>This page has been removed (410) - Site</title>" in page
    assert f"<nav>{site.path('gone')}</nav>" in page
    assert "<h1>This page has been removed</h1>" in page


@pytest.mark.parametrize(
    ("path", "accept", "form"),
    [
        ("/api/nowhere/", None, JSON),
        ("/api/nowhere/", "*/*", JSON),
        ("/api/nowhere/", "application/pdf", JSON),
        ("/api/nowhere/", "text/html", HTML),
        ("/api/nowhere/", "application/json;q=0, */*", HTML),
        ("/nowhere/", None, HTML),
        ("/nowhere/", "", HTML),
        ("/nowhere/", "*/*", HTML),
        ("/nowhere/", "application/pdf", HTML),
        ("/nowhere/", "image/png", TEXT),
        ("/nowhere/", "text/html;q=0, */*", PROBLEM),
        ("/nowhere/", "a" * 70_000, HTML),
        ("/nowhere/", "text/html; a*=utf-9''x", HTML),
    ],
)
@override_settings(HTTP_ERRORS={"DEFAULT_MEDIA_TYPES": {"/api/": JSON}})
def test_the_form(site: Site, path: str, accept: str | None, form: str) -> None:
    response = site.ask(path, accept)
    assert response.status_code == 404
    assert response["Content-Type"].startswith(form)


@pytest.mark.parametrize("destination", ["image", "script", "style", "font", "track", "worker"])
def test_what_is_no_document_gets_no_page(site: Site, destination: str) -> None:
    response = site.ask("/logo.png", "*/*", sec_fetch_dest=destination)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "Sec-Fetch-Dest" in response["Vary"]


@pytest.mark.parametrize("destination", ["document", "iframe", "empty", "nonsense"])
def test_what_may_be_a_document_gets_what_it_asks_for(site: Site, destination: str) -> None:
    response = site.ask("/nowhere/", HTML, sec_fetch_dest=destination)
    assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.conformance("rfc9110-12.5.4-language")
@pytest.mark.conformance("rfc9110-8.5-content-language")
@pytest.mark.conformance("rfc9457-3-language")
@pytest.mark.parametrize("middleware", [[LOCALE, MIDDLEWARE], [MIDDLEWARE], [MIDDLEWARE, LOCALE]])
def test_the_language_is_the_visitors(site: Site, middleware: list[str]) -> None:
    with override_settings(MIDDLEWARE=middleware, LANGUAGE_CODE="en"):
        response = site.get("gone", JSON, accept_language="de")
    language = "de" if LOCALE in middleware else "en"
    assert response["Content-Language"] == language
    assert response.json()["title"] == {"de": "Entfernt", "en": "Gone"}[language]
    assert ("Accept-Language" in response["Vary"]) == (language == "de")


@pytest.mark.conformance("rfc9110-12.5.4-language")
@pytest.mark.parametrize("outside", [[], [MIDDLEWARE]])
def test_an_error_before_the_language_is_known(site: Site, outside: list[str]) -> None:
    """The thread may still have its last visitor's language; this visitor has one too."""
    middleware = [*outside, "tests.middleware.MissingIn", LOCALE]
    with override_settings(MIDDLEWARE=middleware, LANGUAGE_CODE="en"):
        response = site.get("ok", JSON, accept_language="de")
    assert response["Content-Language"] == "de"
    assert "Accept-Language" in response["Vary"]


@pytest.mark.conformance("rfc9457-3.1.5-instance")
@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/here/", "/here/"),
        ("/caf\u00e9/", "/caf%C3%A9/"),
        ("/a b/<script>", "/a%20b/%3Cscript%3E"),
        ("//evil.example/", "/%2Fevil.example/"),
        ("/" + "x" * 5000, ""),
        ("*", ""),
    ],
)
def test_the_instance_is_a_uri_reference(path: str, instance: str) -> None:
    request = RequestFactory().get("/", {"q": "secret"})
    request.path = request.path_info = path
    response = handler404(request)
    assert response.status_code == 404
    assert response.problem.instance == instance


def test_the_request_id_that_a_proxy_sent(site: Site) -> None:
    assert site.get("gone", JSON, x_request_id="abc-1").json()["request_id"] == "abc-1"
    assert "request_id" not in site.get("gone", JSON, x_request_id="<script>").json()


@pytest.mark.conformance("rfc9110-15.5.6-allow")
def test_allow_is_read_off_the_view_if_need_be(site: Site) -> None:
    """This view is a function that says nothing of its methods."""
    response = site.get("method", JSON)
    assert response["Allow"] == ""
    assert response.json()["allow"] == []


@pytest.mark.conformance("rfc9457-5-no-leak")
@pytest.mark.parametrize(
    ("name", "status"), [("nowhere", 404), ("gone", 410), ("permission-denied", 403)]
)
def test_an_answer_holds_no_traceback(site: Site, name: str, status: int) -> None:
    """Its frames hold the answer: both would stay in memory until the next garbage collection."""
    response = site.get(name, HTML)
    assert response.status_code == status
    assert "raised" not in vars(response)


def unsayable() -> str:
    raise ValueError("no words")


@pytest.mark.parametrize("accept", FORMS)
def test_words_that_cant_be_said_give_way_to_those_of_the_status(
    accept: str, own_records: list
) -> None:
    request = RequestFactory().get("/some/where/", headers={"accept": accept})
    problem = statuses.error_status(409).problem(detail=lazy(unsayable, str)())
    response = pipeline.answer(request, problem)
    assert response.status_code == 409
    assert response.problem.instance == "/some/where/"
    assert str(statuses.error_status(409).detail).partition(";")[0] in response.content.decode()
    assert len(own_records) == 1


def test_what_is_done_to_one_answer_is_not_done_to_the_next(site: Site) -> None:
    first = site.ask("/nowhere/", JSON)
    with pytest.raises(TypeError):
        first.problem.extensions["own"] = "one"
    assert site.ask("/nowhere/", JSON).problem.extensions == {}
    assert statuses.error_status(404).problem().extensions == {}


class Own(NotFoundView):
    """What projects do: add a member of this request's to what there is."""

    def get_problem(self) -> Problem:
        problem = super().get_problem()
        visitor = self.request.GET.get("visitor")
        if visitor is None:
            return problem
        return problem.replaced(extensions={**problem.extensions, "visitor": visitor})


class Mutating(NotFoundView):
    def get_problem(self) -> Problem:
        problem = super().get_problem()
        problem.extensions["visitor"] = "one"  # type: ignore[index]
        return problem


@pytest.mark.parametrize("form", FORMS)
def test_a_member_of_one_request_is_not_seen_by_the_next(rf: RequestFactory, form: str) -> None:
    for view in (Own.as_view(), handler404):
        found = [
            view(rf.get("/", query, headers={"accept": form}))
            for query in ({}, {"visitor": "anna"}, {"visitor": "berta"}, {})
        ]
        visitors = [each.problem.extensions.get("visitor") for each in found]
        expected = [None, "anna", "berta", None] if view is not handler404 else [None] * 4
        assert visitors == expected
        if form in (JSON, PROBLEM):
            assert [json.loads(each.content).get("visitor") for each in found] == expected
        assert found[0].content == found[3].content


def test_a_problem_cant_be_changed_in_place(rf: RequestFactory, own_records: list) -> None:
    """It is everybody's: the view fails, and nobody is told."""
    response = Mutating.as_view()(rf.get("/", headers={"accept": JSON}))
    assert response.status_code == 404
    assert "visitor" not in json.loads(response.content)
    assert "visitor" not in json.loads(handler404(rf.get("/", headers={"accept": JSON})).content)
    assert len(own_records) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_lazy_detail_is_evaluated_for_each_request(rf: RequestFactory, form: str) -> None:
    minutes = iter(range(5, 0, -1))
    detail = lazy(lambda: f"Back in {next(minutes)} minutes.", str)()
    view = ServiceUnavailableView.as_view(detail=detail)
    for number in (5, 4, 3):
        response = view(rf.get("/", headers={"accept": form}))
        assert f"Back in {number} minutes." in response.content.decode()
        assert response.problem.detail == f"Back in {number} minutes."


@pytest.mark.parametrize("form", FORMS)
def test_markup_is_text_whatever_its_type(rf: RequestFactory, form: str) -> None:
    """Neither is taken for the other, whichever comes first."""
    bodies = set()
    for detail in (mark_safe("<b>x</b>"), "<b>x</b>", mark_safe("<b>x</b>")):
        request = rf.get("/", headers={"accept": form})
        response = pipeline.answer(request, statuses.error_status(409).problem(detail=detail))
        assert type(response.problem.detail) is str
        bodies.add(response.content)
    (body,) = bodies
    escaped = {HTML: b"&lt;b&gt;x&lt;/b&gt;", TEXT: b"<b>x</b>"}
    assert escaped.get(form, b"\\u003cb\\u003ex\\u003c/b\\u003e") in body


@pytest.mark.parametrize("debug", [True, False])
def test_a_page_that_is_being_written_is_looked_for_again(
    site: Site, settings: Any, debug: bool
) -> None:
    """The development server has Django's loaders forget a template that has changed."""
    pages = {"410.html": "old"}
    locmem = ("django.template.loaders.locmem.Loader", pages)
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [locmem])]},
        }
    ]
    settings.DEBUG = debug
    assert site.get("gone", HTML).content == b"old"
    pages["410.html"] = "new"
    reset_loaders()
    assert site.get("gone", HTML).content == (b"new" if debug else b"old")
