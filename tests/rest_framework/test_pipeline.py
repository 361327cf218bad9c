"""REST framework's errors go through the same pipeline as all others, and end in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rest_framework")

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import AsyncClient, RequestFactory
from django.urls import path
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response

from django_http_errors.core.rule_hits import hits
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
from django_http_errors.rest_framework import exception_handler

from ..asking import HIDING_MIDDLEWARE, HTML, JSON, MIDDLEWARE, PROBLEM
from .conftest import COMMON, LOCALE, Api, both_ways
from .views import LinesRenderer, PlainView, challenging, raising

RENDERERS = [JSONRenderer, BrowsableAPIRenderer, LinesRenderer]
LINES = LinesRenderer.media_type

FALLBACK = f"{__name__}.fallback"
seen: list[int] = []


def fallback(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Have another page for some 404s, as flatpages and redirects do."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        seen.append(response.status_code)
        if response.status_code == 404 and "moved" in request.GET:
            return HttpResponseRedirect("/new/")
        return response

    return middleware


@both_ways
@pytest.mark.parametrize(
    "raised",
    [
        exceptions.NotFound,
        exceptions.NotAuthenticated,  # a 403, with words of the framework's
        exceptions.Throttled,
        lambda: exceptions.AuthenticationFailed(gettext_lazy("Invalid token.")),
        lambda: exceptions.ValidationError({"name": ["x"]}),
    ],
)
@pytest.mark.django_db
def test_words_that_only_the_framework_has_in_a_language(
    serve: Callable[..., Api], settings: Any, middleware: list[str], raised: Any
) -> None:
    """REST framework speaks Finnish, and the app doesn't: all of it is English, and says so."""
    settings.MIDDLEWARE = [LOCALE, *middleware]
    settings.LANGUAGES = [("en", "English"), ("fi", "Finnish")]
    api = serve(raising(raised))
    finnish, english = (api.ask(accept_language=each) for each in ("fi", "en"))
    assert finnish["Content-Language"] == "en"
    assert finnish.content == english.content
    assert finnish["Vary"] == english["Vary"]


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def ask(mode: str, path: str = "/api/", accept: str = JSON) -> Any:
    """Return the answer of the WSGI or of the ASGI handler."""
    if mode == "sync":
        return Api().ask(path, accept)

    async def ask_async() -> Any:
        return await AsyncClient().get(path, headers={"accept": accept})

    return async_to_sync(ask_async)()


modes = pytest.mark.parametrize("mode", ["sync", "async"])


# hide, rules, words, negotiate, render, headers


@modes
@both_ways
@pytest.mark.django_db
@pytest.mark.parametrize("accept", [JSON, PROBLEM + ", " + JSON, HTML, LINES])
def test_a_rule_makes_it_gone(serve, settings, mode: str, middleware: list, accept: str) -> None:
    """In the status, the members and the words on the page alike."""
    settings.MIDDLEWARE = middleware
    PermanenceRule.objects.create(pattern="/api/", reason="The list has ended.")
    serve(raising(exceptions.NotFound, renderer_classes=RENDERERS))
    response = ask(mode, accept=accept)
    assert response.status_code == response.problem.status == 410
    assert response["Content-Type"].startswith(accept.partition(",")[0])
    page = response.content.decode()
    assert "The list has ended." in page
    if accept == HTML:
        assert "HTTP 410 Gone" in page
    elif accept == LINES:
        assert "status: 410\n" in page
    else:
        assert response.json() == response.problem.as_dict()
        assert response.json()["permanence"] == "permanent"


@both_ways
@pytest.mark.django_db
def test_the_template_is_that_of_the_status_that_is_sent(
    serve, settings, project_pages, middleware: list
) -> None:
    settings.MIDDLEWARE = middleware
    PermanenceRule.objects.create(pattern="/api/")
    project_pages({"404.html": "missing", "410.html": "gone {{ status_code }} {{ status }}"})
    api = serve(raising(exceptions.NotFound, renderer_classes=[TemplateHTMLRenderer]))
    assert api.ask(accept=HTML).content == b"gone 410 410"


