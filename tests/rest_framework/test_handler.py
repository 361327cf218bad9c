"""What REST framework's views raise, as clients of the API see it."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from typing import Any
from urllib.parse import urljoin

import pytest

pytest.importorskip("rest_framework")

from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.test import AsyncClient, Client, RequestFactory
from django.urls import include, path
from django.utils import translation
from django.utils.functional import lazy, lazystr
from rest_framework import VERSION, exceptions
from rest_framework import views as framework_views
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import APIException
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import (
    BaseParser,
    FileUploadParser,
    FormParser,
    JSONParser,
    MultiPartParser,
)
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.settings import api_settings as framework_settings
from rest_framework.throttling import AnonRateThrottle
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.versioning import AcceptHeaderVersioning
from rest_framework.viewsets import ViewSet

from django_http_errors import exceptions as http_exceptions
from django_http_errors.core.statuses import STATUSES, error_status
from django_http_errors.exceptions import EXCEPTIONS, HttpError
from django_http_errors.problems import Problem
from django_http_errors.rest_framework import (
    ExceptionHandler,
    ProblemDetailsMixin,
    ProblemJSONRenderer,
    exception_handler,
    problem_details,
)
from django_http_errors.views import csrf_problem

from ..asking import HTML, JSON, MIDDLEWARE, PROBLEM
from ..iana import HEADINGS
from .conftest import COMMON, EXCEPTION_HANDLER, LOCALE, both_ways
from .views import LinesRenderer, PlainView, Raising, challenging, raising


def _explode() -> str:
    raise RuntimeError("secret")


# A text that is translated when it is shown, by something that fails then.
UNSPEAKABLE = lazy(_explode, str)()

API_EXCEPTIONS = {
    name: each
    for name, each in vars(exceptions).items()
    if isinstance(each, type) and issubclass(each, APIException)
}
# Those that can't be made of nothing.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "MethodNotAllowed": ("GET",),
    "UnsupportedMediaType": ("image/png",),
}
MEMBERS = {
    "type", "title", "status", "detail", "instance", "permanence", "request_id", "retry_after",
    "allow", "available", "accept", "errors", "code",
}  # fmt: skip


class OutOfStock(Exception):
    """A client error of the project's."""


class ShopClosed(Exception):
    """A server error of the project's."""


@pytest.fixture
def registered(settings) -> None:
    """The project's exceptions, registered."""
    statuses = {OutOfStock: 409, ShopClosed: 503}
    settings.HTTP_ERRORS = {
        **settings.HTTP_ERRORS,
        "EXCEPTIONS": {f"{kind.__module__}.{kind.__name__}": statuses[kind] for kind in statuses},
    }


def checked(response: Any, status: int) -> dict[str, Any]:
    """Return the members of a problem, after a look at all that every problem has."""
    assert response.status_code == status
    members: dict[str, Any] = response.json()
    assert members["status"] == status
    assert set(members) <= MEMBERS
    assert members["type"] == "about:blank"
    assert members["title"] == str(error_status(status).title)
    assert members["detail"]
    assert members["instance"] == response.request["PATH_INFO"]
    assert members["permanence"] in ("temporary", "permanent", "unknown")
    assert bool(members.get("request_id")) == (status >= 500)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Language"] == "en"
    assert response["Content-Length"] == str(len(response.content))
    assert "Accept" in response["Vary"].split(", ")
    assert "Allow" in response
    assert isinstance(response.problem, Problem)
    assert response.problem.as_dict() == members
    return members


def words_of(problem: Problem) -> str:
    """Return the words of its status, which speak of the list that the view has given it."""
    status = error_status(problem.status)
    has_list = problem.available or problem.accept
    return str(status.detail_with_list if has_list else status.detail)


# What is raised, and what the client gets


@pytest.mark.parametrize("name", API_EXCEPTIONS)
@both_ways
def test_every_exception_of_the_framework(serve, settings, name: str, middleware: list) -> None:
    """It has the words of the status: the framework's say less."""
    settings.MIDDLEWARE = middleware
    kind = API_EXCEPTIONS[name]
    authentication = [challenging('Own realm="x"')]
    api = serve(
        raising(lambda: kind(*ARGUMENTS.get(name, ())), authentication_classes=authentication)
    )
    response = api.ask(accept=PROBLEM + ", application/json;q=0.5")
    members = checked(response, kind.status_code)
    assert response["Content-Type"] == PROBLEM
    assert ("errors" in members) == (name == "ValidationError")
    if name != "ValidationError":
        assert members["detail"] == words_of(response.problem)
    assert ("WWW-Authenticate" in response) == (kind.status_code == 401)


def test_the_framework_has_these_exceptions() -> None:
    """If it gets another one, look at what it brings."""
    assert set(API_EXCEPTIONS) == {
        "APIException", "AuthenticationFailed", "MethodNotAllowed", "NotAcceptable",
        "NotAuthenticated", "NotFound", "ParseError", "PermissionDenied", "Throttled",
        "UnsupportedMediaType", "ValidationError",
    }  # fmt: skip


@pytest.mark.parametrize("status", [*STATUSES, 418, 499, 599])
def test_every_exception_of_the_app(serve, status: int, records: list) -> None:
    kind = EXCEPTIONS.get(status, HttpError)
    response = serve(raising(lambda: kind(status=status))).ask()
    members = checked(response, status)
    assert members["detail"] == words_of(response.problem)
    for name in error_status(status).required_headers:
        if name in ("WWW-Authenticate", "Allow"):
            assert name in response
    assert [record.status_code for record in records] == [status]


