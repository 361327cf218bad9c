"""What the URLconf has at an address, in any of the site's languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf.global_settings import LANGUAGES
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.urls.resolvers import RegexPattern
from django.utils import translation
from django.utils.functional import lazy

from django_http_errors.conf import LOCALE_MIDDLEWARE
from django_http_errors.explaining import routes

pytestmark = pytest.mark.urls("tests.urls_advice")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/shop/", "shop"),
        ("/shop", "shop"),
        ("/shop/7/", "item"),
        ("/shop/x/", None),
        ("/wiki/a/b", "wiki"),
        ("/", None),
        ("", None),
    ],
)
def test_the_view_at_an_address(path: str, name: str | None) -> None:
    match = routes.view_at(path)
    assert (match and match.url_name) == name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/shop/", ["/shop/<int:pk>/"]),
        ("/shop", ["/shop/<int:pk>/"]),
        ("/news/", ["/news/<int:year>/", "/news/feed"]),
        ("/wiki/", ["/wiki/(?P<page>.+)"]),
        ("/many/5/", []),
        ("/nothing/", []),
    ],
)
def test_routes_below_an_address(path: str, expected: list[str]) -> None:
    assert list(routes.routes_below(path)) == expected


@pytest.mark.parametrize(
    ("regex", "found"),
    [
        (r"^feed/$", ("feed/", True)),
        (r"^a\.b\-c\Z", ("a.b-c", True)),
        (r"feed", ("feed", True)),
        (r"^feeds?/$", ("feed", False)),
        (r"^a+", ("", False)),
        (r"^(?P<x>a)/", ("", False)),
        (r"^a|b$", ("", False)),
        (r"^a/\d+/", ("a/", False)),
    ],
)
def test_the_literal_beginning_of_a_regular_expression(regex: str, found: tuple) -> None:
    assert routes._literal(RegexPattern(regex)) == found


# Sites in several languages.


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def _in_german() -> str:
    return "ueber/" if translation.get_language() == "de" else "about/"


about = lazy(_in_german, str)()


class Prefixed:
    urlpatterns = [
        path("plain/", view, name="plain"),
        *i18n_patterns(path(about, view, name="about"), path("shop/<int:pk>/", view, name="item")),
    ]


class PrefixedButTheDefault:
    urlpatterns = i18n_patterns(path("shop/", view, name="shop"), prefix_default_language=False)


class Translated:
    urlpatterns = [path(about, view, name="about")]


SITE = {
    "MIDDLEWARE": [LOCALE_MIDDLEWARE],
    "LANGUAGES": [("en", "English"), ("de", "German"), ("fr", "French")],
    "LANGUAGE_CODE": "fr",
}


@pytest.fixture(params=["en", "de"])
def editors_language(request: Any) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


@pytest.mark.usefixtures("editors_language")
@pytest.mark.parametrize(
    ("urlconf", "path", "name"),
    [
        (Prefixed, "/de/ueber/", "about"),
        (Prefixed, "/en/about/", "about"),
        (Prefixed, "/fr/about", "about"),
        (Prefixed, "/en/ueber/", None),
        (Prefixed, "/es/about/", None),
        (Prefixed, "/about/", None),
        (Prefixed, "/plain/", "plain"),
        (PrefixedButTheDefault, "/shop/", "shop"),
        (PrefixedButTheDefault, "/de/shop/", "shop"),
        (PrefixedButTheDefault, "/fr/shop/", None),
        (Translated, "/about/", "about"),
        (Translated, "/ueber/", "about"),
        (Translated, "/xyz/", None),
    ],
)
def test_a_view_is_found_in_its_language_whatever_the_editors(
    urlconf: type, path: str, name: str | None
) -> None:
    with override_settings(ROOT_URLCONF=urlconf, **SITE):
        match = routes.view_at(path)
    assert (match and match.url_name) == name


def test_without_the_middleware_there_is_one_language() -> None:
    with override_settings(ROOT_URLCONF=Prefixed, **SITE | {"MIDDLEWARE": []}):
        found = [routes.view_at(f"/{each}/about/") is not None for each in ("fr", "en")]
    assert found == [True, False]


@pytest.mark.usefixtures("editors_language")
@override_settings(ROOT_URLCONF=Prefixed, **SITE)
def test_routes_below_a_language() -> None:
    assert list(routes.routes_below("/de/")) == ["/de/ueber/", "/de/shop/<int:pk>/"]
    assert list(routes.routes_below("/en/shop/")) == ["/en/shop/<int:pk>/"]
    assert list(routes.routes_below("/nothing/")) == []


@pytest.mark.usefixtures("editors_language")
@pytest.mark.parametrize(
    ("urlconf", "path", "target"),
    [
        (Prefixed, "/about/", "/fr/about/"),
        (Prefixed, "/about", "/fr/about/"),
        (Prefixed, "/ueber/", "/de/ueber/"),
        (Prefixed, "/shop/7/", "/fr/shop/7/"),
        (Prefixed, "/de/nothing/", ""),
        (Prefixed, "/nothing/", ""),
        (PrefixedButTheDefault, "/shop/", ""),
        (Translated, "/about/", ""),
    ],
)
def test_where_an_address_without_a_language_leads(urlconf: type, path: str, target: str) -> None:
    with override_settings(ROOT_URLCONF=urlconf, **SITE):
        assert routes.language_redirect(path) == target
        assert routes.language_redirect(path, ["es"]) == ""
    with override_settings(ROOT_URLCONF=urlconf, **SITE | {"MIDDLEWARE": []}):
        assert routes.language_redirect(path) == ""


def test_many_languages_with_the_same_routes_are_looked_at_once() -> None:
    """By default a site has a hundred."""
    site = {"MIDDLEWARE": [LOCALE_MIDDLEWARE], "LANGUAGE_CODE": "en", "LANGUAGES": LANGUAGES}
    for urlconf, expected in (
        ("tests.urls_advice", ["en"]),
        (PrefixedButTheDefault, ["en"]),
        (Prefixed, ["en", "de"]),
    ):
        with override_settings(ROOT_URLCONF=urlconf, **site):
            assert list(routes._languages()) == expected
