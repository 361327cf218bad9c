"""Validation errors of any nesting: each points to the part of the body that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError as DjangoValidationError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.views import APIView

from django_http_errors.core.bounded_errors import MOST_CHARACTERS, MOST_ERRORS
from django_http_errors.core.statuses import error_status
from django_http_errors.rest_framework.errors import invalid_parts

from .views import Validating, raising


class Line(serializers.Serializer):
    sku = serializers.CharField(max_length=4)
    count = serializers.IntegerField(min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["sku"] == "none":
            raise ValidationError("There is none.", code="sold_out")
        return attrs


class Lines(serializers.ListSerializer):
    def validate(self, attrs: list[Any]) -> list[Any]:
        if len(attrs) > 4:
            raise ValidationError("Four lines are enough.", code="too_many")
        return attrs


class Address(serializers.Serializer):
    street = serializers.CharField()
    number = serializers.IntegerField()


class Item(Line):
    address = Address(required=False)

    class Meta:
        list_serializer_class = Lines


class Order(serializers.Serializer):
    name = serializers.CharField(max_length=5)
    code = serializers.CharField(required=False)
    address = Address()
    lines = Item(many=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
    grid = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), max_length=3),
        required=False,
    )
    scores = serializers.DictField(child=serializers.IntegerField(), required=False)
    stock = serializers.DictField(child=Line(), required=False)

    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "a/b": serializers.IntegerField(required=False),
            "c~d": serializers.IntegerField(required=False),
            "": serializers.IntegerField(required=False),
        }

    def validate_code(self, value: str) -> str:
        if value == "two":
            raise ValidationError([ErrorDetail("One.", "one"), ErrorDetail("Two.", "two")])
        if value == "django":
            raise DjangoValidationError("No %(what)s.", code="custom", params={"what": "way"})
        if value == "plain":
            raise ValidationError("No.")
        return value


RIGHT = {"name": "Ada", "address": {"street": "Lane", "number": 1}}
LINE = {"sku": "a", "count": 1}

WRONG: list[tuple[Any, list[tuple[str | None, str]]]] = [
    # (the body, or what is added to a right one; pointer and code of each error)
    ({}, [("/name", "required"), ("/address", "required")]),
    ({**RIGHT, "name": "Augusta"}, [("/name", "max_length")]),
    ({**RIGHT, "name": None}, [("/name", "null")]),
    ({**RIGHT, "code": "two"}, [("/code", "one"), ("/code", "two")]),
    ({**RIGHT, "code": "django"}, [("/code", "custom")]),
    ({**RIGHT, "code": "plain"}, [("/code", "invalid")]),
    (
        {**RIGHT, "address": {"street": ""}},
        [("/address/street", "blank"), ("/address/number", "required")],
    ),
    ({**RIGHT, "address": "Lane 1"}, [("/address", "invalid")]),
    ({**RIGHT, "address": None}, [("/address", "null")]),
    (
        {**RIGHT, "lines": [LINE, {"sku": "b", "count": 0}, LINE, {}]},
        [
            ("/lines/1/count", "min_value"),
            ("/lines/3/sku", "required"),
            ("/lines/3/count", "required"),
        ],
    ),
    ({**RIGHT, "lines": [LINE, {"sku": "none", "count": 1}]}, [("/lines/1", "sold_out")]),
    ({**RIGHT, "lines": [LINE, 7]}, [("/lines/1", "invalid")]),
    ({**RIGHT, "lines": [LINE] * 5}, [("/lines", "too_many")]),
    ({**RIGHT, "lines": LINE}, [("/lines", "not_a_list")]),
    (
        {**RIGHT, "lines": [{**LINE, "address": {"street": "x", "number": "y"}}]},
        [("/lines/0/address/number", "invalid")],
    ),
    (
        {**RIGHT, "tags": ["abc", "abcd", "", "x"]},
        [("/tags/1", "max_length"), ("/tags/2", "blank")],
    ),
    ({**RIGHT, "tags": "abc"}, [("/tags", "not_a_list")]),
    (
        {**RIGHT, "grid": [[1, 2], [3, "x"], [1, 2, 3, 4]]},
        [("/grid/1/1", "invalid"), ("/grid/2", "max_length")],
    ),
    (
        {**RIGHT, "scores": {"x": 1, "y/z": "?", "~": None}},
        [("/scores/y~1z", "invalid"), ("/scores/~0", "null")],
    ),
    ({**RIGHT, "scores": [1]}, [("/scores", "not_a_dict")]),
    (
        {**RIGHT, "stock": {"here": LINE, "there": {"sku": "none", "count": 2}}},
        [("/stock/there", "sold_out")],
    ),
    (
        {**RIGHT, "a/b": "x", "c~d": "x", "": "x"},
        [("/a~1b", "invalid"), ("/c~0d", "invalid"), ("/", "invalid")],
    ),
    ("text", [(None, "invalid")]),
    (17, [(None, "invalid")]),
    ([RIGHT], [(None, "invalid")]),
]


def told(response: Any) -> list[tuple[str | None, str | None]]:
    assert response.status_code == response.json()["status"] == 400
    return [(each.get("pointer"), each.get("code")) for each in response.json()["errors"]]


def resolved(document: Any, pointer: str) -> Any:
    """Return what `pointer` stands for in `document` (RFC 6901, section 4), `empty` for nothing.

    Only the last step may lead to nothing: a member that is missing.
    """
    assert pointer == "" or pointer.startswith("/")
    for token in pointer.split("/")[1:]:
        assert document is not empty
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)]
        else:
            assert isinstance(document, dict)
            document = document.get(key, empty)
    return document


@pytest.mark.parametrize(("body", "errors"), WRONG, ids=json.dumps)
def test_each_error_points_to_what_is_wrong(serve, body: Any, errors: list[Any]) -> None:
    response = serve(Validating.as_view(serializer_class=Order)).post(body)
    assert told(response) == errors
    for each in response.json()["errors"]:
        assert each["detail"]
        value = resolved(body, each.get("pointer", ""))
        assert (value is empty) == (each["code"] == "required")


@pytest.mark.filterwarnings("ignore:The list-based error format")
@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            [LINE, {}, LINE, 7],
            [("/1/sku", "required"), ("/1/count", "required"), ("/3", "invalid")],
        ),
        ([LINE] * 5, [(None, "too_many")]),
        (LINE, [(None, "not_a_list")]),
        ("text", [(None, "not_a_list")]),
    ],
)
def test_a_list_as_the_body(serve, settings, as_dict: bool, body: Any, errors: list[Any]) -> None:
    """REST framework 3.18 tells which items are wrong in a dict, before it was a list."""
    settings.REST_FRAMEWORK["LIST_SERIALIZER_ERRORS_AS_DICT"] = as_dict
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK}
    response = serve(Validating.as_view(serializer_class=Item, many=True)).post(body)
    assert told(response) == errors


@pytest.mark.django_db
def test_what_is_unique_together(serve) -> None:
    class Serializer(serializers.ModelSerializer):
        class Meta:
            model = ContentType
            fields = ["app_label", "model"]

    ContentType.objects.get_or_create(app_label="auth", model="group")
    api = serve(Validating.as_view(serializer_class=Serializer))
    assert told(api.post({"app_label": "auth", "model": "group"})) == [(None, "unique")]


def test_another_key_for_what_concerns_the_whole(serve, settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NON_FIELD_ERRORS_KEY": "whole"}
    api = serve(Validating.as_view(serializer_class=Line))
    assert told(api.post({"sku": "none", "count": 1})) == [(None, "sold_out")]


def test_what_a_models_clean_says_of_the_whole(serve) -> None:
    """Django's own key for it comes through a serializer that calls `full_clean`."""

    class Cleaning(Line):
        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            raise DjangoValidationError({"__all__": ["All wrong."], "sku": ["Wrong."]})

    response = serve(Validating.as_view(serializer_class=Cleaning)).post(LINE)
    assert told(response) == [(None, "invalid"), ("/sku", "invalid")]


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        ("Wrong.", [("Wrong.", None, "invalid")]),
        (["One.", "Two."], [("One.", None, "invalid"), ("Two.", None, "invalid")]),
        (("One.",), [("One.", None, "invalid")]),
        ({"a": "One."}, [("One.", "/a", "invalid")]),
        ({"a": {"b": {"c": ["One."]}}}, [("One.", "/a/b/c", "invalid")]),
        ({"non_field_errors": {"a": ["One."]}}, [("One.", "/a", "invalid")]),
        ([{}, {"a": ["One."]}, []], [("One.", "/1/a", "invalid")]),
        (
            {"detail": "One.", "code": "x"},
            [("One.", "/detail", "invalid"), ("x", "/code", "invalid")],
        ),
        ({"a": [[], ["One."]]}, [("One.", "/a/1", "invalid")]),
        ({"a": [ErrorDetail("One.", "own")]}, [("One.", "/a", "own")]),
        ({}, []),
        ([], []),
    ],
)
def test_raised_by_hand(serve, detail: Any, errors: list[Any]) -> None:
    response = serve(raising(lambda: ValidationError(detail))).post({})
    problem = response.json()
    assert response.status_code == 400
    told = [
        (each["detail"], each.get("pointer"), each["code"]) for each in problem.get("errors", [])
    ]
    assert told == errors
    assert "correct" in problem["detail"].lower()


