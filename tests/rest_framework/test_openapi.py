"""The OpenAPI document: for each operation the errors that it can have, and no others."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("rest_framework")
pytest.importorskip("drf_spectacular")

import jsonschema
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import ComponentRegistry, build_mock_request
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.validation import validate_schema
from rest_framework import (
    VERSION,
    pagination,
    permissions,
    renderers,
    serializers,
    throttling,
    versioning,
)
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.decorators import api_view, permission_classes
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FileUploadParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler

from django_http_errors.core.statuses import error_status
from django_http_errors.decorators import hide_forbidden
from django_http_errors.exceptions import Conflict, Gone
from django_http_errors.http.openapi import SCHEMAS
from django_http_errors.rest_framework import (
    ExceptionHandler,
    ProblemDetailsMixin,
    problem_details,
    to_problem,
)
from django_http_errors.rest_framework.openapi import AutoSchema
from django_http_errors.views import HideForbiddenMixin

from ..asking import JSON, PROBLEM
from .conftest import EXCEPTION_HANDLER

SCHEMA_CLASS = "django_http_errors.rest_framework.openapi.AutoSchema"


@pytest.fixture(autouse=True)
def _documented(settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": SCHEMA_CLASS}


class Group_(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("name",)


class View(GenericAPIView):
    """A view with no more to go wrong than every view has."""

    authentication_classes: Any = []
    permission_classes: Any = []
    throttle_classes: Any = []
    renderer_classes: Any = [renderers.JSONRenderer]
    parser_classes: Any = [JSONParser]
    serializer_class: Any = Group_
    pagination_class: Any = None
    queryset = Group.objects.order_by("id")
    throttle_scope: Any = None
    search_fields: Any = ()

    def get(self, request: Any, **kwargs: Any) -> Response:
        return Response({})


class Writing(View):
    def post(self, request: Any, **kwargs: Any) -> Response:
        return Response({})


class Login(Writing):
    """Takes credentials itself, as the login of djangorestframework-simplejwt does."""

    def get_authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'


class List(View, ListAPIView):
    get = ListAPIView.get


class NoNegotiation(BaseContentNegotiation):
    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return (renderers[0], renderers[0].media_type)


class OwnPermission(permissions.BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return True


class ObjectPermission(permissions.BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return True


class Versions(versioning.AcceptHeaderVersioning):
    allowed_versions = ("1",)


class PathVersions(versioning.QueryParameterVersioning):
    allowed_versions = ("1",)


class Scoped(throttling.ScopedRateThrottle):
    THROTTLE_RATES = {"often": "9/min"}  # type: ignore[assignment]


class Unlimited(throttling.AnonRateThrottle):
    rate = None  # type: ignore[assignment]


class Often(throttling.AnonRateThrottle):
    rate = "9/min"


class Pages(pagination.PageNumberPagination):
    page_size = 2


class Slices(pagination.LimitOffsetPagination):
    default_limit = 2


class Cursors(pagination.CursorPagination):
    page_size = 2
    ordering = "id"


class Own:
    """A throttle of a project's own."""

    def allow_request(self, request: Any, view: Any) -> bool:
        return True


TOKEN, SESSION, BASIC = [TokenAuthentication], [SessionAuthentication], [BasicAuthentication]
LOGIN = [permissions.IsAuthenticated]
READ = [permissions.IsAuthenticatedOrReadOnly]
ADMIN = [permissions.IsAdminUser]


def a(authentication: Any, permission: Any = ()) -> dict[str, Any]:
    return {"authentication_classes": authentication, "permission_classes": permission}


