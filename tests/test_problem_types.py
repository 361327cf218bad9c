"""Pages that explain the problem types of a project's own, whose addresses are their types."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import html5lib
import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils.functional import lazy
from django.utils.translation import pgettext_lazy

from django_http_errors.core.own_types import address_of, name_of, own_types
from django_http_errors.exceptions import Conflict, Gone, NotFound, ServiceUnavailable
from django_http_errors.models import PermanenceRule
from testproject.views import CheckedOut

from .asking import HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site

pytestmark = pytest.mark.django_db

LOCALE = "django.middleware.locale.LocaleMiddleware"


class OutOfSeats(Conflict):
    title = "All <seats> are taken"
    detail = "Choose another show."

    def __init__(self, show: int = 7) -> None:
        super().__init__(extensions={"show": show, "rows": [1, 2], "odd": object()})


class HTTPSOnlyShow(NotFound):
    """It can't be made without an argument."""

    title = pgettext_lazy("http error", "Page not found")

    def __init__(self, show: int) -> None:
        super().__init__(extensions={"show": show})


class Closed(ServiceUnavailable):
    """All of it is that of the status."""


def _fail() -> str:
    raise RuntimeError("secret")


class Broken(Conflict):
    title = lazy(_fail, str)()


class Named(Gone):
    type = "https://example.com/problems/named"


def local() -> type[Conflict]:
    class Local(Conflict):
        title = "Made anew each time"

    return Local


ERRORS: dict[str, Any] = {
    "seats": OutOfSeats,
    "show": lambda: HTTPSOnlyShow(3),
    "closed": Closed,
    "group": lambda: ExceptionGroup("side by side", [OutOfSeats(), OutOfSeats()]),
    "named": Named,
    "local": local(),
    "known": Conflict,
    "typed": lambda: Conflict(type="https://example.com/problems/typed"),
}


def fail(request: HttpRequest, name: str) -> None:
    raise ERRORS[name]()


async def fail_async(request: HttpRequest, name: str) -> None:
    raise ERRORS[name]()


raising = [path("async/<name>/", fail_async), path("<name>/", fail)]
urlpatterns = [path("problems/", include("django_http_errors.problem_types")), *raising]

SEATS = "/problems/tests/out-of-seats/"
ORIGIN = "http://testserver"


@pytest.fixture(autouse=True)
def _mounted(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [LOCALE, MIDDLEWARE]


@pytest.mark.conformance("rfc9457-3.1.1-type")
@pytest.mark.conformance("rfc9457-3.1.1-dereference")
@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("seats", ORIGIN + SEATS),
        ("show", f"{ORIGIN}/problems/tests/https-only-show/"),
        ("closed", f"{ORIGIN}/problems/tests/closed/"),
        ("group", ORIGIN + SEATS),
        ("named", Named.type),
        ("typed", "https://example.com/problems/typed"),
        ("local", "about:blank"),
        ("known", "about:blank"),
    ],
)
def test_the_address_of_its_page_is_the_type(site: Site, name: str, uri: str) -> None:
    for form in (PROBLEM, JSON):
        for _ in range(2):  # prepared, too
            assert site.get(name, form, accept_language="de").json()["type"] == uri
    if uri.startswith(ORIGIN):
        page = Client().get(uri.removeprefix(ORIGIN), headers={"accept": JSON})
        assert page.json()["type"] == uri


def test_without_the_pages_there_is_no_type(site: Site, settings: Any) -> None:
    urlconf = ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = raising
    settings.ROOT_URLCONF = urlconf
    assert site.get("seats", JSON).json()["type"] == "about:blank"


def test_the_urlconf_can_name_the_origin(site: Site, settings: Any) -> None:
    """With several hosts there is one address all the same, and pages are where they are."""
    urlconf = ModuleType("urlconf")
    pages = include("django_http_errors.problem_types")
    origin = {"origin": "https://www.example.com/"}
    vars(urlconf)["urlpatterns"] = [path("api/problems/", pages, origin), *raising]
    settings.ROOT_URLCONF = urlconf
    uri = site.get("seats", JSON).json()["type"]
    assert uri == "https://www.example.com/api/problems/tests/out-of-seats/"
    page = Client().get("/api/problems/tests/out-of-seats/", headers={"accept": JSON})
    assert page.json()["type"] == uri


def test_a_host_that_isnt_the_sites_is_in_no_type() -> None:
    request = RequestFactory(HTTP_HOST="elsewhere.example").get("/")
    assert address_of(OutOfSeats, request) == SEATS
    assert address_of(OutOfSeats, None) == SEATS


def test_what_a_rule_makes_another_status_of_has_no_type(site: Site) -> None:
    PermanenceRule.objects.create(pattern=site.path("show"))
    response = site.get("show", JSON)
    assert (response.status_code, response.json()["type"]) == (410, "about:blank")


def test_a_page_that_cant_be_found_leaves_the_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, own_records: list[Any]
) -> None:
    def broken(*args: object) -> tuple[str, str]:
        raise ImportError

    monkeypatch.setattr("django_http_errors.core.own_types._page", broken)
    response = site.get("seats", JSON)
    assert (response.status_code, response.json()["type"]) == (409, "about:blank")
    assert len(own_records) == 2  # the other is of the member that JSON can't hold


