"""What a page is for htmx and for Turbo, through the whole stack."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest
from django.test import Client

from django_http_errors.http.shapes import FIELDS
from django_http_errors.models import HidingRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.test import VARIANTS, Variant, assert_indistinguishable

from ..asking import FORMS, HTML, JSON, PROBLEM, Site
from ..factories import ErrorMessageFactory

pytestmark = pytest.mark.django_db

DOCUMENT, FRAGMENT, FRAME = "document", "fragment", "frame"
CONTROL = '<meta name="turbo-visit-control" content="reload">'

# What a client sends, and the shape that it gets.
WISHES: list[tuple[dict[str, str], str]] = [
    ({}, DOCUMENT),
    ({"hx_request": "true"}, FRAGMENT),
    ({"hx_request": "true", "hx_target": "out"}, FRAGMENT),
    ({"hx_request": "true", "hx_boosted": "true"}, DOCUMENT),
    ({"hx_request": "true", "hx_request_type": "partial"}, FRAGMENT),
    ({"hx_request": "true", "hx_request_type": "full"}, DOCUMENT),
    ({"hx_boosted": "true"}, DOCUMENT),
    ({"turbo_frame": "messages"}, FRAME),
    ({"x_up_target": "main", "x_up_version": "3.14.3"}, DOCUMENT),
]


def shape(page: str) -> str:
    if page.startswith("<!doctype html>"):
        return FRAME if CONTROL in page else DOCUMENT
    assert page.startswith('<div class="http-error" role="alert"')
    return FRAGMENT


@pytest.mark.urls("tests.urls")
@pytest.mark.parametrize("templates", [{}, {"4xx.html": "<!doctype html>{{ is_for_frame }}"}])
def test_each_client_gets_the_shape_that_it_can_use(
    site: Site, templates: dict[str, str], project_pages: Any
) -> None:
    """Asked twice, since most answers are prepared; and each says that it depends on that."""
    if templates:
        project_pages(templates)
    for _prepared in range(2):
        for wish, expected in WISHES:
            response = site.get("gone", HTML, **wish)
            page = response.content.decode()
            if templates and expected is not FRAGMENT:
                assert page == f"<!doctype html>{expected is FRAME}"
            else:
                assert shape(page) == expected, wish
            for form in FORMS:
                other = site.get("gone", form, **wish)
                assert other["Content-Type"].startswith(form)
                assert set(FIELDS) <= set(other["Vary"].split(", "))
                assert other["Vary"] == response["Vary"]


@pytest.mark.parametrize("kind", [{}, {"hx_boosted": "true"}, {"hx_request_type": "full"}])
def test_htmx_gets_no_json_that_it_would_put_into_the_page(
    kind: dict[str, str], settings: Any
) -> None:
    settings.HTTP_ERRORS = {"DEFAULT_MEDIA_TYPES": {"/api/": PROBLEM}}
    for accept, expected in (
        ("*/*", HTML),
        ("text/html, */*", HTML),
        ("", HTML),
        (JSON, JSON),
        (PROBLEM, PROBLEM),
        ("application/json, */*;q=0.5", JSON),
    ):
        asked = {"accept": accept, "hx_request": "true", **kind}
        response = Client().get("/api/nowhere/", headers=asked)
        assert response["Content-Type"].partition(";")[0] == expected, accept
    response = Client().get("/api/nowhere/", headers={"accept": "*/*"})
    assert response["Content-Type"] == PROBLEM


def test_a_fragment_says_what_the_page_says() -> None:
    for path in ("/raise/406/", "/raise/422/", "/raise/429/", "/builtin/crash/", "/raise/403/"):
        client = Client(raise_request_exception=False)
        answers = [
            client.get(path, headers={"accept": HTML, "x-request-id": "7f3c", **wish}).content
            for wish in ({}, {"hx-request": "true"})
        ]
        document, fragment = (
            html5lib.HTMLParser(strict=False, namespaceHTMLElements=False) for _ in answers
        )
        page = document.parse(answers[0], transport_encoding="utf-8").find(".//main")
        part = fragment.parseFragment(answers[1], transport_encoding="utf-8").find("div")
        # Without a style, a script and a heading that the page around it has already.
        assert {each.tag for each in part.iter()} <= set("div h2 h3 p ul li a code".split())
        for tag in ("p", "li"):
            said = [text_of(each) for each in part.iter(tag)]
            expected = [text_of(each) for each in page.iter(tag)]
            # The status stands in the heading.
            left_out = {path.strip("/").rpartition("/")[2], "500"}
            assert said == [each for each in expected if each not in left_out]
        assert (part.get("lang"), part.get("dir")) == ("en", "ltr")


def text_of(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def test_the_way_back_from_a_fragment_leads_to_no_fragment() -> None:
    page = Client().get("/raise/403/?a=b", headers={"accept": HTML, "hx-request": "true"})
    assert 'href="/accounts/login/">Sign in</a>' in page.content.decode()


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_fragment_is_asked_for_again_in_its_place(status: int) -> None:
    """And without htmx, or in a new tab, its link leads to the page that it stands in."""
    for path in (f"/raise/{status}/?a=1&b=<x>", f"/raise/{status}/"):
        for _prepared in range(2):
            page = Client().get(path, headers={"accept": HTML, "hx-request": "true"})
            link = html5lib.parseFragment(page.content.decode(), namespaceHTMLElements=False).find(
                ".//li/a"
            )
            assert link.attrib == {
                "class": "button",
                "href": "",
                "hx-get": path.replace("<x>", "%3Cx%3E"),
                "hx-target": "closest .http-error",
                "hx-swap": "outerHTML",
                "hx-params": "none",
            }
            assert text_of(link) == "Try again"
    for method, headers in (("post", {"hx-request": "true"}), ("get", {"hx-boosted": "true"})):
        page = getattr(Client(), method)(f"/raise/{status}/", headers={"accept": HTML, **headers})
        assert b"hx-get" not in page.content
        assert (b">Try again</a>" in page.content) == (method == "get")


def test_an_action_of_the_sites_in_a_fragment_is_a_link() -> None:
    ErrorMessageFactory(status="503", path_prefix="", action_label="State", action_url="/state/")
    snapshots.forget()
    page = Client().get("/raise/503/", headers={"accept": HTML, "hx-request": "true"})
    links = html5lib.parseFragment(page.content.decode(), namespaceHTMLElements=False).findall(
        ".//li/a"
    )
    assert [(text_of(each), each.get("href"), each.get("hx-get")) for each in links] == [
        ("State", "/state/", None),
        ("Try again", "", "/raise/503/"),
    ]


@pytest.mark.urls("tests.urls")
def test_a_project_has_a_fragment_of_its_own(site: Site, project_pages: Any) -> None:
    project_pages(
        {
            "django_http_errors/fragment.html": "<p>{{ problem.status }} {{ heading }}</p>",
            "410.html": "document",
        }
    )
    found = site.get("gone", HTML, hx_request="true").content
    assert found == b"<p>410 This page has been removed</p>"
    assert site.get("gone", HTML).content == b"document"


def test_no_link_of_a_projects_fragment_leads_to_a_fragment(project_pages: Any) -> None:
    page = "{% for each in actions %}{{ each.label }} '{{ each.href }}'{% endfor %}"
    page += "|{{ try_again_url }}|{{ try_again_part }}"
    project_pages({"django_http_errors/fragment.html": page, "503.html": page})
    for headers, expected in (
        ({"hx-request": "true"}, b"Try again ''||/raise/503/?a=b"),
        ({}, b"Try again '/raise/503/?a=b'|/raise/503/?a=b|"),
    ):
        page = Client().get("/raise/503/?a=b", headers={"accept": HTML, **headers})
        assert page.content == expected


def test_what_is_hidden_looks_alike_in_every_shape() -> None:
    HidingRule.objects.create(kind="prefix", pattern="/raise/")
    snapshots.forget()
    variants = [
        *VARIANTS[:1],
        Variant("htmx", {"HX-Request": "true"}),
        Variant("Turbo", {"Turbo-Frame": "messages"}),
    ]
    assert_indistinguishable(
        Client(), "/raise/403/", "/raise/404/", methods=["GET"], accepts=[HTML], variants=variants
    )
