"""Hiding: whatever a permission check ends in, it is the 404 of what isn't there."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import PermissionRequiredMixin, UserPassesTestMixin
from django.contrib.auth.models import Group, User
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied
from django.db import OperationalError, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import clear_script_prefix, include, path, set_script_prefix
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.deprecation import MiddlewareMixin
from django.views import View
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_POST, require_safe
from django.views.generic import DetailView

from django_http_errors import exceptions
from django_http_errors.core.request_info import RequestInfo
from django_http_errors.decorators import errors_exempt, hide_forbidden, reveal
from django_http_errors.hiding import policies
from django_http_errors.http.request_ids import request_id
from django_http_errors.middleware import HidingMiddleware
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.signals import forbidden_hidden
from django_http_errors.test import VARIANTS, Variant, assert_indistinguishable
from django_http_errors.views import HideForbiddenMixin

from ..asking import HIDING_MIDDLEWARE, HTML, JSON, MIDDLEWARE, Site
from ..databases import publish_edits

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

HAS_REST_FRAMEWORK = find_spec("rest_framework") is not None
needs_rest_framework = pytest.mark.skipif(
    not HAS_REST_FRAMEWORK, reason="REST framework is not here"
)

NOTHING_ELSE = Variant("nothing else")
BAD_BODY = Variant("a bad body", content=b"{", content_type="application/json")

# Smaller than the whole, which the tests over servers ask for: for one case of each kind of view,
# and for what a rule hides.
MATRIX: dict[str, Any] = {
    "methods": ["GET", "HEAD", "POST", "OPTIONS", "FROB"],
    "accepts": [None, JSON],
    "query_strings": [""],
    "variants": [
        NOTHING_ELSE,
        BAD_BODY,
        *(each for each in VARIANTS if each.name in ("If-None-Match", "If-Match", "Range")),
    ],
}
# For all the other cases: a method that is safe and one that isn't, with a condition and without.
QUICK: dict[str, Any] = {
    "methods": ["GET", "POST"],
    "accepts": [None, JSON],
    "query_strings": [""],
    "variants": [NOTHING_ELSE, *(each for each in VARIANTS if each.name == "If-None-Match")],
}

# The ways to refuse; each gets a request for what exists, or raises what it is refused by.


def _bare(status: int, **options: Any) -> Callable[[HttpRequest], HttpResponseBase]:
    return lambda request: HttpResponse(status=status, **options)


def _denied(request: HttpRequest) -> HttpResponseBase:
    raise PermissionDenied("secret")


def _marked(request: HttpRequest) -> HttpResponseBase:
    """Refuse, and leave as many marks as there are."""
    request.session["seen"] = "secret"
    messages.error(request, "secret")
    translation.activate("de")
    str(getattr(request, "_csp_nonce", ""))
    get_token(request)
    request_id(request, make=True)
    response = HttpResponse("secret", status=403, reason="Secret")
    response.set_cookie("seen", "secret")
    for name in (
        *("Allow", "WWW-Authenticate", "Link", "ETag", "Last-Modified", "Age", "Expires", "Vary"),
        *("Cache-Control", "Content-Disposition", "Content-Language", "X-RateLimit-Limit"),
        *("Content-Security-Policy", "Referrer-Policy", "Permissions-Policy", "Server-Timing"),
        *("Cross-Origin-Opener-Policy", "Strict-Transport-Security", "X-Frame-Options"),
    ):
        response.headers[name] = "secret"
    return response


def _styled(request: HttpRequest) -> HttpResponseBase:
    response = HttpResponse("secret", status=403)
    response._csp_config = {"default-src": ["'self'"]}  # type: ignore[attr-defined]
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    return response


def _raising(exception: type[Exception]) -> Callable[[HttpRequest], HttpResponseBase]:
    def refusal(request: HttpRequest) -> HttpResponseBase:
        raise exception("secret")

    return refusal


def _to_login(target: str) -> Callable[[HttpRequest], HttpResponseBase]:
    return lambda request: HttpResponseRedirect(target.format(path=request.get_full_path()))


REFUSALS: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "denied": _denied,
    "forbidden": _raising(exceptions.Forbidden),
    "unauthorized": _raising(exceptions.Unauthorized),
    "bare-401": _bare(401, headers={"WWW-Authenticate": "Basic"}),
    "bare-403": _bare(403),
    "own-body-401": _bare(401, content="secret"),
    "own-body-403": _bare(403, content="secret"),
    "stream-403": lambda request: StreamingHttpResponse([b"secret"], status=403),
    "exempt-403": errors_exempt(_bare(403)),
    "marked": _marked,
    "styled": _styled,
    "framed": xframe_options_exempt(_bare(403, content="secret")),
    "to-login": _to_login("/accounts/login/?next={path}"),
    "to-login-otherwise": _to_login("https://sso.example/in?lang=en&back=http://testserver{path}"),
    "to-login-without-next": _to_login("/accounts/login/"),
}


def refuse(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    """Show 1, refuse 2 in the way that is asked for; there is nothing else."""
    if pk not in (1, 2):
        raise Http404("no such thing: secret")
    return HttpResponse("shown") if pk == 1 else REFUSALS[how](request)


async def arefuse(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    return refuse(request, how, pk)


class Refusing(View):
    def get(self, request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
        return refuse(request, how, pk)


class AsyncRefusing(View):
    async def get(self, request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
        return refuse(request, how, pk)


class Mixed(HideForbiddenMixin, Refusing):
    pass


@method_decorator(hide_forbidden, name="dispatch")
class Decorated(Refusing):
    pass


class Permitted(HideForbiddenMixin, PermissionRequiredMixin, Refusing):
    """Sends strangers to the login page, and refuses others."""

    permission_required = "auth.view_user"

    def has_permission(self) -> bool:
        if self.kwargs["pk"] not in (1, 2):
            raise Http404
        return bool(super().has_permission())


class Checked(HideForbiddenMixin, UserPassesTestMixin, Refusing):
    def test_func(self) -> bool:
        if self.kwargs["pk"] not in (1, 2):
            raise Http404
        return self.kwargs["pk"] == 1


@hide_forbidden
def early(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    """Answer what is wrong with a request for what exists, before looking at who asks."""
    if pk not in (1, 2):
        raise Http404
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": "GET"})
    if request.method != "GET":
        return HttpResponse(status=405)
    for name, status in {
        "HTTP_IF_MATCH": 412,
        "HTTP_IF_NONE_MATCH": 304,
        "HTTP_RANGE": 206,
        "HTTP_ACCEPT": 406,
    }.items():
        if name in request.META:
            return HttpResponse(status=status)
    if request.content_type and request.body:
        raise BadRequest
    return refuse(request, how, pk)


@hide_forbidden
async def aearly(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    return early.__wrapped__(request, how, pk)  # type: ignore[attr-defined,no-any-return]


@hide_forbidden
@condition(etag_func=lambda request, how, pk: '"etag"' if pk in (1, 2) else None)
def conditional(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    return refuse(request, how, pk)


@login_required
@hide_forbidden
def outer_login(request: HttpRequest, how: str, pk: int) -> HttpResponseBase:
    return refuse(request, how, pk)


VIEWS: dict[str, Any] = {
    "function": hide_forbidden(refuse),
    "async-function": hide_forbidden(arefuse),
    "class": hide_forbidden(Refusing.as_view()),
    "async-class": hide_forbidden(AsyncRefusing.as_view()),
    "mixin": Mixed.as_view(),
    "dispatch": Decorated.as_view(),
    "safe": hide_forbidden(require_safe(refuse)),
    "exempt-of-csrf": csrf_exempt(hide_forbidden(refuse)),
    "early": early,
    "async-early": aearly,
    "conditional": conditional,
}


def _route(name: str, view: Any) -> Any:
    return path(f"{name}/<slug:how>/<int:pk>/", view)


def _raises(request: HttpRequest) -> bool:
    raise ZeroDivisionError


urlpatterns = [
    *(_route(name, view) for name, view in VIEWS.items()),
    _route("permitted", Permitted.as_view()),
    _route("tested", Checked.as_view()),
    _route("outer-login", outer_login),
    _route("plain", refuse),
    _route("for-staff", hide_forbidden(exempt="staff")(refuse)),
    _route("for-authenticated", hide_forbidden(refuse, exempt="authenticated")),
    _route("for-header", hide_forbidden(exempt=lambda r: "HTTP_X_TRUTH" in r.META)(refuse)),
    _route("for-raising", hide_forbidden(exempt=_raises)(refuse)),
    _route("afor-staff", hide_forbidden(exempt="staff")(arefuse)),
    _route("post-only", hide_forbidden(require_POST(refuse))),
    path("ruled/", include([_route("deep", refuse), path("crash/", _raises)])),
    path("ruled/exists/", _denied),
    path("ruled/welcome/", lambda request: HttpResponse("shown")),
    path("ruled/login-wanted/", login_required(lambda request: HttpResponse("shown"))),
    path("ruled/café bar/", login_required(lambda request: HttpResponse("shown"))),
    path("ruled/safe/", require_safe(lambda request: HttpResponse("shown"))),
]

if HAS_REST_FRAMEWORK:
    from rest_framework import exceptions as api
    from rest_framework import permissions, viewsets
    from rest_framework.decorators import api_view
    from rest_framework.response import Response
    from rest_framework.views import APIView

    API_REFUSALS = {
        "denied": api.PermissionDenied,
        "not-authenticated": api.NotAuthenticated,
        "failed": api.AuthenticationFailed,
        "django": PermissionDenied,
    }

    def _api(request: Any, how: str, pk: int) -> Any:
        if pk not in (1, 2):
            raise Http404("secret")
        if pk == 2:
            raise API_REFUSALS[how]("secret")
        return Response({"shown": True})

    class Things(HideForbiddenMixin, APIView):
        """Things."""

        permission_classes = (permissions.AllowAny,)

        def get(self, request: Any, how: str, pk: int) -> Any:
            return _api(request, how, pk)

        def post(self, request: Any, how: str, pk: int) -> Any:
            # The body is looked at between the thing and who may change it.
            if pk not in (1, 2):
                raise Http404
            request.data  # noqa: B018 - parses it
            return _api(request, how, pk)

    class ThingSet(HideForbiddenMixin, viewsets.ViewSet):
        permission_classes = (permissions.AllowAny,)

        def retrieve(self, request: Any, how: str, pk: int) -> Any:
            return _api(request, how, pk)

    @hide_forbidden
    @api_view(["GET", "PUT"])
    def things(request: Any, how: str, pk: int) -> Any:
        return _api(request, how, pk)

    API_VIEWS = {
        "api-view": Things.as_view(),
        "api-viewset": ThingSet.as_view({"get": "retrieve"}),
        "api-function": things,
    }
    urlpatterns += [_route(name, view) for name, view in API_VIEWS.items()]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    snapshots.forget()
    language = translation.get_language()
    yield
    snapshots.forget()
    translation.activate(language)


def ask(client: Client, address: str, method: str = "GET", **fields: str) -> Any:
    client.raise_request_exception = False
    return client.generic(method, address, headers=fields)


def compare(hidden: str, missing: str, client: Any = None, **options: Any) -> int:
    publish_edits()
    return assert_indistinguishable(
        client or Client(), hidden, missing, **{**QUICK, **options}
    ).probes


def signed_in(name: str = "someone", **rights: bool) -> Client:
    user, _ = User.objects.get_or_create(username=name, defaults=rights)
    client = Client()
    client.force_login(user)
    return client


def rule(pattern: str = "/ruled/", kind: str = "prefix", **options: Any) -> HidingRule:
    return HidingRule.objects.create(kind=kind, pattern=pattern, **options)


# Views under hide_forbidden


@pytest.mark.parametrize("view", VIEWS)
def test_a_hidden_object_is_like_a_missing_one_for_every_kind_of_view(view: str) -> None:
    assert compare(f"/{view}/denied/2/", f"/{view}/denied/9/", **MATRIX) == 5 * 2 * 5
    assert ask(Client(), f"/{view}/denied/2/").status_code == 404


@pytest.mark.conformance("rfc9110-15.5.4-hide")
@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize("view", ["function", "async-function"])
def test_whatever_refuses_is_hidden(view: str, how: str) -> None:
    """With the methods that a page and a form have; above are the others."""
    compare(f"/{view}/{how}/2/", f"/{view}/{how}/9/", accepts=[HTML, JSON])
    assert b"secret" not in ask(Client(), f"/{view}/{how}/2/").content.lower()


@pytest.mark.parametrize("how", ["denied", "own-body-403", "to-login"])
def test_under_asgi_too(how: str) -> None:
    addresses = f"/async-function/{how}/2/", f"/async-function/{how}/9/"
    compare(*addresses, AsyncClient(), methods=["GET"])


@pytest.mark.parametrize("view", ["permitted", "tested", "outer-login"])
@pytest.mark.parametrize("client", [Client, signed_in])
def test_djangos_own_checks_are_hidden(view: str, client: Callable[[], Client]) -> None:
    compare(f"/{view}/denied/2/", f"/{view}/denied/9/", client())


@needs_rest_framework
@pytest.mark.parametrize(
    ("view", "how", "atomic"),
    [
        (view, how, bool((row + column) % 2))
        for row, view in enumerate(("api-view", "api-viewset", "api-function"))
        for column, how in enumerate(("denied", "not-authenticated", "failed", "django"))
    ],
)
def test_rest_frameworks_views_hide(view: str, how: str, atomic: bool) -> None:
    """In the transaction of ATOMIC_REQUESTS too, which REST framework marks for every error.

    Each view and each way to refuse is asked with and without it.
    """
    with mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=atomic):
        compare(
            f"/{view}/{how}/2/",
            f"/{view}/{how}/9/",
            signed_in(),
            methods=["GET", "PUT"],
            accepts=[HTML, JSON],
            variants=[NOTHING_ELSE, BAD_BODY],
        )


def test_a_csrf_failure_is_hidden() -> None:
    client = Client(enforce_csrf_checks=True)
    compare("/function/denied/2/", "/function/denied/9/", client, methods=["POST", "PUT"])
    assert ask(client, "/function/denied/1/", "POST").status_code == 404
    assert ask(client, "/plain/denied/1/", "POST").status_code == 403


def test_in_debug_too(settings: Any) -> None:
    settings.DEBUG = True
    for how in ("denied", "own-body-403", "forbidden"):
        compare(f"/function/{how}/2/", f"/function/{how}/9/")
    assert b"debug" not in ask(Client(), "/function/denied/2/", accept=JSON).content


def test_what_may_be_seen_is_seen() -> None:
    for view in VIEWS:
        assert ask(Client(), f"/{view}/denied/1/").content == b"shown"
        # Conditions don't reach the view, and what it wasn't asked to show it doesn't tell.
        assert ask(Client(), f"/{view}/denied/1/", if_none_match='"etag"').status_code == 200


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize("view", ["safe", "class", "early", "post-only"])
def test_until_something_is_shown_nothing_is_told(view: str, method: str) -> None:
    for pk in (1, 2, 9):
        asked = "GET" if view == "post-only" else method
        assert ask(Client(), f"/{view}/denied/{pk}/", asked).status_code == 404


def test_outside_of_scopes_nothing_changes() -> None:
    assert ask(Client(), "/plain/denied/2/").status_code == 403
    assert ask(Client(), "/plain/bare-401/2/").status_code == 401
    assert ask(Client(), "/plain/to-login/2/").status_code == 302
    assert ask(Client(), "/plain/own-body-403/2/").content == b"secret"
    rule()
    assert ask(Client(), "/plain/denied/2/").status_code == 403


def test_the_wire_has_one_policy_for_all(settings: Any) -> None:
    for pk in (2, 9):
        response = ask(Client(), f"/function/marked/{pk}/", accept=JSON)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert not response.cookies
        assert response.headers["Content-Language"] == "en"
        members = json.loads(response.content)
        assert members["instance"] == f"/function/marked/{pk}/"
        assert "request_id" not in members


def test_a_proxys_request_id_is_told_in_both() -> None:
    compare("/function/marked/2/", "/function/marked/9/", headers={"X-Request-ID": "from-proxy"})
    response = ask(Client(), "/function/marked/2/", accept=JSON, x_request_id="from-proxy")
    assert json.loads(response.content)["request_id"] == "from-proxy"


@pytest.mark.parametrize("installed", [True, False])
def test_the_language_is_the_visitors_and_not_the_views(installed: bool, settings: Any) -> None:
    if not installed:
        settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "Locale" not in each]
    compare("/function/marked/2/", "/function/marked/9/", headers={"Accept-Language": "de"})
    compare("/function/marked/2/", "/function/marked/9/", headers={"Accept-Language": "en"})


def test_the_projects_own_page_shows_no_message_and_no_route(project_pages: Any) -> None:
    shown = "{% for each in messages %}{{ each }}{% endfor %}{{ exception }}"
    page = "{{ request.resolver_match }}" + shown
    project_pages({"404.html": page}, "django.contrib.messages.context_processors.messages")
    compare("/function/marked/2/", "/function/marked/9/")
    assert b"secret" not in ask(Client(), "/function/marked/2/", accept=HTML).content


def test_an_atomic_request_is_rolled_back(settings: Any) -> None:
    @hide_forbidden
    def view(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            User.objects.create(username="left-behind")
            raise BadRequest
        return HttpResponse(status=403)

    settings.ROOT_URLCONF = Urls(path("x/", view))
    with mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True):
        assert ask(Client(), "/x/", "POST").status_code == 404
    assert not User.objects.filter(username="left-behind").exists()


def test_a_site_without_a_login_page_hides_too(settings: Any) -> None:
    @hide_forbidden
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        if pk != 2:
            raise Http404
        return HttpResponseRedirect("/sso/start/")

    settings.ROOT_URLCONF = Urls(path("x/<int:pk>/", view))
    settings.LOGIN_URL = None
    # Where it leads isn't known to be a login.
    assert ask(Client(), "/x/2/").status_code == 302
    assert ask(Client(), "/x/9/").status_code == 404


@pytest.mark.parametrize("pair", [("/permitted/denied/2/", "9"), ("/ruled/login-wanted/", "x")])
@pytest.mark.parametrize("query", ["&" * 2800, "a" * 9000, "%25" * 3000, "=" * 9000])
def test_a_long_query_does_not_lift_the_hiding_of_a_login(
    pair: tuple[str, str], query: str
) -> None:
    """It is in the address of the login, as a part of the way back."""
    rule()
    hidden, other = pair
    options = {"methods": ["GET"], "accepts": [HTML], "variants": [NOTHING_ELSE]}
    compare(f"{hidden}?{query}", f"{hidden[:-2]}{other}/?{query}", **options)
    assert ask(Client(), f"{hidden}?{query}").status_code == 404


def test_a_long_path_does_not_either(settings: Any) -> None:
    view = hide_forbidden(login_required(lambda request, title: HttpResponse("shown")))
    settings.ROOT_URLCONF = Urls(path("x/<str:title>/", view))
    settings.LOGIN_URL = "https://sso.example/in/"
    for title in ("a" * 9000, "%C3%A9" * 2000):
        assert ask(Client(), f"/x/{title}/").status_code == 404


@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("POST", 302), ("PUT", 404)])
def test_behind_a_permission_check_only_the_login_page_is_a_login(
    method: str, status: int, settings: Any
) -> None:
    class Paid(HideForbiddenMixin, UserPassesTestMixin, View):
        def test_func(self) -> bool:
            return bool(self.kwargs["pk"] == 1)

        def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
            return HttpResponseRedirect(f"/payments/?return_to={request.path}")

        def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
            return HttpResponseRedirect(f"/payments/?{'a' * 9000}")

        def put(self, request: HttpRequest, pk: int) -> HttpResponseBase:
            return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={request.path}")

    settings.ROOT_URLCONF = Urls(path("x/<int:pk>/", Paid.as_view()))
    assert ask(Client(), "/x/1/", method).status_code == status
    assert ask(Client(), "/x/2/", method).status_code == 404


@pytest.mark.parametrize("activated", [None, "America/Lima"])
def test_the_time_zone_is_the_visitors_and_not_the_views(
    activated: str | None, settings: Any, project_pages: Any
) -> None:
    @hide_forbidden
    def view(request: HttpRequest, pk: int) -> HttpResponseBase:
        if pk != 2:
            raise Http404
        timezone.activate("Asia/Tokyo")
        raise PermissionDenied

    project_pages({"404.html": "{% load tz %}{% get_current_timezone as zone %}{{ zone }}"})
    settings.ROOT_URLCONF = Urls(path("x/<int:pk>/", view), path("ruled/2/", partial(view, pk=2)))
    rule()
    with timezone.override(activated):
        own = timezone.get_current_timezone_name()
        for address in ("/x/2/", "/x/9/", "/ruled/2/", "/ruled/9/"):
            assert ask(Client(), address, accept=HTML).content.decode() == own
            assert timezone.get_current_timezone_name() == own
    with timezone.override(None), mock.patch.dict("os.environ"):
        ask(Client(), "/x/2/")
        settings.TIME_ZONE = "Asia/Dili"
        assert timezone.get_current_timezone_name() == "Asia/Dili", "none is left active"


def test_the_mixin_goes_before_all_other_bases() -> None:
    """Behind them nothing would be hidden, and nobody would know."""
    bases = [View, DetailView, Refusing]
    if HAS_REST_FRAMEWORK:
        bases += [APIView, viewsets.ViewSet, viewsets.ViewSetMixin]
    for base in bases:
        with pytest.raises(ImproperlyConfigured, match=r"Last would .* class Last\(HideForbidden"):
            type("Last", (base, HideForbiddenMixin), {})
        first = type("First", (HideForbiddenMixin, base), {})
        type("Below", (first,), {})
        type("Beside", (PermissionRequiredMixin, first), {})
    type("Beside", (DetailView, Mixed), {})


def test_what_is_too_long_to_be_compared_is_hidden_by_the_strictest_rule(client: Client) -> None:
    """Whichever covers it isn't known."""
    rule("/ruled/exists/", "exact", exempt="staff")
    rule(fold_client_errors=True)
    client.force_login(User.objects.create(username="boss", is_staff=True))
    long = "\u00e9" * 600
    denied = lambda request, x: _denied(request)  # noqa: E731
    routes = Urls(path("ruled/<str:x>/", require_POST(denied)), path("<str:x>/", denied))
    with override_settings(ROOT_URLCONF=routes):
        assert ask(client, f"/ruled/{long}/", "POST").status_code == 404
        assert ask(client, f"/ruled/{long}/").status_code == 404, "not 405"
        assert ask(client, f"/{'x' * 600}/").status_code == 403