@both_ways
@pytest.mark.django_db
def test_a_rule_and_a_message(serve, settings, middleware: list) -> None:
    """The words are those for the status that the rule makes."""
    settings.MIDDLEWARE = middleware
    PermanenceRule.objects.create(pattern="/api/")
    ErrorMessage.objects.create(status="404", detail="No such thing.")
    ErrorMessage.objects.create(status="410", detail="{path} was there.")
    api = serve(raising(exceptions.NotFound))
    assert api.ask().json()["detail"] == "/api/ was there."
    PermanenceRule.objects.all().delete()
    assert api.ask().json()["detail"] == "No such thing."


@pytest.mark.parametrize("accept", [JSON, PROBLEM, HTML, LINES, None])
@pytest.mark.parametrize(
    "make",
    [
        exceptions.NotFound,
        PermissionDenied,
        lambda: exceptions.MethodNotAllowed("GET"),
        lambda: exceptions.ValidationError({"a": "x"}),
        lambda: exceptions.Throttled(7),
    ],
)
def test_the_handler_alone_answers_as_with_the_middleware(
    serve, settings, make: Callable[[], Exception], accept: str | None
) -> None:
    answers = []
    for middleware in ([COMMON, MIDDLEWARE], [COMMON]):
        settings.MIDDLEWARE = middleware
        response = serve(raising(make, renderer_classes=RENDERERS)).ask(accept=accept)
        # The browsable API has a token for its forms, another one in each page.
        content = re.sub(b'"csrfToken": "[^"]*"', b"", response.content)
        answers.append((response.status_code, response.headers, content))
    assert answers[0] == answers[1]


@modes
@pytest.mark.django_db
def test_what_stands_behind_the_middleware_goes_first(serve, settings, mode: str) -> None:
    """It sees the 404, whatever rules have to say, and no page is made where it has one."""
    settings.MIDDLEWARE = [COMMON, MIDDLEWARE, FALLBACK]
    PermanenceRule.objects.create(pattern="/api/")
    rendered = []

    class Noting(JSONRenderer):
        def render(self, *args: Any, **kwargs: Any) -> bytes:
            rendered.append(args)
            return super().render(*args, **kwargs)

    serve(raising(exceptions.NotFound, renderer_classes=[Noting]))
    assert ask(mode).status_code == 410
    assert len(rendered) == 1
    response = ask(mode, "/api/?moved")
    assert (response.status_code, response["Location"]) == (302, "/new/")
    assert seen == [404, 404]
    assert len(rendered) == 1


@both_ways
@pytest.mark.django_db
def test_nothing_is_left_to_do_twice(serve, settings, middleware: list) -> None:
    """A view within a view's middleware, and two of the app's: one answer, rendered once."""
    settings.MIDDLEWARE = [*middleware, *middleware]
    calls = []

    class Noting(LinesRenderer):
        def render(self, data: Any, *args: Any, **kwargs: Any) -> str:
            calls.append(data)
            return super().render(data, *args, **kwargs)

    response = serve(raising(exceptions.NotFound, renderer_classes=[Noting])).ask(accept=LINES)
    assert b"status: 404\n" in response.content
    assert len(calls) == 1


# Hiding


@modes
@pytest.mark.django_db
@pytest.mark.parametrize(
    "middleware",
    [
        [HIDING_MIDDLEWARE, COMMON, MIDDLEWARE, FALLBACK],
        [HIDING_MIDDLEWARE, COMMON, FALLBACK],
    ],
    ids=["both", "hiding-alone"],
)
def test_a_hidden_error_is_the_404_of_what_is_not_there(
    serve, settings, mode: str, middleware: list
) -> None:
    """And middleware in between has seen no other status."""
    settings.MIDDLEWARE = middleware
    HidingRule.objects.create(kind="prefix", pattern="/api/")
    PermanenceRule.objects.create(kind="prefix", pattern="/api/gone")
    views = {"refused": PermissionDenied, "missing": exceptions.NotFound}
    serve(routes=[path(f"api/{name}/", raising(make)) for name, make in views.items()])
    answers = []
    for name in (*views, "unrouted"):
        response = ask(mode, f"/api/{name}/")
        content = response.content.replace(name.encode(), b"...")
        fields = {**response.headers}
        fields.pop("Content-Length", None)
        answers.append((response.status_code, content, fields))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    assert seen == [404, 404, 404]


