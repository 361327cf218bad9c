"""Errors name what was sent: a member of the body, or a query parameter, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.conf import global_settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import path
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy
from rest_framework import pagination, serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from django_http_errors.rest_framework import ExceptionHandler

from ..asking import MIDDLEWARE
from .conftest import COMMON, LOCALE
from .views import PlainView, raising

Place = tuple[str | None, str | None]


class Search(serializers.Serializer):
    since = serializers.DateField()
    size = serializers.IntegerField(required=False)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("size") == 7:
            raise ValidationError("Not seven.")
        return attrs


class Row(serializers.Serializer):
    count = serializers.IntegerField()
    owner = serializers.IntegerField(required=False)


def places(response: Any) -> list[Place]:
    """Return the pointer and the parameter of each error."""
    assert response.status_code == response.json()["status"] == 400
    return [(each.get("pointer"), each.get("parameter")) for each in response.json()["errors"]]


def details(response: Any) -> list[str]:
    return [each["detail"] for each in response.json()["errors"]]


def validating(
    serializer: type[serializers.Serializer], what: Callable[[Request], Any], **options: Any
) -> Any:
    """Return a view that validates `what` of its request."""

    class View(PlainView):
        def get(self, request: Request, **kwargs: Any) -> Response:
            assert request.data is not None  # It is parsed.
            for data in what(request) if options.get("each") else [what(request)]:
                serializer(data=data).is_valid(raise_exception=True)
            return Response({})

        post = delete = get

    return View.as_view()


# Query parameters


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "what",
    [
        lambda request: request.query_params,
        lambda request: request.GET,
        lambda request: request.query_params.dict(),
        lambda request: request.query_params.copy(),
    ],
)
def test_a_serializer_on_query_parameters(serve, what: Any, method: str) -> None:
    api = serve(validating(Search, what))
    assert places(api.ask("/api/?size=x", method=method)) == [(None, "since"), (None, "size")]
    assert places(api.ask("/api/?since=2026-01-01&size=7", method=method)) == [(None, None)]


def test_an_item_of_a_repeated_parameter(serve) -> None:
    """The parameter has a name; its place among those of the same name has none."""
    api = serve(validating(Search, lambda request: request.query_params))
    assert places(api.ask("/api/?since=2026-01-01&tags=1&tags=x")) == [(None, "tags")]


def test_a_parameter_of_a_serializer_within_another(serve) -> None:
    class Outer(serializers.Serializer):
        row = Row()

    api = serve(validating(Outer, lambda request: request.query_params))
    assert places(api.ask("/api/?row.count=x")) == [(None, "row.count")]


def test_nothing_was_sent(serve) -> None:
    """What is missing could only have been a parameter."""
    for what in (lambda request: request.query_params, lambda request: request.query_params.dict()):
        assert places(serve(validating(Search, what)).ask()) == [(None, "since")]


class Picky(BaseFilterBackend):
    """Refuses by hand what it is asked for, as django-filter does."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        raise ValidationError({"colour": ["Which one?"]})


class Pages(pagination.PageNumberPagination):
    page_size = 2
    page_query_param = "leaf"


class Cursor(pagination.CursorPagination):
    page_size = 2
    ordering = "id"


def listing(**attributes: Any) -> Any:
    class Names(serializers.ModelSerializer):
        class Meta:
            model = Group
            fields = ("name",)

    return ListAPIView.as_view(
        queryset=Group.objects.order_by("id"),
        serializer_class=Names,
        authentication_classes=[],
        permission_classes=[],
        **attributes,
    )


def test_what_a_filter_refuses(serve) -> None:
    api = serve(listing(filter_backends=[Picky]))
    assert places(api.ask()) == [(None, "colour")]
    assert places(api.ask("/api/?colour=x", body={"colour": "x"})) == [(None, "colour")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("paginator", "parameter"), [(Pages, "leaf"), (Cursor, "cursor")], ids=["page", "cursor"]
)
def test_what_a_paginator_refuses(serve, paginator: Any, parameter: str) -> None:
    response = serve(listing(pagination_class=paginator)).ask(f"/api/?{parameter}=x")
    members = response.json()
    assert response.status_code == members["status"] == 404
    assert members["errors"] == [
        {"detail": members["detail"], "parameter": parameter, "code": "not_found"}
    ]


class OwnPages(Pages):
    invalid_page_message = format_lazy("{start}: {{page_number}}.", start=gettext_lazy("Page"))