class BeforeTheView(MiddlewareMixin):
    """Refuses 1, which the view would show, and leaves marks."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if kwargs["pk"] != 1:
            return None
        request.user, request.LANGUAGE_CODE = User(username="secret"), "secret"
        return REFUSALS[kwargs["how"]](request)


class BehindTheView(MiddlewareMixin):
    """Refuses 1 when the view has shown it."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.status_code != 200:
            return response
        return REFUSALS[request.resolver_match.kwargs["how"]](request)  # type: ignore[union-attr]


@pytest.mark.parametrize("middleware", ["BeforeTheView", "BehindTheView"])
@pytest.mark.parametrize("how", ["denied", "bare-403", "own-body-403", "bare-401"])
@pytest.mark.parametrize("view", ["function", "async-function", "for-staff"])
def test_what_middleware_answers_for_a_view_is_hidden_as_well(
    view: str, how: str, middleware: str, site: Site, settings: Any, project_pages: Any
) -> None:
    """And the page is rendered for the same request."""
    own = f"{__name__}.{middleware}"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], own, settings.MIDDLEWARE[-1]]
    assert settings.MIDDLEWARE[-1] == MIDDLEWARE
    project_pages(
        {"404.html": "{{ user }} {{ request.session.items|length }} {{ request.LANGUAGE_CODE }}"},
        "django.contrib.auth.context_processors.auth",
    )
    (forbidden, missing) = (
        site.ask(f"/{view}/{how}/{pk}/", HTML, accept_language="de") for pk in (1, 9)
    )
    assert forbidden.status_code == missing.status_code == 404
    assert forbidden.content == missing.content == b"AnonymousUser 0 de"
    assert [*forbidden.headers] == [*missing.headers]
    assert forbidden["Vary"] == missing["Vary"]
    assert not forbidden.cookies