CASES: list[tuple[type[Any], str, dict[str, Any], set[int]]] = [
    # (the view, what it is asked to do, what it is made of, the errors beside 406 and 500)
    (View, "get /api/", {}, {404}),
    (View, "get /api/", {"content_negotiation_class": NoNegotiation}, {-406}),
    (Writing, "post /api/", {}, {400, 404, 413, 415}),
    (Writing, "get /api/", {}, {404}),
    (Writing, "post /api/", {"parser_classes": [FileUploadParser]}, {400, 404}),
    (Writing, "post /api/", {"parser_classes": [MultiPartParser]}, {400, 404, 413, 415}),
    # Who asks
    (View, "get /api/", a([], LOGIN), {403, 404}),
    (View, "get /api/", a(TOKEN), {401, 404}),
    (View, "get /api/", a(TOKEN, [permissions.AllowAny]), {401, 404}),
    (View, "get /api/", a(TOKEN, LOGIN), {401, 404}),
    (View, "get /api/", a(TOKEN, READ), {401, 404}),
    (View, "get /api/", a(TOKEN, ADMIN), {401, 403, 404}),
    (View, "get /api/", a(TOKEN, [OwnPermission]), {401, 403, 404}),
    (View, "get /api/", a(TOKEN, [ObjectPermission]), {401, 404}),
    (View, "get /api/{id}/", a(TOKEN, [ObjectPermission]), {401, 403, 404}),
    (View, "get /api/", a(TOKEN, [permissions.IsAuthenticated & OwnPermission]), {401, 403, 404}),
    (View, "get /api/", a(TOKEN, [permissions.IsAuthenticated | OwnPermission]), {401, 404}),
    (View, "get /api/", a(TOKEN, [permissions.AllowAny | OwnPermission]), {401, 404}),
    (View, "get /api/", a(TOKEN, [~permissions.IsAdminUser]), {401, 403, 404}),
    (Login, "post /api/", {}, {400, 401, 404, 413, 415}),
    (Login, "get /api/", a(SESSION), {404}),
    (Login, "get /api/", a(SESSION, LOGIN), {401, 404}),
    (View, "get /api/", a(SESSION), {404}),
    (View, "get /api/", a(SESSION, LOGIN), {403, 404}),
    (View, "get /api/", a(SESSION, READ), {404}),
    (Writing, "post /api/", a(SESSION), {400, 403, 404, 413, 415}),
    (Writing, "post /api/", a(SESSION + TOKEN, READ), {400, 403, 404, 413, 415}),
    (Writing, "post /api/", a(TOKEN, READ), {400, 401, 404, 413, 415}),
    (Writing, "post /api/", a(BASIC + SESSION, READ), {400, 401, 403, 404, 413, 415}),
    # How often
    (View, "get /api/", {"throttle_classes": [Often]}, {404, 429}),
    (View, "get /api/", {"throttle_classes": [Own]}, {404, 429}),
    (View, "get /api/", {"throttle_classes": [Unlimited]}, {404}),
    (View, "get /api/", {"throttle_classes": [Scoped]}, {404}),
    (View, "get /api/", {"throttle_classes": [Scoped], "throttle_scope": "often"}, {404, 429}),
    # What is asked for
    (List, "get /api/", {"pagination_class": Pages}, {404}),
    (List, "get /api/", {"pagination_class": Slices}, {404}),
    (List, "get /api/", {"filter_backends": [OrderingFilter]}, {404}),
    (List, "get /api/", {"filter_backends": [SearchFilter], "search_fields": ["name"]}, {400, 404}),
    (View, "get /api/", {"versioning_class": Versions}, {404}),
]  # fmt: skip

# What can be a 404 where no format is a parameter.
MISSING: list[tuple[type[Any], str, dict[str, Any], bool]] = [
    (View, "get /api/", {}, False),
    (View, "get /api/{id}/", {}, True),
    (List, "get /api/", {"pagination_class": Pages}, True),
    (List, "get /api/", {"pagination_class": Cursors}, True),
    (List, "get /api/", {"pagination_class": Slices}, False),
    (View, "get /api/", {"versioning_class": PathVersions}, True),
    (View, "get /api/", {"versioning_class": Versions}, False),
    (View, "get /api/", {"versioning_class": versioning.URLPathVersioning}, False),
]


def document(*routes: Any) -> dict[str, Any]:
    generator = SchemaGenerator(patterns=list(routes), api_version="1")
    made: dict[str, Any] = generator.get_schema(None, public=True)
    return made


def operation(made: dict[str, Any], name: str) -> Any:
    method, address = name.split()
    return made["paths"][address][method]


def documented(view: type[Any], name: str, attributes: dict[str, Any]) -> set[int]:
    """Return the errors of the operation `name` of a view."""
    route = name.split()[1].lstrip("/").replace("{id}", "<int:id>")
    found = operation(document(path(route, view.as_view(**attributes))), name)["responses"]
    assert list(found) == sorted(found)
    return {int(status) for status in found if int(status) >= 400}


