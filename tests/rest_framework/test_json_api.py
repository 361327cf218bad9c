"""Errors in JSON:API. djangorestframework-jsonapi is asked for real by ``make neighbours``."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.contrib.auth.models import Group
from rest_framework import exceptions, serializers
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer

from django_http_errors.core.statuses import error_status
from django_http_errors.exceptions import Conflict
from django_http_errors.problems import InvalidPart
from django_http_errors.rest_framework import exception_handler
from django_http_errors.rest_framework.json_api import JSONAPIRenderer, error_objects

from ..asking import HTML
from .conftest import both_ways
from .views import Validating, raising

JSON_API = "application/vnd.api+json"


class APIRenderer(JSONRenderer):
    """Writes errors as the package's does."""

    media_type = JSON_API
    format = "vnd.api+json"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().render({"errors": data}, *args, **kwargs)


class Member(serializers.Serializer):
    id = serializers.IntegerField(required=False)
    first_name = serializers.CharField()
    group = serializers.PrimaryKeyRelatedField(queryset=Group.objects)
    groups = serializers.PrimaryKeyRelatedField(queryset=Group.objects, many=True)


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("rest_framework_json_api.utils")
    vars(module)["format_field_name"] = lambda name: name.replace("_", "-")
    monkeypatch.setitem(sys.modules, "rest_framework_json_api", ModuleType("package"))
    monkeypatch.setitem(sys.modules, "rest_framework_json_api.utils", module)


@both_ways
def test_what_is_wrong_with_a_document(serve, settings, middleware: list) -> None:
    """Each has its place in the document that was sent, which the parser has flattened."""
    settings.MIDDLEWARE = middleware
    view = Validating.as_view(serializer_class=Member, renderer_classes=[APIRenderer])
    response = serve(view).post({"id": "x"}, accept=JSON_API)
    assert response.status_code == 400
    assert response["Content-Type"] == JSON_API
    assert {each["source"]["pointer"]: each["code"] for each in response.json()["errors"]} == {
        "/data/id": "invalid",
        "/data/attributes/first-name": "required",
        "/data/relationships/group": "required",
        "/data/relationships/groups": "required",
    }
    assert response.json()["errors"][0]["status"] == "400"


def test_in_the_browsable_api(serve) -> None:
    renderers = [APIRenderer, BrowsableAPIRenderer]
    response = serve(raising(exceptions.NotFound, renderer_classes=renderers)).ask(accept=HTML)
    assert b"&quot;errors&quot;: [" in response.content


def test_what_a_handler_adds_is_said(serve, settings) -> None:
    def handler(exc: Exception, context: Any) -> Any:
        response: Any = exception_handler(exc, context)
        response.data["trace"] = "7"
        return response

    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
    view = raising(exceptions.NotFound, renderer_classes=[APIRenderer])
    (error,) = serve(view).ask(accept=JSON_API).json()["errors"]
    assert error["meta"]["trace"] == "7"
    assert error["meta"]["instance"] == "/api/"


def test_data_of_a_handler_stay_as_they_are(serve, settings) -> None:
    def handler(exc: Exception, context: Any) -> Any:
        response: Any = exception_handler(exc, context)
        response.data = [{"detail": "own"}]
        return response

    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
    view = raising(exceptions.NotFound, renderer_classes=[APIRenderer])
    assert serve(view).ask(accept=JSON_API).json()["errors"] == [{"detail": "own"}]


def test_one_error_object_for_a_problem() -> None:
    problem = Conflict(
        "Somebody was faster.",
        type="https://example.com/clash",
        code="clash",
        extensions={"seat": 12},
    ).problem
    assert json.loads(JSONAPIRenderer().render(problem)) == {
        "errors": [
            {
                "status": "409",
                "title": "Conflict",
                "links": {"type": "https://example.com/clash"},
                "meta": {"permanence": "unknown", "seat": 12},
                "detail": "Somebody was faster.",
                "code": "clash",
            }
        ]
    }


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (InvalidPart("x"), None),
        (InvalidPart("x", ""), {"pointer": "/data"}),
        (InvalidPart("x", "/type"), {"pointer": "/data/type"}),
        (InvalidPart("x", "/first_name/0/a_b"), {"pointer": "/data/attributes/first-name/0/a_b"}),
        (InvalidPart("x", parameter="page[size]"), {"parameter": "page[size]"}),
    ],
)
def test_where_each_error_is(part: InvalidPart, source: Any) -> None:
    members = error_status(400).problem(errors=(part,)).as_dict()
    (error,) = error_objects(members)
    assert error.get("source") == source