def test_all_that_an_exception_of_the_app_says(serve) -> None:
    class OutOfCredit(http_exceptions.Forbidden):
        type = "https://example.com/problems/out-of-credit"
        title = "You do not have enough credit."

    def make() -> OutOfCredit:
        return OutOfCredit(
            "30 are missing.", headers={"X-Own": "1"}, retry_after=9.5, extensions={"balance": 7}
        )

    response = serve(raising(make)).ask()
    members = response.json()
    assert members["type"] == OutOfCredit.type
    assert members["title"] == OutOfCredit.title
    assert members["detail"] == "30 are missing."
    assert members["balance"] == 7
    assert (members["retry_after"], response["Retry-After"]) == (10, "10")
    assert members["permanence"] == "temporary"
    assert response["X-Own"] == "1"


# What a client of a view without templates accepts, and is sent.
SENT = [("*/*", PROBLEM), (None, PROBLEM), (JSON, JSON), (HTML, f"{HTML}; charset=utf-8")]

# More than the setting lets in, if it is 1.
TOO_LARGE = [
    ("DATA_UPLOAD_MAX_MEMORY_SIZE", JSON, b"[1, 2]"),
    ("DATA_UPLOAD_MAX_NUMBER_FIELDS", "application/x-www-form-urlencoded", b"a=1&b=2"),
    (
        "DATA_UPLOAD_MAX_MEMORY_SIZE",
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nlong\r\n--x--\r\n',
    ),
]

INTERNAL = {
    "http404": (lambda: Http404("No Group matches the given query."), 404),
    "permission-denied": (lambda: PermissionDenied("secret"), 403),
    "out-of-stock": (lambda: OutOfStock("secret"), 409),
    "shop-closed": (lambda: ShopClosed("secret"), 503),
    "bad-request": (lambda: BadRequest("secret"), 400),
    "suspicious": (lambda: SuspiciousOperation("secret"), 400),
    "crash": (lambda: ZeroDivisionError("secret"), 500),
}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("accept", [JSON, HTML, "*/*"])
@pytest.mark.parametrize("name", INTERNAL)
def test_internal_words_are_not_told(serve, name: str, accept: str) -> None:
    make, status = INTERNAL[name]
    response = serve(raising(make)).ask(accept=accept)
    assert response.status_code == status
    for word in (b"secret", b"Group", b"ZeroDivision"):
        assert word not in response.content
    assert str(error_status(status).detail) in response.content.decode()


@both_ways
@pytest.mark.parametrize(("setting", "content_type", "body"), TOO_LARGE)
def test_what_is_too_large_is_answered_as_the_api_answers(
    serve,
    settings,
    caplog: Any,
    middleware: list[str],
    setting: str,
    content_type: str,
    body: bytes,
) -> None:
    """By Django, whose security log tells of it."""
    if content_type == JSON and VERSION < "3.18":
        pytest.skip("JSON is read without a limit")
    settings.HTTP_ERRORS, settings.MIDDLEWARE = {}, middleware
    setattr(settings, setting, 1)
    api = serve(PlainView.as_view(parser_classes=[JSONParser, FormParser, MultiPartParser]))
    for accept, sent in SENT:
        response = api.ask(accept=accept, method="POST", body=body, content_type=content_type)
        assert response.status_code == 413
        assert response["Content-Type"] == sent
        assert caplog.records[-1].name.startswith("django.security.")
        # Elsewhere the path decides.
        assert api.ask("/nowhere/", accept="*/*")["Content-Type"].startswith(HTML)


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_crash_is_answered_as_the_api_answers(serve, settings, is_shared: bool) -> None:
    """And no other one, though it be by the same exception."""
    settings.HTTP_ERRORS = {}
    shared = ZeroDivisionError("secret")

    def crash(request: Any) -> None:
        raise shared

    view = raising(lambda: shared) if is_shared else raising(ZeroDivisionError)
    api = serve(routes=[path("api/", view), path("page/", crash)])
    for accept, sent in SENT:
        assert api.ask(accept=accept)["Content-Type"] == sent
        assert api.ask("/page/", accept="*/*")["Content-Type"].startswith(HTML)


def test_a_crash_of_a_view_with_templates_is_a_page(serve, settings) -> None:
    settings.HTTP_ERRORS = {}
    view = raising(ZeroDivisionError, renderer_classes=[TemplateHTMLRenderer, JSONRenderer])
    for accept, sent in (("*/*", HTML), (HTML, HTML), (JSON, JSON)):
        response = serve(view).ask(accept=accept)
        assert response["Content-Type"].partition(";")[0] == sent


@pytest.mark.parametrize("name", ["http404", "permission-denied"])
def test_not_even_in_debug_if_the_framework_answers(serve, settings, name: str) -> None:
    settings.DEBUG = True
    response = serve(raising(INTERNAL[name][0])).ask()
    assert b"secret" not in response.content
    assert b"Group" not in response.content


def test_no_oracle_in_words(serve) -> None:
    """What isn't there and what is said not to be there are one answer."""

    class Hidden(exceptions.NotFound):
        """A project's own, without words of its own."""

    answers = set()
    for make in (
        exceptions.NotFound,
        Http404,
        Hidden,
        http_exceptions.NotFound,
        lambda: Http404("No Group matches the given query."),
    ):
        response = serve(raising(make)).ask()
        answers.add((response.status_code, response.content, tuple(sorted(response.items()))))
    assert len(answers) == 1


@pytest.mark.django_db
def test_the_shortcut(serve) -> None:
    def make() -> Any:
        return get_object_or_404(Group, pk=0)

    members = checked(serve(raising(make)).ask(), 404)
    assert members["detail"] == str(error_status(404).detail)


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda: exceptions.NotFound("Invalid page."), "Invalid page."),
        (
            lambda: exceptions.NotFound("Not found. Look in the attic."),
            "Not found. Look in the attic.",
        ),
        (lambda: exceptions.PermissionDenied(lazystr("Ask Ada.")), "Ask Ada."),
        (lambda: exceptions.ParseError("JSON parse error - x"), "JSON parse error - x"),
        (lambda: exceptions.MethodNotAllowed("GET", "Not on Sundays."), "Not on Sundays."),
        (lambda: exceptions.Throttled(detail="Slowly."), "Slowly."),
        (lambda: exceptions.Throttled(5, "Slowly."), "Slowly. Expected available in 5 seconds."),
    ],
)
def test_words_that_were_meant_to_be_shown(serve, make, detail: str) -> None:
    assert serve(raising(make)).ask().json()["detail"] == detail