@pytest.mark.parametrize(("view", "name", "attributes", "expected"), CASES)
def test_the_errors_that_an_operation_can_have(
    view: Any, name: str, attributes: Any, expected: set[int]
) -> None:
    always = {406, 500}
    if VERSION < "3.18" and MultiPartParser not in attributes.get("parser_classes", ()):
        expected = expected - {413}  # JSON is read without a limit.
    if -406 in expected:
        always, expected = {500}, set()
    assert documented(view, name, attributes) == always | expected


@pytest.mark.parametrize(("view", "name", "attributes", "is_missing"), MISSING)
def test_what_can_be_missing(
    settings, view: Any, name: str, attributes: Any, is_missing: bool
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "URL_FORMAT_OVERRIDE": None}
    assert (404 in documented(view, name, attributes)) == is_missing


@pytest.mark.parametrize("limit", [None, 1000])
def test_a_limit_that_is_off(settings, limit: int | None) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = limit
    found = documented(Writing, "post /api/", {"parser_classes": [MultiPartParser]})
    assert (413 in found) == (limit is not None)


class Hidden(HideForbiddenMixin, Writing):
    authentication_classes = TOKEN
    permission_classes = ADMIN


@pytest.mark.parametrize(
    ("exempt", "name", "expected"),
    [
        ("staff", "get /api/", {401, 403, 404, 406, 429, 500}),
        ("nobody", "get /api/", {404, 429, 500}),
        # Who may know of an object is asked after how often somebody asks.
        ("nobody", "get /api/{id}/", {404, 500}),
        ("nobody", "post /api/", {400, 404, 413, 415, 429, 500}),
    ],
)
def test_what_is_hidden_is_not_documented(exempt: str, name: str, expected: set[int]) -> None:
    """But as the 404 that it is for whom it is hidden from."""

    class Exempting(Hidden):
        hide_exempt = exempt

    attributes = {"throttle_classes": [Often], "parser_classes": [MultiPartParser]}
    assert documented(Exempting, name, attributes) == expected


def test_what_is_hidden_can_always_be_missing(settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "URL_FORMAT_OVERRIDE": None}
    assert documented(Hidden, "get /api/", {}) == {404, 500}


def test_a_function_that_hides() -> None:
    @hide_forbidden
    @extend_schema(responses={200: Group_})
    @api_view()
    @permission_classes(ADMIN)
    def view(request: Any) -> Response:
        raise PermissionDenied

    found = operation(document(path("api/", view)), "get /api/")["responses"]
    assert not {"401", "403"} & set(found)


def test_the_route_decides_what_is_hidden() -> None:
    """Not the class: it may be routed elsewhere too, and so may its subclasses."""

    class View_(View):
        authentication_classes = TOKEN
        permission_classes = ADMIN

    class Open(View_):
        pass

    made = document(
        path("hidden/", hide_forbidden(View_.as_view())),
        path("staff/", hide_forbidden(View_.as_view(), exempt="staff")),
        path("own/", hide_forbidden(View_.as_view(), exempt=lambda request: False)),
        path("open/", View_.as_view()),
        path("subclass/", Open.as_view()),
        path("nested/", include([path("hidden/", hide_forbidden(Open.as_view()))])),
    )
    hidden = {
        address
        for address in made["paths"]
        if "403" not in operation(made, f"get {address}")["responses"]
    }
    assert hidden == {"/hidden/", "/nested/hidden/"}


@pytest.mark.parametrize(("exempt", "is_told"), [("nobody", False), ("staff", True)])
def test_the_class_decides_where_no_route_is_known(exempt: str, is_told: bool) -> None:
    """As it is for who asks the schema class without a generator."""

    class View_(Hidden):
        hide_exempt = exempt

    view = SchemaGenerator(patterns=[]).create_view(View_.as_view(), "GET")
    view.request = build_mock_request("GET", "/api/", view, None)
    arguments = ("/api/", "api/", "/", "GET", ComponentRegistry())
    assert ("403" in view.schema.get_operation(*arguments)["responses"]) == is_told


def own_handler(exc: Exception, context: Any) -> Any:
    return ExceptionHandler(exc, context).run()


