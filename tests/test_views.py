"""The class-based views, in a URLconf and as handlers, and the CSRF failure view."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_protect

from django_http_errors import views
from django_http_errors.core.statuses import STATUSES
from django_http_errors.exceptions import Conflict
from django_http_errors.problems import Permanence, Problem

from .asking import HTML, JSON, MIDDLEWARE, Site
from .iana import ERRORS

pytestmark = pytest.mark.urls(__name__)


class BrokenProblem(views.GoneView):
    def get_problem(self) -> Problem:
        raise RuntimeError("secret")


class NoProblem(views.GoneView):
    """One whose `get_problem()` returns what `problem` is."""

    problem: Any = None

    def get_problem(self) -> Problem:
        return self.problem


class BrokenContext(views.GoneView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        raise RuntimeError("secret")


class WithContext(views.NotFoundView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(shop="open", **kwargs)


@csrf_protect
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sent")


urlpatterns = [
    *(path(f"{status}/", view.as_view()) for status, view in views.VIEWS.items()),
    path("moved/", views.GoneView.as_view(detail="It moved.")),
    path("soon/", views.ServiceUnavailableView.as_view(retry_after=30)),
    path("teapot/", views.ErrorView.as_view(status=418, permanence=Permanence.PERMANENT)),
    path("broken-problem/", BrokenProblem.as_view()),
    path("broken-teapot/", BrokenProblem.as_view(status=418)),
    path("no-status/", BrokenProblem.as_view(status=200)),
    path("none/", NoProblem.as_view()),
    path("number/", NoProblem.as_view(problem=404)),
    path("success/", NoProblem.as_view(problem=Problem(status=200, title="", detail=""))),
    path("named/<exception>/", views.GoneView.as_view()),
    path("broken-context/", BrokenContext.as_view()),
    path("form/", form),
]
handler404 = WithContext.as_view()
handler500 = views.InternalServerErrorView.as_view()


def test_there_is_a_view_for_each_row_of_the_table_and_nothing_more() -> None:
    found = {
        name: view.status
        for name, view in vars(views).items()
        if isinstance(view, type)
        and issubclass(view, views.ErrorView)
        and view is not views.ErrorView
    }
    assert found == {f"{row.name}View": code for code, row in STATUSES.items()}
    assert list(views.VIEWS) == list(found.values()) == sorted(STATUSES)
    assert [view.__name__ for view in views.VIEWS.values()] == list(found)
    others = ["ErrorView", "HideForbiddenMixin", "VIEWS", "csrf_failure"]
    assert sorted(views.__all__) == sorted([*found, *others])


@pytest.mark.parametrize("status", sorted(views.VIEWS))
def test_a_view_says_what_it_answers_with(status: int) -> None:
    assert views.VIEWS[status].__doc__ == f"Answers with {status} {ERRORS[status]}."


@pytest.mark.parametrize("status", sorted(views.VIEWS))
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PURGE"])
def test_each_status_for_any_method(site: Site, status: int, method: str) -> None:
    response = site.ask(f"/{status}/", JSON, method)
    assert response.status_code == response.json()["status"] == status


def test_attributes_in_the_urlconf(site: Site) -> None:
    assert site.ask("/moved/", JSON).json()["detail"] == "It moved."
    soon = site.ask("/soon/", JSON)
    assert (soon["Retry-After"], soon.json()["permanence"]) == ("30", "temporary")
    assert site.ask("/teapot/", JSON).json()["permanence"] == "permanent"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/broken-problem/", 410),
        ("/broken-teapot/", 418),
        ("/no-status/", 500),
        ("/none/", 410),
        ("/number/", 410),
        ("/success/", 410),
    ],
)
def test_get_problem_that_raises_or_returns_none(
    site: Site, own_records: list, address: str, status: int
) -> None:
    response = site.ask(address, JSON)
    assert response.json()["status"] == response.status_code == status
    assert "secret" not in response.content.decode()
    assert len(own_records) == 1


def test_a_parameter_of_the_url_is_no_exception(site: Site) -> None:
    assert site.ask("/named/x/", JSON).json()["status"] == 410


def test_get_context_data_that_raises(site: Site, project_pages, own_records: list) -> None:
    project_pages({"410.html": "own"})
    response = site.ask("/broken-context/", HTML)
    assert response.status_code == 410
    assert b"<h1>This page has been removed</h1>" in response.content
    assert len(own_records) == 1


def test_as_a_handler(site: Site, project_pages) -> None:
    project_pages({"404.html": "{{ shop }}"})
    assert site.ask("/nowhere/", HTML).content == b"open"
    assert site.ask("/nowhere/", JSON, "DELETE").json()["status"] == 404


def test_as_a_handler_it_answers_the_exception() -> None:
    from django.test import RequestFactory

    handler = views.InternalServerErrorView.as_view()
    try:
        raise Conflict
    except Conflict:
        assert handler(RequestFactory().get("/")).status_code == 409


@pytest.mark.django_db
def test_a_form_without_a_token_gets_the_error_of_the_view(settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", MIDDLEWARE]
    settings.ROOT_URLCONF = type(
        "Urls", (), {"urlpatterns": [path("gone/", views.GoneView.as_view())]}
    )
    assert Client(enforce_csrf_checks=True).post("/gone/").status_code == 410


@pytest.mark.parametrize("debug", [True, False])
@override_settings(
    CSRF_FAILURE_VIEW="django_http_errors.views.csrf_failure", MIDDLEWARE=[MIDDLEWARE]
)
def test_a_failed_csrf_check(debug: bool, records: list) -> None:
    with override_settings(DEBUG=debug):
        response = Client(enforce_csrf_checks=True).post("/form/", headers={"accept": JSON})
    problem = response.json()
    assert response.status_code == problem["status"] == 403
    assert "form" in problem["detail"]
    assert ("CSRF cookie not set" in response.content.decode()) == debug
    assert [record.name for record in records] == ["django.security.csrf"]


@pytest.mark.parametrize("debug", [True, False])
@override_settings(
    CSRF_FAILURE_VIEW="django_http_errors.views.csrf_failure", MIDDLEWARE=[MIDDLEWARE]
)
def test_a_developer_keeps_djangos_help_with_csrf(debug: bool) -> None:
    """As with the other pages that Django has for DEBUG, and for those who ask for a page."""
    with override_settings(DEBUG=debug):
        response = Client(enforce_csrf_checks=True).post("/form/", headers={"accept": HTML})
    assert response.status_code == 403
    for words in (b"CSRF cookie not set", b"In the template, there is a"):
        assert (words in response.content) == debug
    assert hasattr(response, "problem") != debug


@pytest.fixture
def csrf_failure_view(settings: Any) -> None:
    settings.CSRF_FAILURE_VIEW = "django_http_errors.views.csrf_failure"
    settings.MIDDLEWARE = [MIDDLEWARE]


@pytest.mark.usefixtures("csrf_failure_view")
def test_a_page_of_the_projects_for_csrf_is_rendered_as_by_django(project_pages: Any) -> None:
    project_pages({"403_csrf.html": "own: {{ request.path }}", "403.html": "other"})
    client = Client(enforce_csrf_checks=True)
    page = client.post("/form/", headers={"accept": HTML})
    assert page.status_code == 403
    assert page.content == b"own: /form/"
    assert "Accept" in page["Vary"]
    assert client.post("/form/", headers={"accept": JSON}).json()["status"] == 403


@pytest.mark.usefixtures("csrf_failure_view")
def test_a_page_for_csrf_that_fails_costs_nobody_the_answer(
    project_pages: Any, own_records: list
) -> None:
    project_pages({"403_csrf.html": "{% load no_such_library %}"})
    page = Client(enforce_csrf_checks=True).post("/form/", headers={"accept": HTML})
    assert page.status_code == 403
    assert b"<h1>This form could not be sent</h1>" in page.content
    assert len(own_records) == 1
