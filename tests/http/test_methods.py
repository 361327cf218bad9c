"""Which methods a view takes, read off the view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)
from django.views.generic import TemplateView, View

from django_http_errors.http.methods import allowed_methods
from django_http_errors.views import NotFoundView


def answer(*args: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("fine")


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


async def async_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


class Readable(View):
    get = answer


class Writable(View):
    post = put = answer


class Both(Readable, Writable):
    pass


class Limited(Both):
    http_method_names = ["get", "delete"]


class Instance:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("fine")


def of(function: Any) -> tuple[str, ...]:
    request = RequestFactory().delete("/")
    request.resolver_match = ResolverMatch(function, (), {})
    return allowed_methods(request)


def django_says(function: Callable[..., HttpResponse]) -> set[str]:
    """Return the Allow field of Django's own 405."""
    response = function(RequestFactory().generic("BREW", "/"))
    assert response.status_code == 405
    return {each.strip() for each in response.headers["Allow"].split(",") if each.strip()}


CLASSES = [
    Readable.as_view(),
    Writable.as_view(),
    Both.as_view(),
    Limited.as_view(),
    Both.as_view(http_method_names=["get"]),
    Both.as_view(http_method_names=["post", "options"]),
    TemplateView.as_view(template_name="x.html"),
    csrf_exempt(never_cache(Both.as_view())),
]


@pytest.mark.parametrize("function", CLASSES)
def test_a_class_based_view_takes_what_django_says_it_takes(
    function: Callable[..., HttpResponse],
) -> None:
    """HEAD among them where there is GET, which `View` adds when it is called."""
    methods = of(function)
    assert set(methods) == django_says(function)
    assert len(set(methods)) == len(methods)


DECORATED = [
    (require_GET, ("GET",)),
    (require_POST, ("POST",)),
    (require_safe, ("GET", "HEAD")),
    (require_http_methods(["PUT", "PATCH"]), ("PUT", "PATCH")),
    (require_http_methods(("GET",)), ("GET",)),
]


@pytest.mark.parametrize("function", [view, async_view])
@pytest.mark.parametrize(("decorator", "methods"), DECORATED)
def test_a_function_takes_what_its_decorator_says(
    function: Callable[..., Any], decorator: Callable[..., Any], methods: tuple[str, ...]
) -> None:
    assert of(decorator(function)) == methods


@pytest.mark.parametrize("function", [view, async_view])
def test_the_decorator_is_found_among_others(function: Callable[..., Any]) -> None:
    assert of(never_cache(csrf_exempt(require_POST(never_cache(function))))) == ("POST",)


def test_a_decorator_narrows_a_class() -> None:
    function = require_http_methods(["GET", "DELETE"])(Both.as_view())
    assert set(of(function)) == {"GET"}
    assert set(of(login_required(Readable.as_view()))) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "function", [view, async_view, never_cache(view), partial(view), Instance(), len]
)
def test_a_view_that_doesnt_say_has_an_empty_list(function: Any) -> None:
    assert of(function) == ()


@pytest.mark.conformance("rfc9110-15.5.6-allow")
def test_an_address_without_a_view_has_an_empty_list(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert allowed_methods(request) == ()
    del request.resolver_match
    assert allowed_methods(request) == ()


def test_decorators_that_lead_in_a_circle_end() -> None:
    @wraps(view)
    def function(request: HttpRequest) -> HttpResponse:
        return view(request)

    function.__wrapped__ = function  # type: ignore[attr-defined]
    assert of(function) == ()


def test_an_error_view_takes_any_method() -> None:
    """It has no 405 to answer; but nothing breaks on it."""
    assert set(of(NotFoundView.as_view())) <= {"OPTIONS"}


def test_a_view_set_takes_what_its_actions_are_bound_to() -> None:
    viewsets = pytest.importorskip("rest_framework.viewsets")

    class Documents(viewsets.ViewSet):
        list = create = retrieve = answer

    collection = Documents.as_view({"get": "list", "post": "create"})
    assert {"GET", "POST", "OPTIONS"} <= set(of(collection)) <= {"GET", "HEAD", "POST", "OPTIONS"}
    # An OPTIONS of its own is no second one.
    assert sorted(of(Documents.as_view({"put": "create", "options": "list"}))) == [
        *("OPTIONS", "PUT")
    ]


def test_a_view_of_rest_framework_takes_its_methods() -> None:
    views = pytest.importorskip("rest_framework.views")
    decorators = pytest.importorskip("rest_framework.decorators")

    class Documents(views.APIView):
        get = answer

    assert {"GET", "OPTIONS"} <= set(of(Documents.as_view())) <= {"GET", "HEAD", "OPTIONS"}
    methods = set(of(decorators.api_view(["POST"])(view)))
    assert methods == {"POST", "OPTIONS"}
