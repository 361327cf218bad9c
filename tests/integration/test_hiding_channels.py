"""What could tell the hidden from the missing, and what those who may see are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.test import Client
from django.urls import path
from django.utils import translation
from django.views import View

from django_http_errors import exceptions
from django_http_errors.decorators import hide_forbidden, reveal
from django_http_errors.models import HidingRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.test import Variant, assert_indistinguishable
from django_http_errors.views import HideForbiddenMixin

from ..asking import Site
from ..databases import publish_edits

HIDING, ERRORS = (
    f"django_http_errors.middleware.{name}Middleware" for name in ("Hiding", "HttpErrors")
)
CALLS: list[int] = []

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def _found(pk: int) -> int:
    CALLS.append(pk)
    if pk not in (1, 2):
        raise Http404
    return pk


@hide_forbidden
def marking(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave on the request, in the session and in the language that there is a document."""
    request.document = _found(pk)  # type: ignore[attr-defined]
    request.LANGUAGE_CODE = "de"
    translation.activate("de")
    messages.info(request, "secret")
    str(request.user)
    raise PermissionDenied


def _redirecting(target: str, status: int = 302) -> Callable[..., HttpResponse]:
    @hide_forbidden
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        _found(pk)
        return HttpResponse(status=status, headers={"Location": target.format(path=request.path)})

    return view


@hide_forbidden
def htmx(request: HttpRequest, pk: int) -> HttpResponse:
    _found(pk)
    return HttpResponse(headers={"HX-Redirect": f"/in/?next={request.path}"})


REDIRECTS = {
    "permanent": _redirecting("/in/?next={path}", 301),
    "kept": _redirecting("/in/?next={path}", 308),
    "nested": _redirecting("/in/?next=%2Fstart%2F%3Fnext%3D{path}"),
    "oidc": _redirecting(
        "https://id.example/auth?redirect_uri=https%3A%2F%2Ftestserver%2Fback%3Fnext%3D{path}"
    ),
    "cas": _redirecting("https://cas.example/login?service=http%3A%2F%2Ftestserver{path}"),
    "htmx": htmx,
}

STATUSES = (400, 405, 409, 415, 422, 429)


def _fail(pk: int, status: int) -> HttpResponse:
    if pk == 2:
        raise PermissionDenied
    raise exceptions.EXCEPTIONS[status]


@hide_forbidden
def silent(request: HttpRequest, pk: int, status: int) -> HttpResponse:
    """Answer what is wrong with the request for a document, without a word on who may know."""
    if _found(pk) == 2:
        raise exceptions.EXCEPTIONS[status]
    return HttpResponse("shown")


@hide_forbidden
def revealing(request: HttpRequest, pk: int, status: int) -> HttpResponse:
    if _found(pk) == 1:
        reveal(request)
    return _fail(pk, status)


class Permitted(HideForbiddenMixin, PermissionRequiredMixin, View):
    raise_exception = True

    def has_permission(self) -> bool:
        return _found(self.kwargs["pk"]) == 1

    def get(self, request: HttpRequest, pk: int, status: int) -> HttpResponse:
        return _fail(pk, status)


class LoggedIn(HideForbiddenMixin, LoginRequiredMixin, View):
    """Looks at the document behind a login, and at what was sent before that."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        if _found(pk) == 2 and "bad" in request.GET:
            raise exceptions.BadRequest
        return _fail(pk, 409)


urlpatterns = [
    path("", lambda request: render(request, "home.html")),
    path("marking/<int:pk>/", marking),
    *(path(f"{name}/<int:pk>/", view) for name, view in REDIRECTS.items()),
    path("silent/<int:pk>/<int:status>/", silent),
    path("revealing/<int:pk>/<int:status>/", revealing),
    path("permitted/<int:pk>/<int:status>/", Permitted.as_view()),
    path("logged-in/<int:pk>/", LoggedIn.as_view()),
    path("ruled/2/", lambda request: _fail(2, 400)),
    path("async/silent/<int:pk>/<int:status>/", silent),
]


class Fallback:
    """A single-page app's: has a page for every 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return HttpResponse("the app") if response.status_code == 404 else response


class Redirecting(Fallback):
    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return HttpResponseRedirect("/new/") if response.status_code == 404 else response


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    snapshots.forget()
    CALLS.clear()
    yield
    snapshots.forget()


@pytest.fixture
def pages(project_pages: Any) -> None:
    project_pages(
        {
            "404.html": "{{ request.document }}{{ request.LANGUAGE_CODE }}{{ LANGUAGE_CODE }}"
            "{% for each in messages %}{{ each }}{% endfor %}",
            "home.html": "{% for each in messages %}{{ each }}{% endfor %}{{ LANGUAGE_CODE }}",
        },
        "django.contrib.messages.context_processors.messages",
        "django.template.context_processors.i18n",
    )


# For one case of each channel.
MATRIX: dict[str, Any] = {
    "methods": ["GET", "HEAD", "POST", "OPTIONS"],
    "accepts": [None, "text/html", "application/json"],
    "query_strings": [""],
    "variants": [
        Variant("nothing else"),
        Variant("If-None-Match", {"If-None-Match": "*"}),
        Variant("Range", {"Range": "bytes=0-0"}),
    ],
}
# For the others.
QUICK: dict[str, Any] = {
    "methods": ["GET", "POST"],
    "accepts": [None, "application/json"],
    "query_strings": [""],
    "variants": MATRIX["variants"][:2],
}