@csrf_exempt
def _reading(request: HttpRequest, pk: int) -> HttpResponseBase:
    if pk != 2:
        raise Http404
    raise PermissionDenied(request.POST["sent"])


@pytest.mark.parametrize("view", [_reading, hide_forbidden(_reading)])
def test_no_page_shows_what_was_sent(view: Any, settings: Any, project_pages: Any) -> None:
    """It can be read once: only where the view hasn't."""
    project_pages({"404.html": "{{ request.method }} {{ request.POST.sent }}"})
    rule("/reading/" if view is _reading else "/elsewhere/")
    settings.ROOT_URLCONF = Urls(path("reading/<int:pk>/", view))
    for pk in (2, 9):
        page = Client().post(f"/reading/{pk}/", {"sent": "it"}, headers={"accept": HTML})
        assert page.content == b"POST "


def test_at_a_host_that_is_not_the_sites_nobody_is_exempt(settings: Any) -> None:
    """It could be any of them, and that is found out at once for however many."""
    settings.ALLOWED_HOSTS = ["testserver", ".example"]
    HidingRule.objects.bulk_create(
        HidingRule(kind="prefix", pattern=f"/ruled/{n}/", host=f"{n}.example", exempt="staff")
        for n in range(500)
    )
    rules = snapshots.current().hiding
    for address in ("/ruled/7/", f"/ruled/{'é' * 600}/"):
        for host in ("evil.test", "7.example"):
            request = RequestFactory().get(address, HTTP_HOST=host)
            request.user = User(username="boss", is_staff=True)
            began = time.perf_counter()
            policy = policies.rule_policy(request, RequestInfo.of(request), rules)
            assert time.perf_counter() - began < 0.05
            assert policy is not None
            is_known = (address, host) == ("/ruled/7/", "7.example")
            assert policies.is_exempt(policy, request) is is_known