def foreign_handler(exc: Exception, context: Any) -> Any:
    return framework_handler(exc, context)


def own_answers(exc: Exception, context: Any) -> Any:
    from rest_framework.views import exception_handler as by_to_problem

    if isinstance(exc, SoldOut):
        return Response({"own": True}, status=409)
    return by_to_problem(exc, context)


class OwnHandler(ExceptionHandler):
    pass


def by_a_subclass(exc: Exception, context: Any) -> Any:
    return OwnHandler(exc, context).run()


def by_to_problem(exc: Exception, context: Any) -> Any:
    return to_problem(exc, framework_handler(exc, context), context)


@pytest.mark.parametrize(
    ("handler", "answers"),
    [
        (EXCEPTION_HANDLER, True),
        (own_handler, True),
        ("rest_framework.views.exception_handler", False),
        (foreign_handler, False),
        (own_answers, False),
        (by_a_subclass, True),
        (by_to_problem, True),
    ],
)
def test_only_the_apps_answers_are_documented(settings, handler: Any, answers: bool) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": handler}
    assert bool(documented(View, "get /api/", {})) == answers


def test_a_view_that_is_switched_over(settings) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": SCHEMA_CLASS}

    class Switched(ProblemDetailsMixin, View):
        pass

    @problem_details
    @extend_schema(responses={200: Group_})
    @api_view()
    def view(request: Any) -> Response:
        raise PermissionDenied

    assert 500 in documented(Switched, "get /api/", {})
    assert "500" in operation(document(path("api/", view)), "get /api/")["responses"]
    assert not documented(View, "get /api/", {})


# What is said of each


def test_the_components() -> None:
    schemas = document(path("api/", Writing.as_view()))["components"]["schemas"]
    assert {"Problem", "ValidationProblem", "InvalidPart"} < set(schemas)
    assert set(schemas["Problem"]["required"]) == {
        "type",
        "title",
        "status",
        "detail",
        "permanence",
    }


@pytest.mark.parametrize("is_of_ninja", [False, True])
def test_what_is_required_is_a_property_in_the_same_place(is_of_ninja: bool) -> None:
    """For openapi-typescript, a part without properties is a record that has none."""
    schemas: Any = SCHEMAS
    if not is_of_ninja:
        schemas = document(path("api/", Writing.as_view()))["components"]["schemas"]
    parts = [each for schema in schemas.values() for each in (schema, *schema.get("allOf", ()))]
    for each in parts:
        assert set(each.get("required", ())) <= set(each.get("properties", ()))
    errors = schemas["Problem"]["properties"]["errors"]
    assert schemas["ValidationProblem"]["allOf"][1]["properties"] == {"errors": errors}


def test_other_names_for_the_components() -> None:
    class Renamed(AutoSchema):
        problem_component = "HttpProblem"
        validation_problem_component = "HttpValidationProblem"

    class View_(Writing):
        schema = Renamed()

    schemas = document(path("api/", View_.as_view()))["components"]["schemas"]
    assert "Problem" not in schemas
    assert {"HttpProblem", "HttpValidationProblem"} < set(schemas)


class XMLRenderer(renderers.BaseRenderer):
    media_type = "application/xml"
    format = "xml"


class JSONAPIRenderer(renderers.JSONRenderer):
    media_type = "application/vnd.api+json"
    format = "vnd.api+json"


@pytest.mark.parametrize(
    ("classes", "success", "error"),
    [
        ([renderers.JSONRenderer], [JSON], [PROBLEM, JSON]),
        (
            [
                "django_http_errors.rest_framework.ProblemJSONRenderer",
                renderers.JSONRenderer,
                renderers.BrowsableAPIRenderer,
            ],
            [JSON],
            [PROBLEM, JSON],
        ),
        ([XMLRenderer], ["application/xml"], ["application/xml"]),
        (
            [renderers.TemplateHTMLRenderer, renderers.JSONRenderer],
            ["text/html", JSON],
            ["text/html", PROBLEM, JSON],
        ),
        ([JSONAPIRenderer], ["application/vnd.api+json"], ["application/vnd.api+json"]),
        ([renderers.BrowsableAPIRenderer], [], [PROBLEM, JSON]),
    ],
)
def test_the_media_types(classes: list[Any], success: list[str], error: list[str]) -> None:
    from django.utils.module_loading import import_string

    classes = [import_string(each) if isinstance(each, str) else each for each in classes]
    made = document(path("api/", View.as_view(renderer_classes=classes)))
    responses = operation(made, "get /api/")["responses"]
    assert list(responses["200"].get("content", {})) == success
    assert list(responses["404"]["content"]) == error
    # What no view answers is answered by the site.
    assert {PROBLEM, JSON} <= set(responses["500"]["content"])