@pytest.mark.django_db
@pytest.mark.parametrize("middleware", [[], [MIDDLEWARE]], ids=["alone", "middleware"])
def test_without_the_hiding_middleware_the_body_hides_all_the_same(
    serve, settings, middleware: list
) -> None:
    """A check asks for it; until then at least nothing is empty, and nothing in words tells."""
    settings.MIDDLEWARE = middleware
    HidingRule.objects.create(kind="prefix", pattern="/api/")
    refused, missing = [
        serve(raising(make)).ask() for make in (PermissionDenied, exceptions.NotFound)
    ]
    assert refused.content == missing.content
    assert b'"status": 404' in refused.content
    if middleware:
        # The view's methods would tell it from an address that isn't routed.
        assert "Allow" not in refused.headers
        assert refused.headers == missing.headers


# Handlers of the project's around the app's


def wrapping(change: Callable[[Any], None]) -> Callable[..., Any]:
    """Return a handler that calls the app's, and changes its response."""

    def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
        response = exception_handler(exc, context)
        if response is not None:
            change(response)
        return response

    return handler


def _add(response: Any) -> None:
    response.data["trace"] = "7"


def _take_away(response: Any) -> None:
    del response.data["type"]


def _say_otherwise(response: Any) -> None:
    response.data["detail"] = "Other words."


def _wrap(response: Any) -> None:
    response.data = {"success": False, "error": response.data}


def _copy(response: Any) -> None:
    response.data = {"success": False, "error": dict(response.data)}


def _pick(response: Any) -> None:
    data = response.data
    response.data = {"code": data["status"], "message": data["detail"], "where": data["instance"]}


def _replace(response: Any) -> None:
    response.data = {"message": "No."}


def _list(response: Any) -> None:
    response.data = ["No."]


def _errors(response: Any) -> None:
    response.data["errors"].append({"detail": "One more."})