def test_a_code_for_all(serve) -> None:
    response = serve(raising(lambda: ValidationError({"a": ["x"]}, code="own"))).post({})
    assert told(response) == [("/a", "own")]


@pytest.mark.parametrize("status", [400, 403, 409, 422, 503])
def test_a_dict_of_another_exception_has_members(serve, status: int) -> None:
    """Only a ValidationError has errors by field; others say more about the case by a dict."""

    class Own(APIException):
        status_code = status

    problem = serve(raising(lambda: Own({"seat": "12", "choices": ["13", "14"]}))).post({}).json()
    assert "errors" not in problem
    assert (problem["seat"], problem["choices"]) == ("12", ["13", "14"])
    assert problem["detail"] == str(error_status(status).detail)
    assert problem["title"] == str(error_status(status).title)


def test_a_dict_beside_the_words_of_the_class(serve) -> None:
    class SeatTaken(APIException):
        status_code = 409
        default_detail = "Somebody was faster."

    problem = serve(raising(lambda: SeatTaken({"seat": "12"}))).ask().json()
    assert (problem["detail"], problem["seat"]) == ("Somebody was faster.", "12")


@pytest.mark.parametrize("status", [400, 409])
def test_a_list_of_another_exception(serve, status: int) -> None:
    """It has several texts, and nothing that was sent is named."""

    class Own(APIException):
        status_code = status

    problem = serve(raising(lambda: Own(["One.", "Two."]))).post({}).json()
    assert problem["errors"] == [
        {"detail": "One.", "code": "error"},
        {"detail": "Two.", "code": "error"},
    ]


