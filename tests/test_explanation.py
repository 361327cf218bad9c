"""Why an address is answered as it is."""

from __future__ import annotations

import pytest
from django.test import override_settings

from django_http_errors.explaining import explanation

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
def test_the_plain_beginning_of_a_regular_expression(regex: str, found: tuple) -> None:
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