@pytest.fixture
def counted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the keys of the rules that are counted."""
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    keys: list[int] = []
    monkeypatch.setattr(hits, "add", lambda response, key, schema: keys.append(key))
    return keys


@both_ways
@pytest.mark.django_db
class TestWrapped:
    """What a handler of the project's does with the response is what goes out."""

    def ask(
        self,
        serve: Any,
        settings: Any,
        middleware: list,
        change: Callable[[Any], None],
        make: Callable[[], Exception] = exceptions.NotFound,
        accept: str = JSON,
        **options: Any,
    ) -> Any:
        settings.MIDDLEWARE = middleware
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "EXCEPTION_HANDLER": wrapping(change),
        }
        return serve(raising(make, **options)).ask(accept=accept)

    def test_a_member_more(self, serve, settings, middleware) -> None:
        members = self.ask(serve, settings, middleware, _add).json()
        assert members.pop("trace") == "7"
        assert members["instance"] == "/api/"

    def test_a_member_less(self, serve, settings, middleware) -> None:
        members = self.ask(serve, settings, middleware, _take_away).json()
        assert "type" not in members
        assert members["instance"] == "/api/"

    def test_other_words_than_a_rule_has(self, serve, settings, middleware) -> None:
        PermanenceRule.objects.create(pattern="/api/", reason="It has ended.")
        response = self.ask(serve, settings, middleware, _say_otherwise)
        assert response.status_code == response.json()["status"] == 410
        assert response.json()["detail"] == "Other words."

    def test_in_an_envelope(self, serve, settings, middleware) -> None:
        """What is in it is still brought up to date."""
        PermanenceRule.objects.create(pattern="/api/")
        response = self.ask(serve, settings, middleware, _wrap)
        assert set(response.json()) == {"success", "error"}
        assert response.json()["error"] == response.problem.as_dict()
        assert response.json()["error"]["status"] == 410

    @pytest.mark.parametrize("permanence", ["permanent", "temporary"])
    @pytest.mark.parametrize("accept", [JSON, LINES])
    def test_a_copy_in_an_envelope(self, serve, settings, middleware, permanence, accept) -> None:
        """It is what is sent: what a rule and editors say, once, and what is asked for."""
        PermanenceRule.objects.create(
            pattern="/api/", permanence=permanence, replacement="/new/", reason="It has ended."
        )
        ErrorMessage.objects.create(status="404", action_label="All", action_url="/all/")
        response = self.ask(
            serve, settings, middleware, _copy, renderer_classes=RENDERERS, accept=accept
        )
        sent = response.problem.as_dict()
        assert response.data == {"success": False, "error": sent}
        assert response.status_code == sent["status"] == (404 + 6 * (permanence == "permanent"))
        assert (sent["detail"], sent["instance"]) == ("It has ended.", "/api/")
        assert len(sent["actions"]) == 1 + (permanence == "temporary")
        assert b"It has ended." in response.content

    def test_members_picked(self, serve, settings, middleware) -> None:
        PermanenceRule.objects.create(pattern="/api/")
        ErrorMessage.objects.create(status="410", detail="{path} was there.")
        assert self.ask(serve, settings, middleware, _pick).json() == {
            "code": 410,
            "message": "/api/ was there.",
            "where": "/api/",
        }

    def test_a_copy_with_an_id(self, serve, settings, middleware) -> None:
        """The one that the header has."""

        class Down(exceptions.APIException):
            status_code = 503

        response = self.ask(serve, settings, middleware, _copy, Down)
        assert response.json()["error"]["request_id"] == response["X-Request-ID"]

    @pytest.mark.parametrize("language", ["de", "fi"])
    def test_a_copy_in_a_language(self, serve, settings, middleware, language) -> None:
        settings.LANGUAGES = [("en", "English"), ("de", "German"), ("fi", "Finnish")]
        in_turn = [LOCALE, *middleware]
        self.ask(serve, settings, in_turn, _copy)
        response = Api().ask(accept_language=language)
        assert response["Content-Language"] == ("de" if language == "de" else "en")
        assert response.json()["error"] == response.problem.as_dict()

    def test_a_copy_under_another_status(
        self, serve, settings, middleware, counted: list[int]
    ) -> None:
        """No rule is for that, nor is one counted."""
        PermanenceRule.objects.create(pattern="/api/")

        def change(response: Any) -> None:
            assert response.data["status"] == 410
            response.status_code = 422

        def copied(response: Any) -> None:
            response.status_code = 422
            _copy(response)

        response = self.ask(serve, settings, middleware, change)
        assert response.json() == response.problem.as_dict()
        response = self.ask(serve, settings, middleware, copied)
        assert response.status_code == response.json()["error"]["status"] == 422
        assert response.json()["error"] == response.problem.as_dict()
        assert counted == []

    def test_a_rule_is_counted_once(self, serve, settings, middleware, counted: list[int]) -> None:
        rule = PermanenceRule.objects.create(pattern="/api/")
        self.ask(serve, settings, middleware, _copy)
        assert counted == [rule.pk]

    def test_a_copy_that_can_not_be_found_out(
        self, serve, settings, middleware, monkeypatch, own_records
    ) -> None:
        """It is then what was known where the error was raised."""

        def fail(*args: Any) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr("django_http_errors.rest_framework.response.language_of", fail)
        response = self.ask(serve, settings, middleware, _copy)
        assert response.json()["error"]["status"] == response.status_code == 404
        assert len(own_records) == 1

    @pytest.mark.parametrize(
        ("change", "data"), [(_replace, {"message": "No."}), (_list, ["No."])], ids=["dict", "list"]
    )
    def test_other_data(self, serve, settings, middleware, change, data) -> None:
        assert self.ask(serve, settings, middleware, change).json() == data

    def test_no_data(self, serve, settings, middleware) -> None:
        """Then the body is empty, as REST framework has it."""
        response = self.ask(serve, settings, middleware, lambda each: setattr(each, "data", None))
        assert (response.status_code, response.content) == (404, b"")

    def test_data_for_a_template(self, serve, settings, project_pages, middleware) -> None:
        project_pages({"404.html": "own {{ message }} {{ problem.status }} {{ details }}"})
        options = {"renderer_classes": [TemplateHTMLRenderer], "accept": HTML}
        response = self.ask(serve, settings, middleware, _replace, **options)
        assert response.content == b"own No. 404 "
        response = self.ask(serve, settings, middleware, _list, **options)
        assert response.content == b"own   [&#x27;No.&#x27;]"

    def test_a_list_within(self, serve, settings, middleware) -> None:
        response = self.ask(
            serve, settings, middleware, _errors, lambda: exceptions.ValidationError({"a": "x"})
        )
        assert [each["detail"] for each in response.json()["errors"]] == ["x", "One more."]

    def test_another_status(self, serve, settings, middleware) -> None:
        """With the words of that, where there are no others."""

        def change(response: Any) -> None:
            response.data["trace"] = "7"
            response.status_code = 409

        response = self.ask(serve, settings, middleware, change)
        assert response.status_code == response.problem.status == 409
        assert response.json() == {**response.problem.as_dict(), "trace": "7"}
        assert response.problem.title == "Conflict"
        own = self.ask(serve, settings, middleware, change, lambda: exceptions.NotFound("Own."))
        assert (own.json()["title"], own.json()["detail"]) == ("Conflict", "Own.")

    def test_no_error(self, serve, settings, middleware) -> None:
        """Some say everything under 200; the data is what is said."""

        def change(response: Any) -> None:
            _replace(response)
            response.status_code = 200

        response = self.ask(serve, settings, middleware, change)
        assert (response.status_code, response.json()) == (200, {"message": "No."})