def test_words_for_what_could_not_be_parsed_by_the_view(serve) -> None:
    """They are the project's own, other than those of a parser, though another error is behind."""

    def parsed() -> exceptions.ParseError:
        try:
            return date.fromisoformat("yesterday")  # type: ignore[return-value]
        except ValueError as error:
            raise exceptions.ParseError("'from' must be a date like 2026-01-31.") from error

    members = serve(raising(parsed)).ask().json()
    assert members["detail"] == "'from' must be a date like 2026-01-31."


class Books(BaseParser):
    """A parser of the project's own."""

    media_type = "text/csv"

    def parse(self, stream: Any, *args: Any) -> Any:
        content = stream.read().decode()
        if "isbn" not in content:
            raise exceptions.ParseError("There is no column 'isbn'.", code="no_isbn")
        try:
            return [int(each) for each in content.split(",")]
        except ValueError as error:
            raise exceptions.ParseError(f"CSV parse error - {error}", code="no_number") from None


MULTIPART = "multipart/form-data; boundary=x"
QUIET = str(error_status(400).detail)


@pytest.mark.parametrize(
    ("parser", "content_type", "body", "detail", "code"),
    [
        (Books, "text/csv", b"secret", "There is no column 'isbn'.", "no_isbn"),
        (Books, "text/csv", b"isbn,secret", QUIET, "no_number"),
        (FileUploadParser, "image/png", b"secret", str(FileUploadParser.errors["no_filename"]), ""),
        (MultiPartParser, "multipart/form-data", b"secret", QUIET, ""),
        (MultiPartParser, MULTIPART + "\u00e9", b"secret", QUIET, ""),
        (JSONParser, JSON, b'"secret\xff"', QUIET, ""),
        (JSONParser, JSON, b'{"secret": NaN}', QUIET, ""),
    ],
)
def test_a_parser_says_what_it_found_out_by_itself(
    serve, parser: Any, content_type: str, body: bytes, detail: str, code: str
) -> None:
    """The text of an exception behind it may quote the content, and isn't for the wire."""
    api = serve(PlainView.as_view(parser_classes=[parser]))
    response = api.post(body, content_type=content_type)
    members = checked(response, 400)
    assert (members["detail"], members.get("code", "")) == (detail, code)
    assert b"secret" not in response.content


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("wait", [None, 1, 2, 30])
def test_the_words_of_throttling(serve, settings, wait: int | None, language: str) -> None:
    settings.MIDDLEWARE = [LOCALE, COMMON, MIDDLEWARE]
    api = serve(raising(lambda: exceptions.Throttled(wait)))
    members = api.ask(**{"accept-language": language}).json()
    with translation.override(language):
        assert members["detail"] == str(error_status(429).detail)


def test_an_exception_of_the_project(serve) -> None:
    class Locked(APIException):
        status_code = 423
        default_detail = "Ada is working on it."
        default_code = "locked_by_ada"

    class LockedToo(Locked):
        pass

    for kind in (Locked, LockedToo):
        members = checked(serve(raising(kind)).ask(), 423)
        assert members["detail"] == "Ada is working on it."
        assert members["permanence"] == "temporary"
    members = checked(serve(raising(lambda: Locked("Bob is."))).ask(), 423)
    assert members["detail"] == "Bob is."


def test_a_code_of_its_own(serve) -> None:
    """A machine's word is told where it says more than the class of the exception."""
    api = serve(raising(lambda: exceptions.PermissionDenied("Too much.", code="quota_exceeded")))
    assert checked(api.ask(), 403)["code"] == "quota_exceeded"
    own = serve(raising(lambda: exceptions.PermissionDenied("Too much."))).ask()
    assert "code" not in checked(own, 403)
    # As REST framework has it, for tests and for handlers around the app's.
    assert own.data["detail"].code == "permission_denied"

    class InSeason(BasePermission):
        code = "out_of_season"

        def has_permission(self, request: Any, view: Any) -> bool:
            return False

    api = serve(PlainView.as_view(permission_classes=[InSeason]))
    assert checked(api.ask(), 403)["code"] == "out_of_season"