def test_names_say_where_a_type_is_and_which() -> None:
    assert name_of(OutOfSeats) == ("tests", "out-of-seats")
    assert name_of(HTTPSOnlyShow) == ("tests", "https-only-show")
    found = own_types()
    assert found["tests", "out-of-seats"] is OutOfSeats
    assert found["testproject", "checked-out"] is CheckedOut
    assert ("tests", "local") not in found
    assert not [kind for kind in found.values() if kind.__module__.startswith("django_http_errors")]
    assert list(found) == sorted(found)


@override_settings(HTTP_ERRORS={"EXCEPTIONS": {"no.such.Error": 404, "shop.unloaded.Late": 409}})
def test_what_the_settings_name_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("shop.unloaded")
    vars(module)["Late"] = type("Late", (Conflict,), {"__module__": "shop.unloaded"})
    monkeypatch.setitem(__import__("sys").modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(__import__("sys").modules, "shop.unloaded", module)
    assert own_types()["shop", "late"] is vars(module)["Late"]


def get(address: str, accept: str, language: str = "en") -> Any:
    headers = {"accept": accept, "accept-language": language}
    return Client(raise_request_exception=False).get(address, headers=headers)


@pytest.mark.conformance("rfc9457-4-definition")
def test_a_page_says_what_there_is_to_say() -> None:
    members = get(SEATS, PROBLEM)
    assert members["Content-Type"] == JSON
    expected = {
        "type": ORIGIN + SEATS,
        "title": OutOfSeats.title,
        "status": 409,
        "detail": OutOfSeats.detail,
        "instance": "/",
        "permanence": "unknown",
        "show": 7,
        "rows": [1, 2],
    }
    assert members.json()["example"] == expected
    assert members.json()["members"]["rows"] == "array"
    assert members.json()["href"] == ORIGIN + SEATS
    text = get(SEATS, TEXT)
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert text.content.decode().startswith(f"409 {OutOfSeats.title}\n{ORIGIN}{SEATS}\n")
    page = get(SEATS, HTML)
    html5lib.HTMLParser(strict=True).parse(page.content)
    # It is documentation, which is there to be found.
    assert b"noindex" not in page.content
    content = page.content.decode()
    for part in (
        "All &lt;seats&gt; are taken",
        "Choose another show.",
        "409 Conflict",
        "rows: array",
    ):
        assert part in content
    shown = content.partition("<pre")[2].partition("<code>")[2].partition("</code>")[0]
    shown = shown.replace("&quot;", '"').replace("\\u003c", "<").replace("\\u003e", ">")
    assert json.loads(shown) == expected


def test_what_needs_arguments_is_shown_by_its_class() -> None:
    members = get("/problems/tests/https-only-show/", JSON).json()
    assert (members["title"], members["status"]) == ("Page not found", 404)
    assert "show" not in members["members"]
    members = get("/problems/tests/named/", JSON).json()
    assert members["type"] == Named.type
    assert members["href"] == f"{ORIGIN}/problems/tests/named/"


def test_one_whose_own_code_fails_is_left_out(own_records: list[Any]) -> None:
    """Of the list, and no page tells what it raised."""
    assert get("/problems/tests/broken/", JSON).status_code == 404
    listed = get("/problems/", JSON)
    assert listed.status_code == 200
    assert f"{ORIGIN}/problems/tests/broken/" not in [each["href"] for each in listed.json()]
    assert [each.args for each in own_records].count(("Broken",)) == 2  # no other module's


def test_the_list_leads_to_all_pages() -> None:
    listed = {each["href"]: each for each in get("/problems/", JSON).json()}
    assert listed[ORIGIN + SEATS]["title"] == OutOfSeats.title
    page = get("/problems/", HTML)
    html5lib.HTMLParser(strict=True).parse(page.content)
    assert b"noindex" not in page.content
    assert f'<a href="{ORIGIN}{SEATS}">' in page.content.decode()
    assert f"409 {OutOfSeats.title}\n{ORIGIN}{SEATS}\n" in get("/problems/", TEXT).content.decode()


@pytest.mark.parametrize("address", ["/problems/", SEATS])
def test_a_page_is_in_one_language_and_says_what_it_depends_on(address: str) -> None:
    for asked, language, words in (
        ("de", "de", "Problemtypen"),
        ("en", "en", "Problem types"),
        ("ko", "en", "Problem types"),
    ):
        with override_settings(LANGUAGES=[("en", "en"), ("de", "de"), ("ko", "ko")]):
            response = get(address, HTML, asked)
        assert response["Content-Language"] == language
        assert f'<html lang="{language}"' in response.content.decode()
        assert words in response.content.decode()
        assert {"Accept", "Accept-Language"} <= set(response["Vary"].split(", "))


def test_pages_use_the_sites_base_and_refuse_what_they_are_not_for(project_pages: Any) -> None:
    project_pages({"django_http_errors/base.html": "SITE {% block content %}{% endblock %}"})
    assert get(SEATS, HTML).content.startswith(b"SITE")
    assert get("/problems/tests/no-such/", JSON).status_code == 404
    assert Client().post(SEATS).status_code == 405


@override_settings(TEMPLATES=[])
def test_pages_need_no_template_engine_of_the_projects() -> None:
    assert b"Choose another show." in get(SEATS, HTML).content