@pytest.mark.django_db
@pytest.mark.parametrize("paginator", [Pages, OwnPages, Cursor])
@pytest.mark.parametrize(
    ("asked", "language"), [("pt", "en"), ("zh-tw", "en"), ("fi", "en"), ("de", "de"), ("en", "en")]
)
def test_what_a_paginator_says_is_in_the_language_of_the_rest(
    serve, settings, paginator: Any, asked: str, language: str
) -> None:
    """REST framework puts it into languages that the app has no words in."""
    settings.MIDDLEWARE = [LOCALE, COMMON, MIDDLEWARE]
    settings.LANGUAGES = global_settings.LANGUAGES
    api = serve(listing(pagination_class=paginator))
    response = api.ask("/api/?leaf=99&cursor=x", **{"accept-language": asked})
    assert response["Content-Language"] == language
    with translation.override(language):
        message = getattr(paginator, "invalid_page_message", Cursor.invalid_cursor_message)
        words = message.format(page_number=99)
    members = response.json()
    assert [members["detail"], members["errors"][0]["detail"]] == [words, words]


def test_another_404_names_nothing(serve) -> None:
    assert "errors" not in serve(raising(lambda: NotFound("No."))).ask("/api/?page=2").json()


# The body


@pytest.mark.parametrize(
    ("what", "body", "pointers"),
    [
        (lambda request: request.data, {"count": "x"}, ["/count"]),
        (lambda request: request.data.copy(), {"count": "x"}, ["/count"]),
        (lambda request: {**request.data, "owner": "x"}, {"count": 1}, [None]),
        (lambda request: {**request.data, "owner": "x"}, {}, ["/count", None]),
        (lambda request: request.data["row"], {"row": {"count": "x"}}, ["/row/count"]),
        (lambda request: request.data["row"], {"row": {}}, ["/row/count"]),
        (lambda request: request.data["row"], {"row": [1]}, ["/row"]),
        (
            lambda request: request.data["a"]["b"][1],
            {"a": {"b": [{}, {"owner": 1}]}},
            ["/a/b/1/count"],
        ),
        (lambda request: {"count": "x"}, {"a": 1}, [None]),
        (lambda request: {}, {"a": 1}, [None]),
        (lambda request: dict(request.data["row"]), {"row": {"count": "x"}}, [None]),
    ],
)
def test_a_serializer_on_a_part_of_the_body(serve, what: Any, body: Any, pointers: Any) -> None:
    response = serve(validating(Row, what)).post(body)
    assert places(response) == [(pointer, None) for pointer in pointers]


def test_one_item_after_the_other(serve) -> None:
    api = serve(validating(Row, lambda request: request.data, each=True))
    assert places(api.post([{"count": 1}, {"count": "x"}])) == [("/1/count", None)]


def test_a_body_that_nobody_has_read(serve) -> None:
    """It isn't read for the error's sake, and may still be what the view means."""

    class View(PlainView):
        def post(self, request: Request, **kwargs: Any) -> Response:
            raise ValidationError({"count": ["x"]})

    assert places(serve(View.as_view()).post(b"{no JSON")) == [("/count", None)]


def test_a_large_body_is_not_searched_without_end(serve, monkeypatch) -> None:
    api = serve(validating(Row, lambda request: request.data["a"]["b"]["c"]))
    for most, pointer in ((3, "/a/b/c/count"), (2, None)):
        monkeypatch.setattr("django_http_errors.rest_framework.errors.MOST_LOOKED_AT", most)
        assert places(api.post({"a": {"b": {"c": {}}}})) == [(pointer, None)]


# Raised by hand


@pytest.mark.parametrize(
    ("method", "address", "body", "place"),
    [
        ("GET", "/api/", None, (None, "a")),
        ("GET", "/api/?a=1", None, (None, "a")),
        ("GET", "/api/?a=1", {"a": 1}, ("/a", None)),
        ("HEAD", "/api/?a=1", None, None),
        ("POST", "/api/", {"a": 1}, ("/a", None)),
        ("POST", "/api/", {}, ("/a", None)),
        ("POST", "/api/?a=1", {}, (None, "a")),
        ("POST", "/api/?a=1", {"a": 1}, ("/a", None)),
        ("DELETE", "/api/", None, (None, None)),
        ("DELETE", "/api/?a=1", None, (None, "a")),
        ("DELETE", "/api/", {"a": 1}, ("/a", None)),
        # What the URL names isn't in the body, nor a parameter.
        ("GET", "/api/1/", None, (None, None)),
        ("POST", "/api/1/", {}, (None, None)),
        ("POST", "/api/1/", {"a": 1}, ("/a", None)),
        ("GET", "/api/1/?a=1", None, (None, "a")),
    ],
)
def test_names_without_a_serializer(
    serve, method: str, address: str, body: Any, place: Any
) -> None:
    class View(PlainView):
        def get(self, request: Request, **kwargs: Any) -> Response:
            assert request.data is not None  # It is parsed.
            raise ValidationError({"a": ["x"]})

        post = delete = get

    api = serve(routes=[path("api/", View.as_view()), path("api/<int:a>/", View.as_view())])
    response = api.ask(address, method=method, body=body)
    if place is not None:
        assert places(response) == [place]