STATED: list[tuple[Any, list[dict[str, str]]]] = [
    ({"field": "a", "message": "x"}, [{"detail": "a: x"}]),
    ({"attr": "lines.0.price", "detail": "x"}, [{"detail": "lines.0.price: x"}]),
    ({"field": None, "msg": "x", "code": 402}, [{"detail": "x", "code": "402"}]),
    ({"detail": "x", "pointer": "/x/y"}, [{"detail": "x", "pointer": "/x/y"}]),
    (
        {"detail": "x", "pointer": "/z", "code": "q"},
        [{"detail": "x", "pointer": "/z", "code": "q"}],
    ),
    ({"field": "a", "message": "x", "pointer": "/a"}, [{"detail": "x", "pointer": "/a"}]),
    ({"detail": "x", "parameter": "a"}, [{"detail": "x", "parameter": "a"}]),
    ({"message": "x", "params": {"n": 1}}, [{"detail": "x"}]),
    ({"field": "a"}, []),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("wrap", [lambda x: {"errors": x}, lambda x: {"detail": x}, list])
@pytest.mark.parametrize(("error", "expected"), STATED)
def test_errors_in_a_form_of_the_projects(
    serve, error: Any, expected: list[dict[str, str]], wrap: Any, method: str
) -> None:
    """What they say is no name of what was sent, and the places that they state are right."""
    api = serve(raising(lambda: exceptions.PermissionDenied(wrap([error, "y"]))))
    errors = api.ask(method=method, body={"x": {"y": 1}, "z": 1}).json()["errors"]
    assert errors == [*expected, {"detail": "y", "code": "permission_denied"}]


@pytest.mark.parametrize("status", [200, 302, 399, "404"])
def test_an_exception_that_is_no_error(serve, status: Any) -> None:
    """REST framework makes an answer of any status; what isn't an error is left to it."""

    class Own(APIException):
        status_code = status
        default_detail = "own"

    response = serve(raising(Own)).ask()
    assert response.status_code == int(status)
    assert response.json() == {"detail": "own"}


def test_an_exception_that_can_not_be_read(serve, own_records: list) -> None:
    class Own(APIException):
        status_code = 409

        def __init__(self) -> None:
            """Leave out what REST framework's does."""

    class OwnToo(http_exceptions.Conflict):
        def __init__(self) -> None:
            """Leave out what the app's does."""

    for kind in (Own, OwnToo):
        members = checked(serve(raising(kind)).ask(), 409)
        assert members["detail"] == str(error_status(409).detail)
    assert own_records


@pytest.mark.parametrize("given", [{"detail": UNSPEAKABLE}, {"errors": [UNSPEAKABLE]}], ids=list)
@pytest.mark.parametrize("status", [409, 503])
def test_words_that_can_not_be_said(
    serve, given: Any, status: int, own_records: list, signals: list
) -> None:
    """Those of the status are then, and a conflict is no crash."""
    response = serve(raising(lambda: HttpError(status=status, **given))).ask()
    assert checked(response, status)["detail"] == str(error_status(status).detail)
    page = serve(raising(lambda: HttpError(status=status, **given))).ask(accept=HTML)
    assert page.status_code == status
    assert b"secret" not in page.content
    assert len(own_records) == 2
    assert signals == []


def test_the_response_is_that_of_the_exception_alone(serve) -> None:
    """Two requests don't share anything."""
    api = serve(raising(lambda: exceptions.ValidationError({"a": "x"})))
    first, second = api.ask("/api/?1"), api.ask("/api/?2")
    assert first.problem == second.problem
    assert first.data is not second.data


# 401, 403


@pytest.mark.parametrize("kind", [exceptions.NotAuthenticated, exceptions.AuthenticationFailed])
@pytest.mark.parametrize("challenge", ['Basic realm="api"', lazystr('Token realm="x"'), None])
def test_a_challenge_or_a_refusal(serve, kind: type[APIException], challenge: Any) -> None:
    """Without a challenge a 401 is not possible, and REST framework makes a 403 of it."""
    response = serve(raising(kind, authentication_classes=[challenging(challenge)])).ask()
    if challenge is None:
        members = checked(response, 403)
        assert "WWW-Authenticate" not in response
        # The status's own words would send a stranger to those who run the site.
        assert members["detail"] == str(kind.default_detail)
    else:
        members = checked(response, 401)
        assert response["WWW-Authenticate"] == str(challenge)
        assert members["detail"] == str(error_status(401).detail)


@pytest.mark.parametrize(
    ("authentication", "status"),
    [(BasicAuthentication, 401), (SessionAuthentication, 403)],
)
def test_the_frameworks_authentication(serve, authentication: Any, status: int) -> None:
    view = PlainView.as_view(
        authentication_classes=[authentication], permission_classes=[IsAuthenticated]
    )
    response = serve(view).ask()
    checked(response, status)
    if status == 401:
        assert response["WWW-Authenticate"] == 'Basic realm="api"'


def test_wrong_credentials(serve) -> None:
    view = PlainView.as_view(authentication_classes=[BasicAuthentication])
    members = checked(serve(view).ask(authorization="Basic %%%"), 401)
    assert "base64" in members["detail"]


def test_a_challenge_of_the_exceptions_own(serve) -> None:
    def make() -> HttpError:
        return http_exceptions.Unauthorized(challenges=["Own"])

    response = serve(raising(make, authentication_classes=[BasicAuthentication])).ask()
    checked(response, 401)
    assert response["WWW-Authenticate"] == "Own"


def test_the_message_of_a_permission(serve) -> None:
    class OnSundays(BasePermission):
        message = "Only on Sundays."

        def has_permission(self, request: Any, view: Any) -> bool:
            return False

    members = checked(serve(PlainView.as_view(permission_classes=[OnSundays])).ask(), 403)
    assert members["detail"] == "Only on Sundays."


# 405


def allowed(response: Any) -> list[str]:
    members = checked(response, 405)
    assert response["Allow"].split(", ") == members["allow"]
    return members["allow"]


def test_the_methods_of_the_view(serve) -> None:
    response = serve(PlainView.as_view()).ask(method="DELETE")
    assert allowed(response) == ["GET", "POST", "HEAD", "OPTIONS"]


@pytest.mark.parametrize("method", ["PURGE", "TRACE"])
def test_an_unknown_method(serve, method: str) -> None:
    assert "GET" in allowed(serve(PlainView.as_view()).ask(method=method))


def test_the_methods_of_a_function(serve) -> None:
    @api_view(["POST"])
    def view(request: Any) -> Response:
        return Response()

    assert set(allowed(serve(view).ask())) == {"POST", "OPTIONS"}


class Groups(ViewSet):
    authentication_classes: Any = []
    permission_classes: Any = []
    renderer_classes = [JSONRenderer]

    def list(self, request: Any) -> Response:
        return Response([])

    def create(self, request: Any) -> Response:
        return Response({})

    def retrieve(self, request: Any, pk: str) -> Response:
        raise http_exceptions.MethodNotAllowed

    @action(detail=True, methods=["put", "delete"])
    def lock(self, request: Any, pk: str) -> Response:
        raise Http404("secret")


def groups(serve: Any) -> Any:
    router = SimpleRouter()
    router.register("groups", Groups, basename="group")
    return serve(routes=[path("api/", include(router.urls))])


def test_the_methods_of_a_viewset(serve) -> None:
    api = groups(serve)
    assert set(allowed(api.ask("/api/groups/", method="DELETE"))) == {
        "GET",
        "POST",
        "HEAD",
        "OPTIONS",
    }
    assert set(allowed(api.ask("/api/groups/1/lock/"))) == {"PUT", "DELETE", "OPTIONS"}
    members = checked(api.ask("/api/groups/1/lock/", method="PUT"), 404)
    assert members["instance"] == "/api/groups/1/lock/"


def test_the_apps_405_is_completed_by_the_view(serve) -> None:
    assert set(allowed(groups(serve).ask("/api/groups/1/"))) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("methods", [["GET"], ["PURGE", "GET"], []])
def test_the_apps_405_has_methods_of_its_own(serve, methods: list[str]) -> None:
    response = serve(raising(lambda: http_exceptions.MethodNotAllowed(allow=methods))).ask()
    assert response["Allow"] == ", ".join(methods)
    assert response.json()["allow"] == methods


def test_other_answers_have_the_views_methods_too(serve) -> None:
    """As all answers of REST framework have them."""
    response = serve(raising(Http404)).ask()
    assert response["Allow"] == "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
    assert "allow" not in response.json()


# 406


def offers(response: Any) -> dict[str, str]:
    members = checked(response, 406)
    found = {each["type"]: each["href"] for each in members["available"]}
    assert len(found) == len(members["available"])
    for kind, href in found.items():
        assert f'<{href}>; rel="alternate"; type="{kind}"' in response["Link"]
    return found


RENDERERS = [JSONRenderer, BrowsableAPIRenderer, LinesRenderer, ProblemJSONRenderer]


class Nameless(LinesRenderer):
    media_type = "application/x-nameless"
    format = None  # type: ignore[assignment]


@pytest.mark.parametrize("query", ["", "?q=%C3%A9&q=a+b&empty=", "?format=json"])
@pytest.mark.parametrize("renderers", [RENDERERS, [JSONRenderer, Nameless]])
def test_each_offer_can_be_had(serve, query: str, renderers: list[Any]) -> None:
    api = serve(PlainView.as_view(renderer_classes=renderers))
    found = offers(api.ask("/api/" + query, accept="image/png"))
    assert list(found) == [each.media_type for each in renderers if each is not ProblemJSONRenderer]
    for kind, href in found.items():
        response = api.ask(href, accept=kind)
        assert response.status_code == 200
        assert response["Content-Type"].split(";")[0] == kind
        if kind != Nameless.media_type:
            assert api.ask(href, accept="*/*")["Content-Type"].split(";")[0] == kind
        assert ("empty=" in href) == ("empty=" in query)


@pytest.mark.parametrize(
    "long", ["?q=" + "a" * 3000, "?" + "a=b&" * 900, "?format=json&q=" + "<" * 3000]
)
def test_an_offer_at_a_long_address_goes_without_its_query(serve, long: str) -> None:
    """Or else it would be said, in the field too, for each of the forms."""
    api = serve(PlainView.as_view())
    response = api.ask("/api/" + long, accept="image/png")
    assert len(response["Link"]) < 300
    for kind, href in offers(response).items():
        assert api.ask(urljoin("/api/" + long, href), accept=kind)["Content-Type"].startswith(kind)


def test_the_parameter_that_names_the_format(serve, settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "URL_FORMAT_OVERRIDE": "as"}
    found = offers(serve(PlainView.as_view()).ask(accept="image/png"))
    assert found == {JSON: "/api/?as=json", HTML: "/api/?as=api"}


def test_no_parameter_names_the_format(serve, settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "URL_FORMAT_OVERRIDE": None}
    found = offers(serve(PlainView.as_view()).ask("/api/?a=b", accept="image/png"))
    assert found == {JSON: "/api/?a=b", HTML: "/api/?a=b"}


def test_a_format_in_the_path(serve) -> None:
    """There is nothing else to be had at an address that names the format itself."""
    api = serve(routes=format_suffix_patterns([path("api/x", PlainView.as_view())]))
    found = offers(api.ask("/api/x.json", accept="text/html"))
    assert found == {JSON: "/api/x.json"}
    assert api.ask(found[JSON]).status_code == 200
    assert len(offers(api.ask("/api/x", accept="image/png"))) == 2


def test_an_unknown_format(serve) -> None:
    api = serve(PlainView.as_view())
    assert checked(api.ask("/api/?format=tar"), 404)["detail"] == str(error_status(404).detail)


def test_an_offer_does_not_lead_to_another_site() -> None:
    request = RequestFactory().get("/", headers={"accept": "image/png"})
    request.path = request.path_info = "//evil.example/"
    response = PlainView.as_view()(request).render()
    assert response.status_code == 406
    assert [each.href for each in response.problem.available] == [
        "/%2Fevil.example/?format=json",
        "/%2Fevil.example/?format=api",
    ]


def test_the_apps_406_is_completed_by_the_view(serve) -> None:
    found = offers(serve(raising(http_exceptions.NotAcceptable)).ask())
    assert set(found) == {JSON, HTML}
    own = serve(raising(lambda: http_exceptions.NotAcceptable(available=["image/png"]))).ask()
    assert own.json()["available"] == [{"type": "image/png", "href": "/api/"}]


def test_problem_details_alone_are_not_acceptable_without_the_renderer(serve) -> None:
    response = serve(PlainView.as_view()).ask(accept=PROBLEM)
    checked(response, 406)
    assert response["Content-Type"] == PROBLEM


# 415


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "make",
    [None, http_exceptions.UnsupportedMediaType, lambda: exceptions.UnsupportedMediaType("x")],
)
def test_the_types_that_the_view_takes(serve, method: str, make: Any) -> None:
    class View(Raising):
        def post(self, request: Any, **kwargs: Any) -> Response:
            return Response(request.data)

        if make is None:
            put = patch = post
        else:
            post = Raising.get

    view = View.as_view(**({"make": make} if make else {}))
    response = serve(view).ask(method=method, body=b"x", content_type="image/png")
    members = checked(response, 415)
    assert members["accept"] == [JSON, "application/x-www-form-urlencoded"]
    assert response["Accept"] == ", ".join(members["accept"])
    for name, of in (("Accept-Post", "POST"), ("Accept-Patch", "PATCH")):
        assert response.get(name) == (response["Accept"] if method == of else None)