class Subclass(HidingMiddleware):
    """A project's own, with what Django lets middleware have."""

    called: ClassVar[list[str]] = []

    def process_view(self, request: HttpRequest, *arguments: Any) -> HttpResponseBase | None:
        self.called.append(request.path)
        return super().process_view(request, *arguments)


def test_the_middleware_can_be_subclassed(site: Site, settings: Any) -> None:
    own = f"{__name__}.Subclass"
    settings.MIDDLEWARE = [
        own if each == HIDING_MIDDLEWARE else each for each in settings.MIDDLEWARE
    ]
    Subclass.called.clear()
    assert site.ask("/function/denied/2/", HTML).status_code == 404
    assert Subclass.called == ["/function/denied/2/"]


class Fallback(MiddlewareMixin):
    """Has a page for what is missing."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        return HttpResponse("another") if response.status_code == 404 else response


@pytest.mark.parametrize("how", ["denied", "bare-403"])
def test_what_is_answered_before_a_view_is_missing_to_what_is_further_out(
    how: str, settings: Any
) -> None:
    own = [f"{__name__}.Fallback", f"{__name__}.BeforeTheView"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], *own, settings.MIDDLEWARE[-1]]
    for pk in (1, 9):
        assert ask(Client(), f"/function/{how}/{pk}/").content == b"another"


def test_what_middleware_answers_is_shown_to_who_may_know(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], f"{__name__}.BehindTheView", MIDDLEWARE]
    client = Client()
    client.force_login(User.objects.create(username="boss", is_staff=True))
    assert ask(client, "/for-staff/bare-403/1/").status_code == 403


LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@pytest.mark.parametrize("view", ["function", "outer-login"])
def test_who_has_to_sign_in_first_is_asked_to(view: str, site: Site, settings: Any) -> None:
    """For what is hidden and for what is missing: nothing of it has been looked at."""
    if view == "function":
        settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], LOGIN_REQUIRED, MIDDLEWARE]
    for pk in (1, 2, 9):
        answer = site.ask(f"/{view}/denied/{pk}/", HTML)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next=/{view}/denied/{pk}/"


@pytest.mark.parametrize("address", ["/function/denied/{}/", "/ruled/deep/denied/{}/"])
def test_a_form_on_the_page_can_be_sent(address: str, project_pages: Any) -> None:
    """By who has a cookie, and by who has none yet: hidden or missing, both get the same."""
    rule()
    project_pages({"404.html": "{% csrf_token %}"})
    for before in ("", "a" * 32):
        for pk in (2, 9):
            client = Client(enforce_csrf_checks=True)
            if before:
                client.cookies["csrftoken"] = before
            page = client.get(address.format(pk), headers={"accept": HTML})
            assert page.status_code == 404
            cookie = page.cookies["csrftoken"].value
            assert not before or cookie == before
            token = re.search(r'value="(\w+)"', page.content.decode())
            assert token is not None
            sent = client.post("/plain/bare-401/1/", {"csrfmiddlewaretoken": token[1]})
            assert sent.status_code == 200


@pytest.mark.parametrize("uses_sessions_for_csrf", [True, False])
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_page_that_asks_for_the_session_is_that_of_somebody_new(
    is_signed_in: bool, uses_sessions_for_csrf: bool, settings: Any, project_pages: Any
) -> None:
    """By a rule, it is rendered for the request as it was before there was a session."""
    rule()
    settings.CSRF_USE_SESSIONS = uses_sessions_for_csrf
    page = (
        "{{ visits }} {{ user }} {{ request.user.is_staff }} {% for each in messages %}{% endfor %}"
    )
    project_pages(
        {"404.html": page},
        "tests.integration.context_processors.visits",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    )
    client = signed_in() if is_signed_in else Client()
    for address in ("/ruled/exists/", "/ruled/nothing/"):
        # The client of a project's tests raises what it hears of.
        answer = client.get(address, headers={"accept": HTML})
        assert answer.status_code == 404
        assert answer.content == b"1 AnonymousUser False "
        assert not answer.cookies
        assert "Cookie" in answer["Vary"]
        assert answer["Cache-Control"] == "private, no-store"
    compare("/ruled/exists/", "/ruled/nothing/", client, next_url=None)


def test_the_time_zone_of_one_visitor_is_not_left_to_the_next(settings: Any) -> None:
    """A success is hidden further out than where a middleware puts back what it has changed."""
    settings.MIDDLEWARE = [
        HIDING_MIDDLEWARE,
        "tests.integration.middleware.in_tokyo",
        MIDDLEWARE,
    ]
    settings.ROOT_URLCONF = Urls(path("ruled/2/", lambda request: HttpResponse()))
    rule()
    before = timezone.get_current_timezone_name(), translation.get_language()
    for method in ("OPTIONS", "GET"):
        ask(Client(), "/ruled/2/", method)
        assert (timezone.get_current_timezone_name(), translation.get_language()) == before


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("result", [{"title": "shown"}, (403, {"detail": "no"}), None])
def test_what_is_no_response_is_hidden_and_logged_once(
    result: Any, is_async: bool, settings: Any, own_records: Any
) -> None:
    """As of an operation of django-ninja, which takes `decorate_view(hide_forbidden)`."""

    def view(request: HttpRequest, pk: int) -> Any:
        if pk != 2:
            raise Http404
        if "reveal" in request.GET:
            reveal(request)
        return result

    async def aview(request: HttpRequest, pk: int) -> Any:
        return view(request, pk)

    settings.ROOT_URLCONF = Urls(path("x/<int:pk>/", hide_forbidden(aview if is_async else view)))
    compare("/x/2/", "/x/9/")
    said = [each.getMessage() for each in own_records if "can't be used" in each.getMessage()]
    assert len(said) == 1
    assert "view" in said[0]
    assert "@decorate_view(hide_forbidden)" in said[0]
    # Who may know gets what Django makes of it.
    assert ask(Client(), "/x/2/?reveal").status_code == 500


@needs_rest_framework
@pytest.mark.parametrize("by", ["view", "rule"])
def test_who_is_exempt_may_be_a_query(by: str, settings: Any) -> None:
    """That is asked before REST framework marks the transaction, after which none is possible."""

    def is_staff(request: HttpRequest) -> bool:
        return User.objects.filter(is_staff=True, pk=request.user.pk).exists()

    @api_view(["GET"])
    def view(request: Any) -> Any:
        raise PermissionDenied

    if by == "view":
        view = hide_forbidden(view, exempt=is_staff)
    else:
        rule("/x/", exempt="staff")
    settings.ROOT_URLCONF = Urls(path("x/", view))
    with mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True):
        assert ask(signed_in("staff", is_staff=True), "/x/").status_code == 403
        assert ask(signed_in(), "/x/").status_code == 404


if HAS_REST_FRAMEWORK:
    from rest_framework import serializers

    class Own(permissions.BasePermission):
        def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
            return bool(obj.username == "own" or request.user.username == "own")

    class Refused(permissions.BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            return False

        def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
            return False

    class Names(serializers.ModelSerializer[User]):
        class Meta:
            model = User
            fields = ("username",)

    class People(HideForbiddenMixin, viewsets.ModelViewSet[User]):
        """Refuses what isn't one's own by itself, behind the permission classes."""

        queryset = User.objects.all()
        serializer_class = Names

        def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            if not Own().has_object_permission(request, self, self.get_object()):
                raise PermissionDenied
            return super().retrieve(request, *args, **kwargs)

        def perform_update(self, serializer: Any) -> None:
            raise PermissionDenied

    def _people(*classes: Any, base: Any = People) -> Urls:
        view = type("Some", (base,), {"permission_classes": classes}).as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update"}
        )
        return Urls(path("people/<int:pk>/", view))

    LOGIN, STAFF, ANY = permissions.IsAuthenticated, permissions.IsAdminUser, permissions.AllowAny
    SHOWING: dict[str, Any] = {
        "own": [LOGIN, Own],
        "and": [LOGIN & Own],
        "or": [STAFF | Own],
        "not": [~Refused],
        "nested": [(STAFF | (LOGIN & Own)) & LOGIN],
    }
    SHOWING_NOTHING: dict[str, Any] = {
        "none": [],
        "any": [ANY],
        "login": [LOGIN],
        "both": [LOGIN & ANY],
        "or": [LOGIN | Own],
        "or-staff": [STAFF | LOGIN],
        "model": [permissions.DjangoModelPermissions],
    }


def _put(client: Client, address: str, content: str) -> int:
    client.raise_request_exception = False
    response = client.put(address, content, content_type="application/json")
    return int(response.status_code)


@needs_rest_framework
@pytest.mark.parametrize("name", SHOWING_NOTHING if HAS_REST_FRAMEWORK else ())
def test_a_permission_that_does_not_look_at_the_object_shows_nothing(
    name: str, settings: Any
) -> None:
    settings.ROOT_URLCONF = _people(*SHOWING_NOTHING[name])
    other = User.objects.create(username="other")
    client = signed_in()
    if name == "model":
        client.force_login(User.objects.create(username="boss", is_superuser=True))
    variants = [each for each in VARIANTS if each.name.startswith(("nothing", "a bad", "a form"))]
    options = {
        "methods": ["GET", "PUT", "PATCH", "OPTIONS", "FROB"],
        "accepts": [JSON],
        "variants": variants,
        "next_url": None,
    }
    compare(f"/people/{other.pk}/", f"/people/{other.pk + 5}/", client, **options)
    compare(f"/people/{other.pk}/", f"/people/{other.pk + 5}/", **options)
    assert _put(client, f"/people/{other.pk}/", "{}") == 404


@needs_rest_framework
@pytest.mark.parametrize("name", SHOWING if HAS_REST_FRAMEWORK else ())
def test_a_permission_that_looks_at_the_object_shows_it(name: str, settings: Any) -> None:
    settings.ROOT_URLCONF = _people(*SHOWING[name])
    own = User.objects.create(username="own")
    client = signed_in()
    assert ask(client, f"/people/{own.pk}/").status_code == 200
    assert _put(client, f"/people/{own.pk}/", "{}") == 400
    assert _put(client, f"/people/{own.pk}/", "{") == 400
    assert ask(client, f"/people/{own.pk}/", "FROB").status_code in (404, 405)


@needs_rest_framework
def test_the_operand_that_lets_a_request_through_is_the_one_that_counts(settings: Any) -> None:
    settings.ROOT_URLCONF = _people(STAFF | Own)
    own = User.objects.create(username="own")
    assert _put(signed_in("boss", is_staff=True), f"/people/{own.pk}/", "{}") == 404
    assert _put(signed_in(), f"/people/{own.pk}/", "{}") == 400


@needs_rest_framework
def test_a_check_of_the_views_own_is_taken_at_its_word(settings: Any) -> None:
    class Checking(People):
        def check_object_permissions(self, request: Any, obj: Any) -> None:
            if obj.username != "own":
                raise PermissionDenied

    settings.ROOT_URLCONF = _people(ANY, base=Checking)
    own, other = (User.objects.create(username=name) for name in ("own", "other"))
    assert _put(Client(), f"/people/{own.pk}/", "{}") == 400
    compare(f"/people/{other.pk}/", f"/people/{other.pk + 5}/", methods=["GET", "PUT", "OPTIONS"])


class Urls:
    """A URLconf of some routes."""

    def __init__(self, *routes: Any) -> None:
        self.urlpatterns = list(routes)


# Who is exempt


@pytest.mark.parametrize(
    ("view", "client", "fields", "status"),
    [
        ("for-staff", Client, {}, 404),
        ("for-staff", signed_in, {}, 404),
        ("for-staff", lambda: signed_in("boss", is_staff=True), {}, 403),
        ("afor-staff", lambda: signed_in("boss", is_staff=True), {}, 403),
        ("afor-staff", signed_in, {}, 404),
        ("for-authenticated", Client, {}, 404),
        ("for-authenticated", signed_in, {}, 403),
        ("for-header", Client, {"x_truth": "1"}, 403),
        ("for-header", Client, {}, 404),
        ("for-raising", signed_in, {}, 404),
    ],
)
def test_the_exempt_see_the_real_error(view: str, client: Any, fields: Any, status: int) -> None:
    assert ask(client(), f"/{view}/denied/2/", **fields).status_code == status


def test_an_exempt_user_sees_the_real_error_under_asgi() -> None:
    user = User.objects.create(username="boss", is_staff=True)
    client = AsyncClient(raise_request_exception=False)
    client.force_login(user)
    for method, status in (("GET", 403), ("PUT", 403)):
        response = async_to_sync(_await)(client.generic(method, "/afor-staff/denied/2/"))
        assert response.status_code == status


async def _await(response: Any) -> Any:
    return await response


async def _is_anybody(request: HttpRequest) -> bool:
    return True


class _Awaited:
    async def __call__(self, request: HttpRequest) -> bool:
        return True


def test_who_is_exempt_is_not_found_out_asynchronously(settings: Any, own_records: Any) -> None:
    """A coroutine is true, and would exempt everybody."""
    exempt: Any
    for exempt in (_is_anybody, partial(_is_anybody)):
        with pytest.raises(TypeError, match="async"):
            hide_forbidden(exempt=exempt)
    with pytest.raises(TypeError, match="async"):
        type("Hiding", (Mixed,), {"hide_exempt": staticmethod(_is_anybody)}).as_view()
    exempt = _Awaited()
    for view in (refuse, arefuse):
        settings.ROOT_URLCONF = Urls(_route("x", hide_forbidden(exempt=exempt)(view)))
        assert ask(signed_in(), "/x/denied/2/").status_code == 404
        assert any("Who is exempt" in each.getMessage() for each in own_records)
        own_records.clear()


def test_a_condition_that_raises_is_logged(own_records: Any) -> None:
    ask(Client(), "/for-raising/denied/2/")
    assert any("Who is exempt" in each.getMessage() for each in own_records)


# Rules


@pytest.mark.conformance("rfc9110-15.5.4-hide")
def test_a_rule_hides_what_exists_from_its_unrouted_neighbours() -> None:
    rule()
    for hidden in ("/ruled/exists/", "/ruled/deep/marked/2/", "/ruled/deep/own-body-401/2/"):
        compare(hidden, "/ruled/nothing/", signed_in())
    compare("/ruled/exists/", "/ruled/nothing/", **MATRIX)
    compare("/ruled/login-wanted/", "/ruled/nothing/")


def test_a_login_redirect_is_known_by_any_spelling_of_the_path() -> None:
    rule()
    compare("/ruled/caf%C3%A9%20bar/", "/ruled/caf%C3%A9%20baz/")


def test_a_rule_can_hide_every_client_error_and_the_missing_slash() -> None:
    one = rule(fold_client_errors=True)
    compare("/ruled/exists", "/ruled/nowhere")
    assert ask(Client(), "/ruled/safe/", "POST").status_code == 404
    HidingRule.objects.filter(pk=one.pk).update(fold_client_errors=False)
    assert ask(Client(), "/ruled/exists").status_code == 301
    assert ask(Client(), "/ruled/safe/", "POST").status_code == 405
    assert ask(Client(), "/ruled/welcome/").content == b"shown"


@pytest.mark.parametrize("title", ["+", "%20", "%EF%BC%8F", "%E2%84%80", "a" * 2100, "+" * 2100])
def test_a_route_hides_whatever_it_is_for(title: str, settings: Any) -> None:
    def view(request: HttpRequest, pk: int, title: str) -> HttpResponseBase:
        raise PermissionDenied if pk == 2 else Http404

    settings.ROOT_URLCONF = Urls(path("ruled/<int:pk>/<str:title>/", view))
    address = f"/ruled/02/{title}/"
    assert ask(Client(), address).status_code == 403
    rule("/ruled/<int:pk>/<str:title>/", "route")
    options = {"methods": ["GET"], "variants": [NOTHING_ELSE]}
    compare(address, address.replace("2", "9", 1), **options)


def test_a_rule_leaves_crashes_alone() -> None:
    rule(fold_client_errors=True)
    assert ask(Client(), "/ruled/crash/").status_code == 500


@pytest.mark.parametrize(("exempt", "status"), [("nobody", 404), ("authenticated", 403)])
def test_a_rule_exempts_whom_it_says(exempt: str, status: int) -> None:
    rule(exempt=exempt)
    assert ask(signed_in(), "/ruled/exists/").status_code == status
    assert ask(Client(), "/ruled/exists/").status_code == 404


def test_a_host_that_is_none_of_ours_does_not_lift_the_rule_of_one(settings: Any) -> None:
    """Without CommonMiddleware nobody refuses it, and the view is asked."""
    rule(host="testserver")
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "Common" not in each]
    for host in ("testserver", "testserver:80", "TESTSERVER.", "elsewhere.example"):
        assert ask(Client(), "/ruled/exists/", host=host).status_code == 404


def test_messages_and_permanence_are_decided_by_the_path_alone() -> None:
    rule()
    ErrorMessage.objects.create(status="404", path_prefix="/ruled/", detail="Ask us at {path}.")
    PermanenceRule.objects.create(kind="prefix", pattern="/ruled/", reason="It has moved out.")
    compare("/ruled/exists/", "/ruled/nothing/")
    assert ask(Client(), "/ruled/exists/").status_code == 410
    PermanenceRule.objects.all().delete()
    assert b"Ask us at /ruled/exists/." in ask(Client(), "/ruled/exists/", accept=JSON).content


def test_the_admin_can_be_hidden() -> None:
    from django.contrib import admin

    rule("/admin/", exempt="staff", fold_client_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.ROOT_URLCONF", Urls(path("admin/", admin.site.urls)))
        for client in (Client(), signed_in()):
            compare("/admin/auth/user/", "/admin/auth/nope/", client)
            for page in ("/admin/", "/admin/auth/user/", "/admin"):
                assert ask(client, page).status_code == 404
        assert ask(signed_in("boss", is_staff=True), "/admin/").status_code == 200
        assert ask(signed_in("boss"), "/admin/auth/user/").status_code == 403


def test_who_may_use_a_hidden_page_is_led_back_to_it(settings: Any) -> None:
    """By a form that leads to its own address, or to that of another query."""
    from django.contrib import admin

    rule("/admin/", fold_client_errors=True)
    settings.ROOT_URLCONF = Urls(path("admin/", admin.site.urls))
    boss = signed_in("boss", is_staff=True, is_superuser=True)
    group = Group.objects.create(name="a")
    page = "/admin/auth/group/"
    assert boss.get(f"{page}?bogus=1").status_code == 302
    saved = boss.post(f"{page}{group.pk}/change/", {"name": "b \u00e9", "_continue": "1"})
    assert (saved.status_code, saved["Location"]) == (302, f"{page}{group.pk}/change/")
    deleted = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    assert boss.post(f"{page}?q=b", deleted).status_code == 302
    assert not Group.objects.exists()
    for client in (boss, Client()):
        for address in ("/admin", page[:-1]):
            assert client.get(address).status_code == 404


def test_a_redirect_to_the_language_is_hidden_below_a_prefix_too(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls(
        *i18n_patterns(path("ruled/2/", lambda request: HttpResponse("shown")))
    )
    set_script_prefix("/app/")
    try:
        ask_below = partial(Client().get, "/ruled/2/", SCRIPT_NAME="/app")
        response = ask_below()
        assert (response.status_code, response["Location"]) == (302, "/app/en/ruled/2/")
        rule(fold_client_errors=True)
        assert ask_below().status_code == 404
    finally:
        clear_script_prefix()


# It fails closed


def test_without_the_middleware_a_view_hides_all_the_same(settings: Any) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "http_errors" not in each]
    for how in ("denied", "forbidden", "bare-403", "own-body-401", "to-login"):
        for view in ("function", "async-function"):
            hidden = ask(Client(), f"/{view}/{how}/2/", accept=JSON)
            missing = ask(Client(), f"/{view}/{how}/9/", accept=JSON)
            assert hidden.status_code == missing.status_code == 404
            assert hidden.content == missing.content.replace(b"/9/", b"/2/")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("status", [400, 404, 406, 500])
def test_without_the_middleware_a_page_that_is_still_to_be_rendered_is_no_crash(
    status: int, debug: bool, settings: Any, project_pages: Any
) -> None:
    """A view of REST framework's returns nothing else."""
    project_pages({"own.html": "own"})
    view = hide_forbidden(lambda request: TemplateResponse(request, "own.html", status=status))
    settings.ROOT_URLCONF = Urls(path("x/", view))
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "http_errors" not in each]
    settings.DEBUG = debug
    response = ask(Client(), "/x/")
    assert response.status_code == (500 if status == 500 else 404)
    assert (response.content == b"own") == (status == 500)


