"""What an attacker would try next: what a view under a rule leaves, other logins, late rules."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.test import Client
from django.urls import path
from django.utils import translation
from django.views import View

from django_http_errors import exceptions
from django_http_errors.decorators import hide_forbidden
from django_http_errors.hiding import leaks
from django_http_errors.models import HidingRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.test import Variant, assert_indistinguishable
from django_http_errors.views import HideForbiddenMixin

from ..databases import publish_edits

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def _leaving(request: HttpRequest, how: str) -> HttpResponse:
    """Leave what a project's page could show, and refuse."""
    request.document = "secret"  # type: ignore[attr-defined]
    request.LANGUAGE_CODE = "de"
    translation.activate("de")
    messages.info(request, "secret")
    str(request.user)
    if how == "raise":
        raise PermissionDenied
    if how == "login":
        return HttpResponseRedirect(f"/in/?next={request.path}")
    return HttpResponse(status=403)


@hide_forbidden
def marking(request: HttpRequest, pk: int) -> HttpResponse:
    if pk != 2:
        raise Http404
    str(request.user)
    get_token(request)
    request.session["seen"] = "secret"
    raise PermissionDenied


class Members(HideForbiddenMixin, PermissionRequiredMixin, View):
    raise_exception = True

    def has_permission(self) -> bool:
        return True

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponse("shown")


class Readers(Members):
    """Looks at the document in a check of its own, behind that of the class it comes from."""

    def has_permission(self) -> bool:
        if not super().has_permission() or self.kwargs["pk"] not in (1, 2):
            raise Http404
        if self.kwargs["pk"] == 2:
            raise exceptions.Conflict
        return True


urlpatterns = [
    path("", lambda request: render(request, "home.html")),
    *(
        path(f"ruled/{how}/", lambda request, how=how: _leaving(request, how))
        for how in ("raise", "login", "return")
    ),
    path("marking/<int:pk>/", marking),
    path("members/<int:pk>/", Members.as_view()),
    path("readers/<int:pk>/", Readers.as_view()),
]