def test_the_apps_415_has_types_of_its_own(serve) -> None:
    def make() -> HttpError:
        return http_exceptions.UnsupportedMediaType(accept=["image/png"])

    assert serve(raising(make)).ask().json()["accept"] == ["image/png"]


def test_the_apps_415_for_a_coding(serve) -> None:
    """Then the types are all right."""

    def make() -> HttpError:
        return http_exceptions.UnsupportedMediaType(accept_encoding=["identity"])

    response = serve(raising(make)).ask()
    assert response["Accept-Encoding"] == "identity"
    assert "Accept" not in response
    assert "accept" not in response.json()


@pytest.mark.parametrize("body", [b"\xff", b"NaN"])
def test_content_that_is_no_json(serve, body: bytes) -> None:
    members = checked(serve(PlainView.as_view()).post(body), 400)
    assert members["detail"] == str(error_status(400).detail)


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [(b"{", 1, 2), (b'{\n "secret": 1,,\n}', 2, 14), (b"[1,\n2", 2, 2), (b"secret", 1, 1)],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_where_content_is_no_json(
    serve, settings, body: bytes, line: int, column: int, language: str
) -> None:
    """A place helps to find it; what is there stays with the client."""
    settings.MIDDLEWARE = [LOCALE, COMMON, MIDDLEWARE]
    response = serve(PlainView.as_view()).post(body, **{"accept-language": language})
    detail = response.json()["detail"]
    assert response.status_code == 400
    assert re.findall(r"\d+", detail) == [str(line), str(column)]
    assert detail.startswith("What was sent is not valid JSON") == (language == "en")
    assert b"secret" not in response.content