def test_members_that_an_exception_brings(serve) -> None:
    """Those of djangorestframework-simplejwt bring a detail and a code of their own."""

    class InvalidToken(APIException):
        status_code = 403

    detail = {"detail": "Not valid.", "code": "token_not_valid", "messages": [{"kind": "access"}]}
    response = serve(raising(lambda: InvalidToken({**detail, "status": "x"}))).ask()
    problem = response.json()
    assert problem["status"] == 403
    assert {name: problem[name] for name in detail} == detail
    assert "errors" not in problem
    assert response.problem.code == "token_not_valid"


def part(detail: str, pointer: str | None = None, code: str = "error") -> dict[str, str]:
    return {"detail": detail, **({"pointer": pointer} if pointer else {}), "code": code}


@pytest.mark.parametrize("is_raw", [False, True], ids=["as-texts", "as-it-is"])
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("errors", {"a": ["b"]}, [part("b", "/a")]),
        ("errors", ["a", "b"], [part("a"), part("b")]),
        ("errors", "x", [part("x")]),
        ("errors", {"a": {"b": ["c"]}}, [part("c", "/a/b")]),
        (
            "errors",
            [{"detail": "x", "pointer": "/a", "code": "c"}, {"detail": "y", "parameter": "p"}],
            [part("x", "/a", "c"), {"detail": "y", "parameter": "p"}],
        ),
        ("errors", [], None),
        ("code", 17, "17"),
        ("code", "own", "own"),
        ("type", "urn:own", "urn:own"),
        ("type", 5, "5"),
        ("title", "Own", "Own"),
        ("title", ["Own"], "Conflict"),
        ("retry_after", 30, 30),
        ("retry_after", "30", 30),
        ("retry_after", "soon", None),
        ("retry_after", ["30"], None),
        ("status", "failed", 409),
        ("permanence", "often", "unknown"),
        ("instance", 7, "/api/"),
        ("request_id", 7, None),
        ("allow", "no", None),
        ("available", "z", None),
        ("accept", 1, None),
        ("actions", {}, None),
        ("left", {"a": ["b"]}, {"a": ["b"]}),
    ],
)
def test_a_name_of_the_apps_has_the_type_of_the_apps(
    serve, name: str, value: Any, expected: Any, is_raw: bool
) -> None:
    """Clients rely on the types; what fits is kept, whether or not texts were made of it."""

    class Own(APIException):
        status_code = 409

        def __init__(self, detail: dict[str, Any]) -> None:
            super().__init__(detail)
            if is_raw:
                self.detail = detail

    problem = serve(raising(lambda: Own({"detail": "No.", name: value}))).post({}).json()
    found = problem.get(name)
    if is_raw and name == "errors" and expected:
        # Codes are known of REST framework's own texts alone.
        own = isinstance(value, list) and isinstance(value[0], dict)
        expected = expected if own else [{**each, "code": ""} for each in expected]
        found = found if own else [{**each, "code": ""} for each in found]
    assert found == expected
    assert problem["detail"] == "No."
    assert problem["permanence"] == ("temporary" if found == 30 else "unknown")


