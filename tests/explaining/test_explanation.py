"""Why a path is answered as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from django_http_errors import handlers
from django_http_errors.explaining import explanation
from django_http_errors.explaining.handlers import HANDLED

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
    match = explanation.view_at(path)
    assert (match and match.url_name) == name


@pytest.mark.parametrize(
    ("path", "routes"),
    [
        ("/shop/", ["/shop/<int:pk>/"]),
        ("/shop", ["/shop/<int:pk>/"]),
        ("/news/", ["/news/<int:year>/", "/news/feed"]),
        ("/wiki/", ["/wiki/(?P<page>.+)"]),
        ("/many/5/", []),
        ("/nothing/", []),
    ],
)
def test_routes_below_an_address(path: str, routes: list[str]) -> None:
    assert list(explanation.routes_below(path)) == routes


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
    from django.urls.resolvers import RegexPattern

    assert explanation._literal(RegexPattern(regex)) == found


@override_settings(ALLOWED_HOSTS=["a.example", ".b.example"])
def test_own_hosts() -> None:
    hosts = ("a.example", "www.b.example", "c.example", "not a host")
    assert [explanation.is_own_host(host) for host in hosts] == [True, True, False, False]


def test_two_slashes_begin_no_host() -> None:
    """What Django's RequestFactory takes for a host is a part of the path."""
    request = explanation.request_for("//evil.example/x?a=1")
    assert request.path_info == "//evil.example/x"
    assert request.get_host() == "localhost"
    assert request.GET["a"] == "1"


# Handlers.


def own_handler(request: Any, exception: Any = None) -> None:
    """A handler of the site's, which answers by itself."""


class OwnHandlers:
    urlpatterns: list[Any] = []
    handler403 = handlers.handler403
    handler404 = own_handler
    handler500 = f"{__name__}.own_handler"


class NoSuchHandlers:
    urlpatterns: list[Any] = []
    handler404 = "no.such.handler"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 410, 500])
def test_the_sites_own_handler_is_named(status: int, settings: Any) -> None:
    assert explanation.explain("/x/", status=status).handler == ""
    settings.ROOT_URLCONF = OwnHandlers
    expected = f"{__name__}.own_handler" if status in (404, 500) else ""
    assert explanation.explain("/x/", status=status).handler == expected


@pytest.mark.django_db
def test_a_handler_that_is_not_there_is_no_reason_to_fail(settings: Any) -> None:
    settings.ROOT_URLCONF = NoSuchHandlers
    assert explanation.explain("/x/").handler == ""


@pytest.mark.django_db
def test_without_the_defaults_the_handlers_are_djangos(settings: Any) -> None:
    settings.HTTP_ERRORS = {"DEFAULT_HANDLERS": False}
    found = [explanation.explain("/x/", status=status).handler for status in HANDLED]
    names = ("bad_request", "permission_denied", "page_not_found", "server_error")
    assert found == [f"django.views.defaults.{name}" for name in names]