# 429


@pytest.mark.conformance("rfc6585-4-429-explains")
def test_throttling(serve) -> None:
    class OncePerMinute(AnonRateThrottle):
        rate = "1/min"

    api = serve(PlainView.as_view(throttle_classes=[OncePerMinute]))
    assert api.ask().status_code == 200
    response = api.ask()
    members = checked(response, 429)
    assert 0 < members["retry_after"] <= 60
    assert response["Retry-After"] == str(members["retry_after"])
    assert members["permanence"] == "temporary"


@pytest.mark.parametrize(("wait", "seconds"), [(None, None), (0.2, 1), (59.5, 60), (-3, 0)])
def test_how_long_to_wait(serve, wait: float | None, seconds: int | None) -> None:
    response = serve(raising(lambda: exceptions.Throttled(wait))).ask()
    members = checked(response, 429)
    assert members.get("retry_after") == seconds
    assert response.get("Retry-After") == (None if seconds is None else str(seconds))


def test_any_exception_may_say_how_long_to_wait(serve) -> None:
    class Busy(APIException):
        status_code = 409
        wait = 1.5

    response = serve(raising(Busy)).ask()
    members = checked(response, 409)
    assert (members["retry_after"], response["Retry-After"]) == (2, "2")
    assert members["permanence"] == "temporary"


# What Django and REST framework do besides


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests", "registered")
@pytest.mark.parametrize(
    "make",
    [
        None,
        exceptions.NotFound,
        APIException,
        Http404,
        PermissionDenied,
        http_exceptions.Conflict,
        http_exceptions.ServiceUnavailable,
        lambda: exceptions.ValidationError({"a": "x"}),
        OutOfStock,
        ShopClosed,
        ZeroDivisionError,
    ],
)
def test_what_an_error_left_in_the_database(serve, make) -> None:
    """It is undone, as REST framework does for what it handles."""

    class View(PlainView):
        def post(self, request: Any, **kwargs: Any) -> Response:
            assert connection.in_atomic_block
            Group.objects.create(name="left")
            if make is not None:
                raise make()
            return Response({})

    response = serve(View.as_view()).post({})
    assert (response.status_code == 200) == (make is None)
    assert Group.objects.exists() == (make is None)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("accept", [JSON, PROBLEM, HTML, "*/*", None])
@pytest.mark.parametrize("kind", [ZeroDivisionError, ShopClosed])
def test_an_unknown_exception(
    serve, kind: type[Exception], accept: str | None, records: list, signals: list
) -> None:
    """Django signals and logs it, once, with its traceback; then the app's handler answers."""
    renderers = [JSONRenderer, BrowsableAPIRenderer, ProblemJSONRenderer]
    response = serve(raising(kind, renderer_classes=renderers)).ask(accept=accept)
    status = 503 if kind is ShopClosed else 500
    assert response.status_code == status
    form = {None: PROBLEM, "*/*": PROBLEM}.get(accept, accept)
    assert response["Content-Type"].split(";")[0] == form
    if form == HTML:
        assert f"<h1>{HEADINGS[status]}</h1>" in response.content.decode()
    else:
        assert response.json()["status"] == status
        assert response.json()["request_id"]
    assert [type(each) for each in signals] == [kind]
    assert [record.name for record in records] == ["django.request"]
    assert records[0].exc_info[0] is kind
    assert records[0].levelname == "ERROR"
    assert response.problem.status == status