def examples(made: dict[str, Any]) -> Any:
    """Yield each example of an error, with its schema and the status that it is for."""
    for operations in made["paths"].values():
        for each in operations.values():
            for status, response in each["responses"].items():
                for content in response.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        yield status, content["schema"], example["value"]


def check_examples(made: dict[str, Any]) -> int:
    validate_schema(made)
    number = 0
    for status, schema, value in examples(made):
        jsonschema.validate(value, {**schema, "components": made["components"]})
        assert str(value["status"]) == status or status in ("4XX", "default")
        title = str(error_status(value["status"]).title)
        assert value["title"] == title or value["type"] != "about:blank"
        number += 1
    return number


def test_each_example_is_what_its_schema_says() -> None:
    routes = [
        path("a/", Writing.as_view(**a(TOKEN, ADMIN), throttle_classes=[Often])),
        path("b/<int:id>/", Writing.as_view()),
        path(
            "c/",
            List.as_view(filter_backends=[SearchFilter], search_fields=["name"]),
        ),
    ]
    made = document(*routes)
    assert check_examples(made) > 20
    post = operation(made, "post /a/")["responses"]
    shown = post["400"]["content"][PROBLEM]["examples"]
    assert set(shown) == {"Invalid", "Unreadable"}
    assert shown["Invalid"]["value"]["errors"][0]["pointer"] == "/name"
    unacceptable = post["406"]["content"][PROBLEM]["examples"]["NotAcceptable"]["value"]
    assert unacceptable["available"] == [{"type": JSON, "href": "/a/?format=json"}]
    assert post["415"]["content"][PROBLEM]["examples"]["UnsupportedMediaType"]["value"][
        "accept"
    ] == [JSON]
    throttled = post["429"]["content"][PROBLEM]["examples"]["TooManyRequests"]["value"]
    assert throttled["retry_after"] == 30
    assert set(post["429"]["headers"]) == {"Retry-After"}
    assert set(post["401"]["headers"]) == {"WWW-Authenticate"}
    missing = operation(made, "get /b/{id}/")["responses"]["404"]["content"][PROBLEM]
    assert missing["examples"]["NotFound"]["value"]["instance"] == "/b/1/"
    invalid = operation(made, "get /c/")["responses"]["400"]["content"][PROBLEM]
    assert invalid["schema"] == {"$ref": "#/components/schemas/ValidationProblem"}
    assert invalid["examples"]["BadRequest"]["value"]["errors"][0]["parameter"] == "search"


# Declared by the project


class SoldOut(Conflict):
    """The product is sold out."""

    type = "https://shop.example/problems/sold-out"
    title = "Sold out"
    code = "sold_out"


class NotYet(Conflict):
    type = "https://shop.example/problems/not-yet"
    title = "Not yet"


def declaring(responses: Any) -> dict[str, Any]:
    class Declaring(View):
        @extend_schema(responses=responses)
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response({})

    made = document(path("api/", Declaring.as_view()))
    check_examples(made)
    return made


def test_a_problem_type_of_the_projects() -> None:
    made = declaring({200: Group_, 409: SoldOut})
    response = operation(made, "get /api/")["responses"]["409"]
    assert response["description"] == "Conflict"
    assert list(response["content"]) == [PROBLEM, JSON]
    content = response["content"][PROBLEM]
    assert content["schema"] == {"$ref": "#/components/schemas/SoldOutProblem"}
    value = content["examples"]["SoldOut"]["value"]
    assert (value["type"], value["code"]) == (SoldOut.type, "sold_out")
    component = made["components"]["schemas"]["SoldOutProblem"]
    assert component["description"] == "The product is sold out."
    other = {**value, "type": NotYet.type}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(other, {**content["schema"], "components": made["components"]})
    # Others are documented beside it.
    assert {"404", "406", "500"} < set(operation(made, "get /api/")["responses"])