@pytest.mark.parametrize("detail", [["a", "b"], {"seat": ["a", "b"]}])
def test_a_detail_that_is_no_text_has_errors(serve, detail: Any) -> None:
    class Own(APIException):
        status_code = 409

    problem = serve(raising(lambda: Own({"detail": detail}))).post({}).json()
    pointer = "/seat" if isinstance(detail, dict) else None
    assert problem["errors"] == [part("a", pointer), part("b", pointer)]
    assert problem["detail"] == str(error_status(409).detail)


def test_a_problem_type_that_an_exception_brings(serve) -> None:
    detail = {"type": "https://example.com/sold-out", "title": "Sold out", "left": "0"}
    problem = serve(raising(lambda: APIException(detail))).ask().json()
    assert {name: problem[name] for name in detail} == detail


def test_the_answer_is_bounded(serve) -> None:
    body = [{"sku": "too long", "count": -1} for _ in range(MOST_ERRORS)]
    response = serve(Validating.as_view(serializer_class=Item, many=True)).post(body)
    errors = told(response)
    assert len(errors) == MOST_ERRORS
    assert errors[-1] == (f"/{MOST_ERRORS // 2 - 1}/count", "min_value")


class Anything(serializers.Serializer):
    """Says in its errors what was sent: names of the client's, and values."""

    table = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    choice = serializers.ListField(child=serializers.ChoiceField(choices=["a"]), required=False)