def test_without_a_user_on_the_request_nobody_is_exempt(settings: Any) -> None:
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, MIDDLEWARE]
    rule(exempt="authenticated")
    assert ask(Client(), "/ruled/exists/").status_code == 404
    assert ask(Client(), "/for-staff/denied/2/").status_code == 404


def _away(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("the database is away")


@pytest.mark.django_db(transaction=True)
def test_rules_that_were_known_outlive_the_database() -> None:
    rule()
    assert ask(Client(), "/ruled/exists/").status_code == 404
    snapshots.expire()
    with mock.patch("django_http_errors.rules.queries.version", _away):
        assert ask(Client(), "/ruled/exists/").status_code == 404
        assert ask(Client(), "/function/denied/2/").status_code == 404


def test_at_a_cold_start_without_a_database_everything_is_hidden() -> None:
    """Any of the rules that can't be read may cover an address; what hides none needs none."""
    with mock.patch("django_http_errors.rules.queries.version", _away):
        for path in ("/function/denied/2/", "/ruled/exists/", "/nowhere/"):
            assert ask(Client(), path).status_code == 404


def test_without_hiding_middleware_a_cold_start_hides_nothing(settings: Any) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != HIDING_MIDDLEWARE]
    with mock.patch("django_http_errors.rules.queries.version", _away):
        assert ask(Client(), "/ruled/exists/").status_code == 403