class Fallback:
    """A page for every 404, as a single-page app's fallback has one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return HttpResponse("the app") if response.status_code == 404 else response


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    snapshots.forget()
    yield
    snapshots.forget()


@pytest.fixture(autouse=True)
def pages(project_pages: Any) -> None:
    project_pages(
        {
            "404.html": "{{ request.document }}|{{ request.LANGUAGE_CODE }}|{{ LANGUAGE_CODE }}"
            "{% for each in messages %}{{ each }}{% endfor %}|{{ request.user }}",
            "home.html": "{% for each in messages %}{{ each }}{% endfor %}{{ LANGUAGE_CODE }}",
        },
        "django.contrib.messages.context_processors.messages",
        "django.template.context_processors.i18n",
    )


def compare(hidden: str, missing: str, client: Client | None = None, **options: Any) -> None:
    quick = {
        "methods": ["GET", "HEAD", "POST", "OPTIONS"],
        "accepts": [None, "text/html"],
        "query_strings": [""],
        "variants": [Variant("nothing else")],
        "next_url": "/",
    }
    assert_indistinguishable(client or Client(), hidden, missing, **{**quick, **options})


def signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username="reader")[0])
    return client


@pytest.mark.parametrize("client", [Client, signed_in])
@pytest.mark.parametrize("how", ["raise", "login", "return"])
def test_what_a_view_under_a_rule_leaves_is_not_shown(how: str, client: Any, settings: Any) -> None:
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    HidingRule.objects.create(kind="prefix", pattern="/ruled/")
    publish_edits()
    compare(f"/ruled/{how}/", "/ruled/nothing/", client())
    visitor = client()
    visitor.get(f"/ruled/{how}/")
    assert b"secret" not in visitor.get("/").content


@pytest.mark.parametrize("how", ["raise", "login", "return"])
def test_nor_under_a_rule_that_is_new(how: str) -> None:
    """The request was on its way when the rule came: nobody has copied it before the view."""
    assert Client().get("/ruled/nothing/").status_code == 404
    HidingRule.objects.create(kind="prefix", pattern="/ruled/")
    current = type(snapshots).current

    def late(self: Any, *, from_memory: bool = False) -> Any:
        from django_http_errors.rules.snapshot import NOTHING

        return NOTHING if from_memory else current(self)

    with mock.patch.object(type(snapshots), "current", late):
        compare(f"/ruled/{how}/", "/ruled/nothing/", next_url=None)


@pytest.mark.parametrize("client", [Client, signed_in])
def test_a_page_in_the_place_of_the_404_varies_by_the_same(client: Any, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Fallback"]
    for middleware in (settings.MIDDLEWARE, [e for e in settings.MIDDLEWARE if "Locale" not in e]):
        settings.MIDDLEWARE = middleware
        compare("/marking/2/", "/marking/9/", client())


def test_a_check_that_another_class_makes_shows_nothing() -> None:
    """`super().has_permission()` is one part of the check only, though it is observed too."""
    assert Client().get("/members/2/").status_code == 200
    assert Client().get("/readers/1/").status_code == 200
    compare("/readers/2/", "/readers/9/")


@pytest.mark.parametrize(
    ("headers", "is_login"),
    [
        ({"HX-Location": json.dumps({"path": "/in/?next=/a b/2/", "target": "#x"})}, True),
        ({"HX-Location": json.dumps({"path": "/accounts/login/"})}, True),
        ({"HX-Location": "{"}, False),
        ({"HX-Location": "[1]"}, False),
        ({"HX-Location": '{"path": 1}'}, False),
        ({"HX-Redirect": "/in/?next=/a+b/2/"}, True),
        ({"HX-Redirect": "/in/?next=%2Fa+b%2F2%2F"}, True),
        ({"HX-Redirect": "http://testserver/accounts/login/"}, True),
        ({"HX-Redirect": "/in/?x=1;next=/a%20b/2/"}, True),
        ({"HX-Redirect": "/in/#x=1&next=/a%20b/2/"}, True),
        ({"HX-Redirect": "/a=/a b/2/"}, False),
        ({"HX-Redirect": "/new/a%20b/2/"}, False),
        ({"HX-Redirect": "/in/?next=/a%20b/2/3/"}, False),
        ({"HX-Redirect": "/in/?next=" + "%25252525"}, True),
        ({"HX-Redirect": "/in/?next=/a%20b/2/&x=" + "a" * 9000}, True),
        ({"HX-Redirect": "/in/?x=" + "a" * 9000 + "&next=/a%20b/2/"}, True),
        ({"HX-Location": json.dumps({"path": "/in/?x=" + "a" * 9000})}, True),
    ],
)
def test_a_way_to_a_login_is_recognised(headers: dict[str, str], is_login: bool) -> None:
    assert leaks.is_login_redirect(HttpResponse(headers=headers), "/a b/2/") is is_login


@pytest.mark.parametrize("length", [8000, 500_000])
@pytest.mark.parametrize("part", ["&", "?", "=", "&a=", "=http://", "=a", "%26", "%25", "=/x/"])
def test_a_long_target_takes_no_time(part: str, length: int) -> None:
    """A redirect to another spelling keeps the query, which is anybody's."""
    response = HttpResponse(status=302, headers={"Location": "/x/?" + part * (length // len(part))})
    for is_one in (leaks.is_login_redirect, leaks.tells_way_back):
        start = time.perf_counter()
        is_one(response, "/x/y/")
        assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize("hidden", ["/marking/2/", "/marking/9/"])
def test_who_asked_is_known_though_the_request_is_rolled_back(
    hidden: str, own_records: Any
) -> None:
    """The user is asked for while there can be queries."""

    @hide_forbidden
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        raise PermissionDenied if pk == 2 else Http404

    client = signed_in()
    with (
        mock.patch.dict(connection.settings_dict, ATOMIC_REQUESTS=True),
        mock.patch(f"{__name__}.urlpatterns", [path("marking/<int:pk>/", view)]),
    ):
        from django.urls import clear_url_caches

        clear_url_caches()
        try:
            assert client.get(hidden).status_code == 404
        finally:
            clear_url_caches()
    said = [each.getMessage() for each in own_records]
    assert not any("could not be found out" in each for each in said)
    user = User.objects.get().pk
    assert [f"from user {user}," in each for each in said] == ([True] if "2" in hidden else [])


@pytest.mark.parametrize(
    "spelling",
    ["%0B2", "2%C2%A0", "%E2%80%A82", "002", "+02", "%EF%BC%90%EF%BC%92", "0_2", "2/%20"],
)
def test_a_rule_covers_what_python_takes_for_the_same_number(spelling: str, settings: Any) -> None:
    def view(request: HttpRequest, pk: str) -> HttpResponse:
        raise PermissionDenied if int(pk.rstrip("/ ")) == 2 else Http404

    class Urls:
        urlpatterns = [path("things/<path:pk>/", view), path("things/<path:pk>", view)]

    settings.ROOT_URLCONF = Urls()
    assert Client().get(f"/things/{spelling}/").status_code == 403
    HidingRule.objects.create(kind="exact", pattern="/things/2/")
    snapshots.forget()
    assert Client().get(f"/things/{spelling}/").status_code == 404