@pytest.mark.parametrize(
    "body",
    [
        {"table": {"n" * 50_000: ["x"] * 1000}},
        {"table": {"~" * 500_000: ["x"]}},
        {"table": {"n" * 100 + str(n): ["x"] for n in range(2000)}},
        {"table": {}, "choice": ["v" * 4000] * 500},
        {"table": {}, "choice": ["\u2028<" * 100_000]},
    ],
    ids=range(5),
)
def test_the_answer_is_bounded_whatever_names_and_values_are_sent(serve, body: Any) -> None:
    """50 KB of a name, and a thousand errors below it, are not 50 MB of pointers."""
    response = serve(Validating.as_view(serializer_class=Anything)).post(body)
    members = response.json()
    assert response.status_code == members["status"] == 400
    assert len(response.content) < 6 * MOST_CHARACTERS + 2000 + 80 * MOST_ERRORS
    said = "".join(each["detail"] + each.get("pointer", "") for each in members.get("errors", ()))
    assert len(said) <= MOST_CHARACTERS


class Row(serializers.Serializer):
    a = serializers.IntegerField()


def test_so_it_is_where_a_view_gives_parts_of_the_body_to_a_serializer(serve) -> None:
    """The names that lead to a part are the client's too, and stand before each pointer."""

    class Tables(APIView):
        permission_classes = ()

        def post(self, request: Any) -> None:
            for table in request.data.values():
                Row(data=table, many=True).is_valid(raise_exception=True)

    response = serve(Tables.as_view()).post({"k" * 20_000: [{"a": "x"}] * 1000})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"].endswith("k/0/a")
    assert len(response.content) < MOST_CHARACTERS + 2000


def test_deep_nesting() -> None:
    detail: Any = ["x"]
    for _ in range(200):
        detail = {"a": detail}
    assert invalid_parts(ValidationError(detail).detail)[0].pointer == "/a" * 200


def test_nesting_without_end(serve, own_records: list) -> None:
    """It is not flattened, and doesn't break the answer."""

    def make() -> ValidationError:
        error = ValidationError({})
        error.detail["a"] = error.detail
        return error

    response = serve(raising(make)).post({})
    assert response.status_code == response.json()["status"] == 400
    assert len(own_records) == 1


# Bodies that are nearly right: made of the names that the serializer knows and of values that
# are right for one field or the other.
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 5), st.text("a/~0", max_size=6), st.just("none")
)
NAMES = st.one_of(
    st.sampled_from([*Order().fields, *Item().fields, *Address().fields]),
    st.text("a/~0\u00e9", max_size=3),
)
BODIES = st.recursive(
    VALUES,
    lambda children: st.one_of(
        st.lists(children, max_size=6),
        st.dictionaries(NAMES, children, max_size=6),
        st.fixed_dictionaries(
            {"name": VALUES, "address": children},
            optional=dict.fromkeys(("lines", "tags", "grid", "scores", "stock", "a/b"), children),
        ),
        st.fixed_dictionaries({"sku": VALUES, "count": VALUES}, optional={"address": children}),
    ),
    max_leaves=30,
)


def field_at(serializer: Any, pointer: str) -> Any:
    """Return the field that is responsible for what `pointer` stands for."""
    for token in pointer.split("/")[1:]:
        children = getattr(serializer, "fields", None)
        key = token.replace("~1", "/").replace("~0", "~")
        serializer = serializer.child if children is None else children[key]
    return serializer


def codes(detail: Any) -> list[str]:
    """Return all codes in `detail`, in their order."""
    if isinstance(detail, dict):
        return [code for each in detail.values() for code in codes(each)]
    if isinstance(detail, list):
        return [code for each in detail for code in codes(each)]
    return [detail.code]


@given(body=BODIES)
@hypothesis_settings(max_examples=300, deadline=None)
def test_every_pointer_leads_to_a_value_that_its_field_refuses(body: Any) -> None:
    serializer = Order(data=body)
    serializer.is_valid()
    parts = invalid_parts(serializer.errors)
    assert [part.code for part in parts] == codes(serializer.errors)
    for part in parts:
        value = resolved(body, part.pointer or "")
        with pytest.raises((ValidationError, DjangoValidationError)) as refused:
            field_at(Order(), part.pointer or "").run_validation(value)
        if isinstance(refused.value, ValidationError):
            assert part.code in [*codes(refused.value.detail), "null"]