# Operators


def test_the_real_status_is_logged_and_signalled_and_django_logs_once(
    records: Any, own_records: Any
) -> None:
    seen: list[dict[str, Any]] = []

    def receiver(sender: Any, **details: Any) -> None:
        seen.append(details)

    forbidden_hidden.connect(receiver)
    client = signed_in()
    try:
        ask(client, "/function/denied/2/")
        ask(client, "/function/bare-401/2/")
        ask(client, "/function/denied/9/")
    finally:
        forbidden_hidden.disconnect(receiver)
    user = User.objects.get().pk
    assert [(each["status"], each["user_id"], each["rule"]) for each in seen] == [
        (403, user, None),
        (401, user, None),
    ]
    assert isinstance(seen[0]["exception"], PermissionDenied)
    assert seen[1]["exception"] is None
    # Django logs what went out.
    assert [each.status_code for each in records] == [404, 404, 404]
    told = [each for each in own_records if each.name == "django_http_errors.hiding"]
    assert [(each.status, each.user_id, each.levelno) for each in told] == [
        (403, user, logging.WARNING),
        (401, user, logging.WARNING),
    ]


def test_the_rule_is_told_and_a_path_cannot_forge_a_line(own_records: Any) -> None:
    one = rule()
    ask(Client(), "/ruled/exists/")
    ask(Client(), "/ruled/caf%C3%A9%20bar/")
    assert [each.rule for each in own_records] == [one.pk, one.pk]
    ask(Client(), "/ruled/deep/x%0Aforged/2/")
    assert not any("\n" in each.getMessage() for each in own_records)