def test_the_test_client_raises_it_again(serve) -> None:
    serve(raising(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        Client().get("/api/")
    serve(raising(exceptions.NotFound))
    assert Client().get("/api/").status_code == 404


@pytest.mark.parametrize("kind", [exceptions.NotFound, Http404, APIException])
def test_a_known_exception_is_logged_as_the_framework_does(
    serve, settings, kind: type[Exception], records: list, signals: list
) -> None:
    seen = []
    for handler in ("rest_framework.views.exception_handler", EXCEPTION_HANDLER):
        settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
        records.clear()
        serve(raising(kind)).ask()
        seen.append([(each.name, each.levelname, each.getMessage()) for each in records])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1
    assert signals == []


@pytest.mark.parametrize("accept", [JSON, PROBLEM, HTML, "*/*"])
def test_an_unknown_exception_in_debug(serve, settings, accept: str) -> None:
    settings.DEBUG = True
    renderers = [JSONRenderer, BrowsableAPIRenderer, ProblemJSONRenderer]
    response = serve(raising(lambda: KeyError("which"), renderer_classes=renderers)).ask(
        accept=accept
    )
    assert response.status_code == 500
    if accept == HTML:
        assert b"<h1>KeyError" in response.content
        assert b"Traceback" in response.content
    else:
        debug = response.json()["debug"]
        assert debug["exception"] == "builtins.KeyError"
        assert debug["message"] == "'which'"
        assert any("views.py" in line for line in debug["traceback"])


@both_ways
@pytest.mark.parametrize(
    ("address", "accept", "form"),
    [
        ("/api/nowhere/", None, PROBLEM),
        ("/api/nowhere/", "*/*", PROBLEM),
        ("/api/nowhere/", PROBLEM, PROBLEM),
        ("/api/nowhere/", JSON, JSON),
        ("/api/nowhere/", HTML, HTML),
        ("/nowhere/", None, HTML),
    ],
)
def test_what_is_not_routed(serve, settings, middleware, address, accept, form) -> None:
    settings.MIDDLEWARE = middleware
    api = serve(raising(Http404, renderer_classes=[JSONRenderer, ProblemJSONRenderer]))
    response = api.ask(address, accept=accept)
    assert response.status_code == 404
    assert response["Content-Type"].split(";")[0] == form
    if address.startswith("/api/") and form != HTML:
        routed = api.ask("/api/", accept=accept).json()
        assert response.json() == {**routed, "instance": address}


# How it is answered


@pytest.mark.parametrize("kind", [exceptions.NotFound, ZeroDivisionError])
def test_an_async_project(serve, kind: type[Exception]) -> None:
    serve(raising(kind))

    async def ask() -> Any:
        client = AsyncClient(raise_request_exception=False)
        return await client.get("/api/", headers={"accept": PROBLEM + ", application/json;q=0.1"})

    response = async_to_sync(ask)()
    status = 404 if kind is exceptions.NotFound else 500
    assert response.status_code == response.json()["status"] == status
    assert response["Content-Type"] == PROBLEM
    assert response.problem.status == status


@pytest.mark.parametrize("kind", [exceptions.NotFound, http_exceptions.Gone])
def test_head(serve, kind: type[Exception]) -> None:
    class View(Raising):
        def head(self, request: Any, **kwargs: Any) -> Response:
            return self.get(request)

    api = serve(View.as_view(make=kind))
    get, head = api.ask(), api.ask(method="HEAD")
    assert head.status_code == get.status_code
    assert head.content == b""
    assert dict(head.items()) == dict(get.items())


def test_options(serve) -> None:
    """OPTIONS describes the view, or is refused as any other method is."""
    assert serve(PlainView.as_view()).ask(method="OPTIONS").status_code == 200
    response = serve(PlainView.as_view(metadata_class=None)).ask(method="OPTIONS")
    checked(response, 405)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_language(serve, settings, language: str) -> None:
    settings.MIDDLEWARE = [LOCALE, COMMON, MIDDLEWARE]
    api = serve(raising(lambda: exceptions.ValidationError({"a": "x"})))
    response = api.ask(**{"accept-language": language})
    assert response["Content-Language"] == language
    assert "Accept-Language" in response["Vary"]


def test_the_views_own_fields_stay(serve) -> None:
    class View(Raising):
        @property
        def default_response_headers(self) -> dict[str, str]:
            own = {"Cache-Control": "private", "Vary": "Cookie", "X-Own": "1"}
            return {**super().default_response_headers, **own}

    response = serve(View.as_view(make=Http404)).ask()
    assert response["Cache-Control"] == "private"
    assert {"Accept", "Cookie"} <= set(response["Vary"].split(", "))
    assert response["X-Own"] == "1"


def test_unknown_exceptions_are_for_django() -> None:
    request = framework_views.APIView().initialize_request(RequestFactory().get("/"))
    context = {"view": framework_views.APIView(), "request": request, "args": (), "kwargs": {}}
    assert exception_handler(ValueError("secret"), context) is None


@pytest.mark.parametrize("first", ["rest_framework.views", "django_http_errors.rest_framework"])
def test_the_renderer_may_be_everybodys_default(first: str) -> None:
    """Whichever module is imported first, the setting can name the renderer."""
    program = f"""
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django_http_errors", "rest_framework"],
    REST_FRAMEWORK={{
        "EXCEPTION_HANDLER": "django_http_errors.rest_framework.exception_handler",
        "DEFAULT_RENDERER_CLASSES": ["django_http_errors.rest_framework.ProblemJSONRenderer"],
    }},
)
django.setup()
import {first}
from rest_framework.views import APIView

assert APIView.renderer_classes[0].__name__ == "ProblemJSONRenderer"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# Steps, and handlers of the project's


@pytest.mark.parametrize("context", [None, {}, {"view": None, "request": None}, {"view": None}])
@pytest.mark.parametrize(
    "make",
    [
        exceptions.NotFound,
        Http404,
        lambda: exceptions.MethodNotAllowed("GET"),
        exceptions.NotAcceptable,
        lambda: exceptions.UnsupportedMediaType("x"),
        lambda: exceptions.ValidationError({"a": ["x"]}),
        http_exceptions.MethodNotAllowed,
        http_exceptions.NotAcceptable,
    ],
)
def test_a_context_without_a_view_or_a_request(make: Any, context: Any, own_records: list) -> None:
    """Others call the handler too, and what is missing can't be asked."""
    response = exception_handler(make(), context)
    assert response.status_code == response.data["status"] == response.problem.status
    assert own_records == []


@pytest.mark.parametrize("make", [exceptions.NotAcceptable, exceptions.ValidationError])
def test_a_context_with_djangos_request(make: Any, own_records: list) -> None:
    request = RequestFactory().get("/")
    response = exception_handler(make(), {"view": framework_views.APIView(), "request": request})
    assert response.status_code == response.data["status"] == make.status_code
    assert own_records == []


class OwnSteps(ExceptionHandler):
    """Each step as a project may override it."""

    def handles(self) -> bool:
        return isinstance(self.exc, KeyError) or super().handles()

    def get_problem(self) -> Problem:
        if isinstance(self.exc, KeyError):
            return error_status(409).problem(code="key")
        return super().get_problem()

    def get_errors(self, problem: Problem) -> Any:
        return [each for each in super().get_errors(problem) if each.code != "minor"]

    def spell(self, names: Any) -> Any:
        return [name.upper() for name in names]

    def get_response(self, problem: Problem) -> Any:
        response = super().get_response(problem)
        response["X-Own"] = "1"
        return response


@pytest.mark.parametrize("single", [True, False])
def test_each_step_overridden(serve, settings, single: bool) -> None:
    options: dict[str, Any] = {}
    if single:
        settings.REST_FRAMEWORK = {}
        options = {"exception_handler_class": OwnSteps}
    else:
        handler = lambda exc, context: OwnSteps(exc, context).run()  # noqa: E731
        settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": handler}
    minor = exceptions.ErrorDetail("Odd.", "minor")
    api = serve(
        Switched.as_view(
            make=lambda: exceptions.ValidationError({"a": {"b/c": ["x", minor]}}), **options
        )
    )
    response = api.post({})
    assert response["X-Own"] == "1"
    assert response.json()["errors"] == [{"detail": "x", "pointer": "/A/B~1C", "code": "invalid"}]
    api = serve(Switched.as_view(make=KeyError, **options))
    assert api.ask().json()["code"] == "key"


class Switched(ProblemDetailsMixin, Raising):
    """A view that is switched over."""

    def get_exception_handler(self) -> Any:
        if framework_settings.EXCEPTION_HANDLER is framework_views.exception_handler:
            return super().get_exception_handler()
        return framework_settings.EXCEPTION_HANDLER


def test_a_step_that_fails(serve, settings, own_records: list) -> None:
    class Failing(ExceptionHandler):
        def get_errors(self, problem: Problem) -> Any:
            raise RuntimeError("secret")

    settings.REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": lambda exc, context: Failing(exc, context).run()
    }
    response = serve(raising(lambda: exceptions.ValidationError({"a": "x"}))).post({})
    assert response.status_code == response.json()["status"] == 400
    assert b"secret" not in response.content
    assert len(own_records) == 1


def test_views_are_switched_over_one_by_one(serve, settings) -> None:
    settings.REST_FRAMEWORK = {}

    @api_view()
    def before(request: Any) -> Response:
        raise exceptions.NotFound

    @problem_details
    @api_view()
    def after(request: Any) -> Response:
        raise exceptions.NotFound

    class After(ProblemDetailsMixin, Raising):
        make = exceptions.NotFound

    routes = [path("a/", before), path("b/", after), path("c/", After.as_view())]
    api = serve(routes=routes)
    assert api.ask("/a/").json() == {"detail": "Not found."}
    for address in ("/b/", "/c/"):
        assert api.ask(address).json()["permanence"] == "unknown"
    with pytest.raises(TypeError):
        problem_details(after.cls.dispatch)


def test_a_wrong_version_in_accept_offers_nothing(serve) -> None:
    """Each of the formats is there, in a version that isn't."""

    class Versions(AcceptHeaderVersioning):
        allowed_versions = ("1",)
        default_version = "1"

    api = serve(PlainView.as_view(versioning_class=Versions))
    response = api.ask(accept="application/json; version=7")
    members = checked(response, 406)
    assert members["detail"] == 'Invalid version in "Accept" header.'
    assert "available" not in members
    assert "Link" not in response
    assert "available" in checked(api.ask(accept="image/png; version=1"), 406)


def test_a_negotiation_of_the_projects_offers_what_there_is(serve) -> None:
    """Its own negotiator names no renderers, and a view that negotiates once more does."""

    class Negotiation(DefaultContentNegotiation):
        def select_renderer(self, request: Any, *args: Any) -> Any:
            raise exceptions.NotAcceptable

    assert offers(serve(PlainView.as_view(content_negotiation_class=Negotiation)).ask())
    make = lambda: exceptions.NotAcceptable(available_renderers=[])  # noqa: E731
    assert offers(serve(raising(make)).ask())
    assert "available" not in checked(serve(raising(exceptions.NotAcceptable)).ask(), 406)


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
def test_session_authentication_without_a_csrf_token(serve, settings, debug: bool) -> None:
    """It says the words of the page for it; the reason is for developers."""
    settings.DEBUG = debug
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        MIDDLEWARE,
    ]
    api = serve(PlainView.as_view(authentication_classes=[SessionAuthentication]))
    api.client = Client(enforce_csrf_checks=True)
    api.client.force_login(User.objects.create(username="ada"))
    members = api.post({}).json()
    assert members["status"] == 403
    assert members["detail"] == str(csrf_problem("").detail)
    assert members.get("debug") == ({"reason": "CSRF cookie not set."} if debug else None)
