"""The recipes of docs/howto/migrate.rst, beside the packages that they come from."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, serializers

from django_http_errors import exceptions as errors

from ..asking import JSON, PROBLEM
from ..samples import ROOT, samples
from .views import Validating, raising

standardized = pytest.mark.skipif(
    find_spec("drf_standardized_errors") is None, reason="drf-standardized-errors isn't installed"
)
canon = pytest.mark.skipif(find_spec("drf_canon") is None, reason="drf-canon isn't installed")


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes the handler of a recipe, by the name of its module."""
    from ..test_documentation import tree

    document, _ = tree((ROOT / "docs/howto/migrate.rst").read_text(encoding="utf-8"))
    modules = {
        arguments[0]: text for kind, text, arguments in samples(document) if kind == "module"
    }

    def make(name: str) -> Any:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(modules[name], name, "exec"), vars(module))  # noqa: S102
        return module.handle  # type: ignore[attr-defined]

    return make


class Line(serializers.Serializer):
    price = serializers.IntegerField(min_value=1)

    def validate(self, values: Any) -> Any:
        if values["price"] == 13:
            raise serializers.ValidationError("No luck.", code="luck")
        return values


class Order(serializers.Serializer):
    name = serializers.CharField(max_length=5)
    lines = Line(many=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)

    def validate(self, values: Any) -> Any:
        if values["name"] == "whole":
            raise serializers.ValidationError("Of the whole.")
        return values


class Taken(exceptions.APIException):
    status_code = 409


BODIES: list[Any] = [
    {},
    {"name": "too long", "lines": [{"price": 0}, {}, {"price": 1}]},
    {"name": None, "lines": "x"},
    {"name": "x", "lines": [], "tags": ["abcd", "ab", ""]},
    {"name": "whole", "lines": []},
    {"name": "x", "lines": [{"price": 1}, {"price": 13}]},
    [],
    "x",
]
MADE: list[Any] = [
    exceptions.NotFound,
    lambda: Http404("No Lamp matches the given query."),
    lambda: PermissionDenied("secret"),
    lambda: exceptions.PermissionDenied("Too much.", code="quota"),
    lambda: exceptions.Throttled(30),
    lambda: exceptions.MethodNotAllowed("GET"),
    lambda: exceptions.NotFound("No such lamp."),
    Taken,
    lambda: Taken("Sold.", code="sold"),
    lambda: exceptions.ValidationError("Of the whole."),
    lambda: exceptions.ValidationError({"q": ["Too short."]}),
    lambda: exceptions.ValidationError({"q": {"non_field_errors": ["Too short."]}}),
]


def answers(serve: Any, settings: Any, handlers: list[Any], make: Any, **options: Any) -> list[Any]:
    """Return what the API of `make` answers by each of `handlers`."""
    found = []
    for handler in handlers:
        settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
        found.append(make(serve).ask(**options))
    return found


def post(body: Any) -> dict[str, Any]:
    return {"method": "POST", "body": body}


@standardized
@pytest.mark.parametrize("body", BODIES)
def test_the_errors_of_standardized_errors_by_their_old_names(
    serve, settings, recipe, body: Any
) -> None:
    from drf_standardized_errors.handler import exception_handler

    old, both = answers(
        serve,
        settings,
        [exception_handler, recipe("shop.both")],
        lambda serve: serve(Validating.as_view(serializer_class=Order)),
        **post(body),
    )
    assert old.status_code == both.status_code == 400

    def told(response: Any) -> list[tuple[str, ...]]:
        errors = response.json()["errors"]
        return sorted((each["attr"], each["code"], each["detail"]) for each in errors)

    assert told(old) == told(both)
    for each in both.json()["errors"]:
        assert ("pointer" in each) == (each["attr"] != "non_field_errors")


@standardized
@pytest.mark.parametrize("make", MADE)
def test_other_errors_of_standardized_errors_by_their_old_names(
    serve, settings, recipe, make: Any
) -> None:
    from drf_standardized_errors.handler import exception_handler

    old, both = answers(
        serve,
        settings,
        [exception_handler, recipe("shop.both")],
        lambda serve: serve(raising(make)),
    )
    assert old.status_code == both.status_code
    (was,), (became,) = old.json()["errors"], both.json()["errors"]
    assert (became["attr"], became["code"]) == (was["attr"], was["code"])
    for name in ("Retry-After", "WWW-Authenticate"):
        assert old.get(name) == both.get(name)


@standardized
def test_a_crash_has_no_old_names(serve, settings, recipe) -> None:
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": recipe("shop.both")}
    crash = serve(raising(ZeroDivisionError)).ask()
    assert (crash.status_code, "errors" in crash.json()) == (500, False)


@standardized
def test_clients_of_standardized_errors_move_one_by_one(serve, settings, recipe) -> None:
    settings.REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": recipe("shop.transition"),
        "DEFAULT_RENDERER_CLASSES": [
            "rest_framework.renderers.JSONRenderer",
            "django_http_errors.rest_framework.ProblemJSONRenderer",
        ],
    }
    api = serve(Validating.as_view(serializer_class=Order))
    assert api.post({}).json()["type"] == "validation_error"
    assert api.post({}, accept=f"{PROBLEM}, {JSON};q=0.5").json()["type"] == "about:blank"
    gone = serve(raising(lambda: errors.Gone("It was sold."))).ask()
    assert (gone.status_code, gone.json()["detail"]) == (410, "It was sold.")


@canon
@pytest.mark.parametrize("body", BODIES)
def test_the_errors_of_canon(serve, settings, recipe, body: Any) -> None:
    from drf_canon.errors import exception_handler

    old, new = answers(
        serve,
        settings,
        [exception_handler, recipe("shop.canon")],
        lambda serve: serve(Validating.as_view(serializer_class=Order)),
        **post(body),
    )
    assert old.status_code == new.status_code == 400
    assert old.json()["type"] == new.json()["type"]

    def told(response: Any) -> list[tuple[str, ...]]:
        errors = response.json()["errors"]
        return [(each["location"], each["pointer"], each["detail"]) for each in errors]

    assert told(old) == told(new)


@canon
@pytest.mark.parametrize("make", MADE)
def test_the_types_of_canon(serve, settings, recipe, make: Any) -> None:
    from drf_canon.errors import exception_handler

    old, new = answers(
        serve,
        settings,
        [exception_handler, recipe("shop.canon")],
        lambda serve: serve(raising(make)),
    )
    assert old.status_code == new.status_code
    assert {name: old.json()[name] for name in ("type", "status")} == {
        name: new.json()[name] for name in ("type", "status")
    }


@canon
def test_a_query_parameter_of_canon(serve, settings, recipe) -> None:
    from drf_canon.errors import QueryParamError, exception_handler

    old, new = answers(
        serve,
        settings,
        [exception_handler, recipe("shop.canon")],
        lambda serve: serve(raising(lambda: QueryParamError({"since": "Use a date."}))),
        path="/api/?since=x",
    )
    (was,), (became,) = old.json()["errors"], new.json()["errors"]
    assert was.items() <= became.items()
    assert became["parameter"] == "since"