def test_a_receiver_that_fails_changes_nothing(own_records: Any) -> None:
    def receiver(sender: Any, **details: Any) -> None:
        raise ZeroDivisionError

    forbidden_hidden.connect(receiver)
    try:
        assert ask(Client(), "/function/denied/2/").status_code == 404
    finally:
        forbidden_hidden.disconnect(receiver)
    assert any("failed" in each.getMessage() for each in own_records)


# Performance


def test_a_success_outside_of_scopes_costs_nothing(django_assert_num_queries: Any) -> None:
    with (
        mock.patch.object(type(snapshots), "current", side_effect=AssertionError("it was asked")),
        django_assert_num_queries(0),
    ):
        assert ask(Client(), "/plain/denied/1/").content == b"shown"
        assert ask(Client(), "/function/denied/1/").content == b"shown"


def test_who_asks_is_found_out_for_both() -> None:
    """A view that refuses everybody asks for no user, and neither does an unrouted address."""
    rule()
    compare("/ruled/exists/", "/ruled/nothing/", signed_in(), same_queries=True, methods=["GET"])


# django-guardian


def _guarded(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("shown")


@pytest.mark.parametrize("options", [{}, {"return_403": True}, {"return_404": True}])
@pytest.mark.parametrize("client", [Client, signed_in])
def test_guardians_decorators_are_hidden(options: Any, client: Any, settings: Any) -> None:
    guardian = _guardian()
    guarded = guardian("auth.change_user", (User, "pk", "pk"), accept_global_perms=True, **options)
    view = hide_forbidden(guarded(_guarded))
    settings.ROOT_URLCONF = Urls(path("users/<int:pk>/", view))
    other = User.objects.create(username="other")
    who = client()
    compare(f"/users/{other.pk}/", f"/users/{other.pk + 5}/", who)


def _guardian() -> Any:
    return pytest.importorskip("guardian.decorators").permission_required
