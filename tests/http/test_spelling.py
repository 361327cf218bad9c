"""Names in the spelling of the site's API, by a package that is as djangorestframework-camel-case.

The package itself is asked for real by ``make neighbours``.
"""

from __future__ import annotations

import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import path

from django_http_errors.http.spelling import as_in_query, is_camel_case, spelled

from ..asking import JSON, MIDDLEWARE, PROBLEM

PACKAGE = "djangorestframework_camel_case"
CAMEL_MIDDLEWARE = f"{PACKAGE}.middleware.CamelCaseMiddleWare"
OPTIONS = {"ignore_keys": ("as_is",)}


def camelize(data: Any, ignore_keys: Any = ()) -> Any:
    if isinstance(data, dict):
        return {
            name if name in ignore_keys else re.sub("_(.)", lambda m: m[1].upper(), name): camelize(
                value, ignore_keys
            )
            for name, value in data.items()
        }
    return [camelize(each, ignore_keys) for each in data] if isinstance(data, list) else data


class CamelCaseJSONRenderer:
    """Stands for the package's, by the module that it says it is in."""

    json_underscoreize = OPTIONS


CamelCaseJSONRenderer.__module__ = f"{PACKAGE}.render"


class Own(CamelCaseJSONRenderer):
    """A project's."""


class Plain:
    """A renderer of another kind."""


class WithoutOptions:
    """A parser of forms has none of its own."""


WithoutOptions.__module__ = f"{PACKAGE}.parser"


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, members in {
        "": {},
        ".util": {"camelize": camelize},
        ".settings": {"api_settings": SimpleNamespace(JSON_UNDERSCOREIZE={})},
        ".render": {"CamelCaseJSONRenderer": CamelCaseJSONRenderer},
    }.items():
        module = ModuleType(PACKAGE + name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, PACKAGE + name, module)


@pytest.mark.parametrize(
    ("renderers", "name"),
    [
        ([CamelCaseJSONRenderer], "retryAfter"),
        ([f"{PACKAGE}.render.CamelCaseJSONRenderer"], "retryAfter"),
        ([Plain, Own], "retryAfter"),
        ([WithoutOptions], "retryAfter"),
        ([Plain], "retry_after"),
        ([], "retry_after"),
        (None, "retry_after"),
        ([f"{__name__}.NoSuchRenderer"], "retry_after"),
    ],
)
def test_members_are_spelled_as_the_api_does(
    settings, renderers: Any, name: str, own_records: list
) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": renderers}
    assert spelled({"retry_after": 1, "errors": [{"a": "b_c"}]}) == {
        name: 1,
        "errors": [{"a": "b_c"}],
    }
    # A site may have the settings of an API, and no REST framework.
    assert own_records == []


def test_no_api(settings) -> None:
    settings.REST_FRAMEWORK = None
    assert spelled({"retry_after": 1}) == {"retry_after": 1}


def test_its_options_count(settings) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": [Own]}
    assert spelled({"as_is": 1}) == {"as_is": 1}


@pytest.mark.parametrize("accept", [PROBLEM, JSON])
def test_the_answers_of_the_middleware(settings, accept: str) -> None:
    """They are spelled as the API's, those that are prepared too."""
    settings.REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": [CamelCaseJSONRenderer]}
    settings.MIDDLEWARE = [MIDDLEWARE]

    def crash(request: Any) -> None:
        raise ZeroDivisionError

    def denied(request: Any) -> None:
        raise PermissionDenied

    urlconf = ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = [path("a/", crash), path("b/", denied)]
    settings.ROOT_URLCONF = urlconf
    client = Client(raise_request_exception=False)
    for _ in range(2):
        members = client.get("/a/", headers={"accept": accept}).json()
        assert members["requestId"]
        assert "request_id" not in members
        assert client.get("/b/", headers={"accept": accept}).json()["instance"] == "/b/"


@pytest.mark.parametrize(
    ("middleware", "query", "name"),
    [
        ([CAMEL_MIDDLEWARE], "pageSize=1", "pageSize"),
        ([CAMEL_MIDDLEWARE], "page_size=1", "page_size"),
        ([CAMEL_MIDDLEWARE], "page%5Fsize=1&x", "page_size"),
        ([CAMEL_MIDDLEWARE], "", "pageSize"),
        ([], "pageSize=1", "page_size"),
        ([], "", "page_size"),
    ],
)
def test_a_parameter_is_spelled_as_it_was_sent(
    settings, middleware: list[str], query: str, name: str
) -> None:
    settings.MIDDLEWARE = middleware
    assert as_in_query("page_size", {"QUERY_STRING": query}) == name


def test_which_classes_change_names() -> None:
    assert is_camel_case(Own)
    assert not is_camel_case(Plain)