def test_a_place_within_what_nobody_sent(serve) -> None:
    """A parameter has no parts."""
    response = serve(raising(lambda: ValidationError({"a": {"b": ["x"]}}))).ask()
    assert places(response) == [(None, None)]
    assert details(response) == ["a.b: x"]


@pytest.mark.parametrize(
    ("method", "address", "raised", "said"),
    [
        ("POST", "/api/1/", {"pk": ["Unknown lamp."]}, ["pk: Unknown lamp."]),
        (
            "DELETE",
            "/api/",
            {"reason": ["One.", "Two."], "date": {"from": ["bad"]}},
            ["reason: One.", "reason: Two.", "date.from: bad"],
        ),
        ("DELETE", "/api/", {"non_field_errors": ["No."]}, ["No."]),
    ],
)
def test_what_has_no_place_has_its_name_before_it(
    serve, method: str, address: str, raised: Any, said: list[str]
) -> None:
    view = raising(lambda: ValidationError(raised))
    api = serve(routes=[path("api/", view), path("api/<int:pk>/", view)])
    response = api.ask(address, method=method, body={} if method == "POST" else None)
    assert places(response) == [(None, None)] * len(said)
    assert details(response) == said


def test_the_name_of_what_the_view_has_added(serve) -> None:
    api = serve(validating(Row, lambda request: {**request.data, "owner": "anon"}))
    assert details(api.post({"count": 1})) == ["owner: A valid integer is required."]


def test_the_name_is_in_the_spelling_of_the_client(serve, settings) -> None:
    class Shouting(ExceptionHandler):
        def spell(self, names: Any) -> Any:
            return [name.upper() for name in names]

    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": lambda *given: Shouting(*given).run()}
    api = serve(raising(lambda: ValidationError({"reason": ["x"]})))
    assert details(api.ask(method="DELETE")) == ["REASON: x"]


# Django's own


@pytest.fixture
def registered(settings) -> None:
    settings.HTTP_ERRORS = {"EXCEPTIONS": {"django.core.exceptions.ValidationError": 400}}


def by_field() -> DjangoValidationError:
    whole = DjangoValidationError("All %(what)s.", code="all", params={"what": "wrong"})
    return DjangoValidationError({"__all__": whole, "name": ["Too long.", "Too odd."]})


ERRORS = [
    {"detail": "All wrong.", "code": "all"},
    {"detail": "Too long.", "pointer": "/name", "code": "invalid"},
    {"detail": "Too odd.", "pointer": "/name", "code": "invalid"},
]


@pytest.mark.usefixtures("registered")
def test_messages_of_djangos_by_field(serve) -> None:
    problem = serve(raising(by_field)).post({}).json()
    assert problem["status"] == 400
    assert problem["errors"] == ERRORS
    problem = serve(raising(by_field)).ask("/api/?name=x").json()
    assert problem["errors"][1] == {"detail": "Too long.", "parameter": "name", "code": "invalid"}


@pytest.mark.usefixtures("registered")
def test_messages_of_djangos_in_a_plain_view(serve) -> None:
    def view(request: Any) -> None:
        raise by_field()

    assert serve(view).post({}).json()["errors"] == ERRORS


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("detail", ["One.", ["One."], DjangoValidationError("One.")])
def test_messages_of_djangos_about_the_whole(serve, detail: Any) -> None:
    problem = serve(raising(lambda: DjangoValidationError(detail))).post({}).json()
    assert problem["errors"] == [{"detail": "One.", "code": "invalid"}]


@pytest.mark.usefixtures("registered")
def test_one_of_djangos_that_can_not_be_read(serve, own_records: list) -> None:
    class Own(DjangoValidationError):
        def __init__(self) -> None:
            """Leave out what Django's does."""

    response = serve(raising(Own)).post({})
    assert response.status_code == response.json()["status"] == 400
    assert own_records


def test_django_s_are_crashes_without_that(serve) -> None:
    assert serve(raising(by_field)).post({}).status_code == 500