class OnLoan(Conflict):
    """Somebody else has the book."""

    title = "On loan"


def test_a_problem_type_that_has_a_page(settings: Any) -> None:
    """Its type on the wire is the page, and so it is in the document, which links to it."""

    class Declaring(View):
        @extend_schema(responses={200: Group_, 409: OnLoan})
        def get(self, request: Any, **kwargs: Any) -> Response:
            raise OnLoan

    pages = include("django_http_errors.problem_types")
    urlconf = ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = [
        path("api/", Declaring.as_view()),
        path("problems/", pages, {"origin": "https://shop.example"}),
    ]
    settings.ROOT_URLCONF = urlconf
    made = document(path("api/", Declaring.as_view()))
    check_examples(made)
    uri = "https://shop.example/problems/tests/on-loan/"
    content = operation(made, "get /api/")["responses"]["409"]["content"][PROBLEM]
    assert content["examples"]["OnLoan"]["value"]["type"] == uri
    assert made["components"]["schemas"]["OnLoanProblem"]["externalDocs"] == {"url": uri}
    assert Client().get("/api/", headers={"accept": JSON}).json()["type"] == uri


def test_several_problem_types_of_one_status() -> None:
    made = declaring({200: Group_, 409: [SoldOut, NotYet]})
    content = operation(made, "get /api/")["responses"]["409"]["content"][PROBLEM]
    assert set(content["examples"]) == {"SoldOut", "NotYet"}
    assert len(content["schema"]["anyOf"]) == 2


def test_a_problem_type_with_words_and_examples() -> None:
    example = OpenApiExample("The lamp", {**SoldOut().problem.as_dict(), "product": "lamp"})
    made = declaring(
        {200: Group_, 409: OpenApiResponse(SoldOut, "None are left.", examples=[example])}
    )
    response = operation(made, "get /api/")["responses"]["409"]
    assert response["description"] == "None are left."
    assert response["content"][PROBLEM]["examples"]["TheLamp"]["value"]["product"] == "lamp"


def test_a_status_of_the_apps() -> None:
    made = declaring({200: Group_, 410: Gone})
    content = operation(made, "get /api/")["responses"]["410"]["content"][PROBLEM]
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert content["examples"]["Gone"]["value"]["status"] == 410


def test_a_problem_as_a_value() -> None:
    problem = SoldOut().problem.replaced(code="")
    made = declaring({200: Group_, 409: problem})
    assert "SoldOutProblem" in made["components"]["schemas"]


@pytest.mark.parametrize("code", ["4XX", "default"])
def test_a_code_for_several_statuses(code: str) -> None:
    made = declaring({200: Group_, code: [SoldOut, Gone]})
    response = operation(made, "get /api/")["responses"][code]
    assert response["description"] == "Conflict"
    assert set(response["content"][PROBLEM]["examples"]) == {"SoldOut", "Gone"}


def test_a_status_that_is_no_errors() -> None:
    class Declaring(View):
        @extend_schema(responses={200: SoldOut})
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response({})

    made = document(path("api/", Declaring.as_view()))
    assert operation(made, "get /api/")["responses"]["200"]["description"] == "Conflict"


def test_what_is_declared_stays() -> None:
    made = declaring({200: Group_, 404: Group_, 406: OpenApiResponse(description="Own.")})
    responses = operation(made, "get /api/")["responses"]
    assert responses["404"]["content"][JSON]["schema"] == {"$ref": "#/components/schemas/Group_"}
    assert responses["406"]["description"] == "Own."


def test_a_parameter_that_is_declared_can_be_wrong() -> None:
    class Declaring(View):
        @extend_schema(parameters=[OpenApiParameter("since")])
        def get(self, request: Any, **kwargs: Any) -> Response:
            return Response({})

    assert 400 in documented(Declaring, "get /api/", {})


def test_a_step_overridden() -> None:
    class Own(AutoSchema):
        def get_error_statuses(self, operation: Any) -> set[int]:
            return super().get_error_statuses(operation) - {500} | {410}

    class View_(View):
        schema = Own()

    assert documented(View_, "get /api/", {}) == {404, 406, 410}