def compare(hidden: str, missing: str, client: Client | None = None, **options: Any) -> None:
    client = client or Client()
    publish_edits()
    assert_indistinguishable(client, hidden, missing, **{**QUICK, **options})


def signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username="reader")[0])
    return client


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("client", [Client, signed_in])
def test_what_a_view_leaves_behind_is_not_shown(client: Any) -> None:
    compare("/marking/2/", "/marking/9/", client(), next_url="/", **MATRIX)
    visitor = client()
    visitor.get("/marking/2/")
    assert b"secret" not in visitor.get("/").content


@pytest.mark.parametrize("name", REDIRECTS)
def test_a_login_elsewhere_is_hidden(name: str) -> None:
    compare(f"/{name}/2/", f"/{name}/9/", **(MATRIX if name == "nested" else {}))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("prefix", ["/silent", "/async/silent"])
def test_an_error_before_the_permission_check_is_hidden(
    prefix: str, status: int, site: Site
) -> None:
    every = MATRIX if status == STATUSES[0] else {}
    compare(f"{prefix}/2/{status}/", f"{prefix}/9/{status}/", **every)
    assert site.ask(f"{prefix}/2/{status}/").status_code == 404


@pytest.mark.parametrize("status", [400, 409, 415, 422, 429])
@pytest.mark.parametrize("view", ["revealing", "permitted"])
def test_who_may_see_is_told_what_is_wrong(view: str, status: int, site: Site) -> None:
    assert site.ask(f"/{view}/1/{status}/").status_code == status
    assert site.ask(f"/{view}/2/{status}/").status_code == 404
    assert len(CALLS) == 2  # once each
    compare(f"/{view}/2/{status}/", f"/{view}/9/{status}/", **(MATRIX if status == 400 else {}))


@pytest.mark.parametrize(("view", "expected"), [("revealing", 403), ("permitted", 404)])
def test_only_reveal_tells_of_a_refusal(view: str, expected: int, site: Site) -> None:
    assert site.ask(f"/{view}/1/403/").status_code == expected


def test_a_login_shows_nothing() -> None:
    for client in (Client(), signed_in()):
        compare("/logged-in/2/", "/logged-in/9/", client)
        compare("/logged-in/2/?bad=1", "/logged-in/9/?bad=1", client)


@pytest.mark.parametrize("fallback", ["Fallback", "Redirecting"])
@pytest.mark.parametrize("hidden", ["/marking/2/", "/ruled/2/"])
def test_what_answers_404s_behind_the_middleware_acts_on_both(
    hidden: str, fallback: str, settings: Any
) -> None:
    HidingRule.objects.create(kind="prefix", pattern="/ruled/")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{fallback}"]
    compare(hidden, hidden.replace("2", "9"))
    assert Client().get(hidden).status_code in (200, 302)


def test_a_language_fallback_acts_on_both(settings: Any) -> None:
    from django.conf.urls.i18n import i18n_patterns

    class Urls:
        urlpatterns = i18n_patterns(path("marking/<int:pk>/", marking))

    settings.ROOT_URLCONF = Urls()
    compare("/marking/2/", "/marking/9/", headers={"Accept-Language": "de"})
    compare("/en/marking/2/", "/en/marking/9/")


def test_a_redirect_to_the_language_is_hidden_by_a_rule_without_one(settings: Any) -> None:
    """The check W018 asks for that rule."""
    from django.conf.urls.i18n import i18n_patterns

    class Urls:
        urlpatterns = i18n_patterns(path("ruled/2/", lambda request: _fail(2, 400)))

    settings.ROOT_URLCONF = Urls()
    for pattern in ("/en/ruled/", "/ruled/"):
        assert Client().get("/ruled/2/").status_code == 302
        HidingRule.objects.create(kind="prefix", pattern=pattern, fold_client_errors=True)
        snapshots.forget()
    for before in ("", "/en"):
        for after in ("", "/"):
            compare(f"{before}/ruled/2{after}", f"{before}/ruled/9{after}")


@pytest.mark.parametrize(
    "spelling", ["/RULED/2/", "/ruled//2/", "/%20ruled/+2/", "/ruled/%EF%BC%92/", "/ruled/2.json"]
)
def test_a_rule_covers_other_spellings(spelling: str, settings: Any) -> None:
    """For a view that takes them for the same, as one that converts what it is given does."""

    class Urls:
        urlpatterns = [path("<path:anything>", lambda request, anything: _fail(2, 400))]

    HidingRule.objects.create(kind="exact", pattern="/ruled/2/")
    settings.ROOT_URLCONF = Urls()
    assert Client().get(spelling).status_code == 404
    assert Client().get("/elsewhere/").status_code == 403


@pytest.mark.parametrize("middleware", [[ERRORS], [HIDING, HIDING, ERRORS, ERRORS], []])
def test_a_middleware_that_is_forgotten_or_there_twice(
    middleware: list[str], settings: Any
) -> None:
    settings.MIDDLEWARE = [
        *middleware[:2],
        *(each for each in settings.MIDDLEWARE if "http_errors" not in each),
        *middleware[2:],
    ]
    for pk in (2, 9):
        response = Client().get(f"/revealing/{pk}/409/")
        assert response.status_code == 404
        assert response.content