@pytest.mark.django_db
@pytest.mark.parametrize("middleware", [[MIDDLEWARE], [HIDING_MIDDLEWARE, COMMON, MIDDLEWARE]])
def test_what_is_hidden_is_not_told_by_a_copy(serve, settings, middleware: list) -> None:
    """Be it known by a rule only after the handler has seen the members."""
    settings.MIDDLEWARE = middleware
    seen_by_the_handler = []

    def hide_now(response: Any) -> None:
        if not hasattr(response, "data"):
            return
        seen_by_the_handler.append(response.data["status"])
        HidingRule.objects.get_or_create(kind="prefix", pattern="/api/")
        _copy(response)

    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": wrapping(hide_now)}
    PermanenceRule.objects.create(pattern="/api/other/")
    refused, missing = [
        serve(raising(make)).ask() for make in (PermissionDenied, exceptions.NotFound)
    ]
    assert seen_by_the_handler == [403]
    assert refused.status_code == missing.status_code == 404
    assert refused.content == missing.content
    assert refused.headers == missing.headers
    assert b"success" not in refused.content


@both_ways
@pytest.mark.django_db
def test_the_data_under_a_transaction_that_is_rolled_back(
    serve, settings, middleware: list, atomic_requests: None
) -> None:
    """No query is possible there, and none fails."""
    settings.MIDDLEWARE = middleware
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": wrapping(_copy)}
    ErrorMessage.objects.create(status="404", detail="No such thing.")
    api = serve(raising(exceptions.NotFound))
    for _turn in range(2):
        assert api.ask().json()["error"]["detail"] == "No such thing."


@both_ways
def test_the_data_as_the_test_client_sees_it(serve, settings, middleware: list) -> None:
    """They are what was sent, whether it was asked for before or not."""
    settings.MIDDLEWARE = middleware
    for renderers in ([JSONRenderer], [LinesRenderer], [BrowsableAPIRenderer]):
        response = serve(raising(exceptions.NotFound, renderer_classes=renderers)).ask(accept="*/*")
        assert response.data == response.problem.as_dict()
        assert response.data["instance"] == "/api/"


def test_the_headers_before_it_is_rendered() -> None:
    """Tests that call a view look at them, and so do handlers around the app's."""
    request = RequestFactory().get("/")
    response = raising(lambda: exceptions.Throttled(7))(request)
    assert not response.is_rendered
    assert response["Retry-After"] == "7"
    assert response.data["retry_after"] == 7
    response = PlainView.as_view(
        authentication_classes=[challenging("Own")], permission_classes=[IsAuthenticated]
    )(request)
    assert response["WWW-Authenticate"] == "Own"
    assert response.render()["WWW-Authenticate"] == "Own"
