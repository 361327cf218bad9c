"""A 401 with a challenge in the place of a redirect to a login page, for who gets JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client
from django.urls import path

from django_http_errors.decorators import login_challenge

from .asking import HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def members_only(request: HttpRequest) -> HttpResponse:
    target = request.GET.get("to", "/login/?next={path}")
    return HttpResponseRedirect(target.format(path=request.path), headers={"X-Own": "kept"})


async def async_members_only(request: HttpRequest) -> HttpResponse:
    return members_only(request)


class Urls:
    urlpatterns = (
        path("decorated/", login_challenge(members_only)),
        path("async/decorated/", login_challenge(async_members_only)),
        path("plain/", members_only),
        path("async/plain/", async_members_only),
        path("own/", login_required(fine)),
        path("asked/", fine),
    )


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls()
    settings.MIDDLEWARE = [MIDDLEWARE]


CHALLENGED = [("decorated", {}), ("plain", {"LOGIN_CHALLENGE": True})]


@pytest.mark.conformance("rfc9110-11.4-send-401")
@pytest.mark.parametrize(("name", "own"), CHALLENGED)
@pytest.mark.parametrize("form", [JSON, PROBLEM])
def test_a_login_is_asked_for_by_a_challenge(
    site: Site, name: str, own: dict[str, Any], form: str, settings: Any
) -> None:
    settings.HTTP_ERRORS = {"CHALLENGES": ['Bearer realm="api"'], **own}
    for method in ("GET", "POST"):
        response = site.get(name, form, method=method)
        assert response.status_code == response.json()["status"] == 401
        assert response.headers["Content-Type"] == form
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert "Location" not in response.headers


@pytest.mark.parametrize(("name", "own"), CHALLENGED)
def test_a_long_query_makes_no_difference(
    site: Site, name: str, own: dict[str, Any], settings: Any
) -> None:
    settings.HTTP_ERRORS = own
    for target, status in (("/login/?next={path}&x=", 401), ("/elsewhere/?x=", 302)):
        address = f"{site.path(name)}?to={quote(target + 'a' * 9000)}"
        assert site.ask(address, JSON).status_code == status


@pytest.mark.parametrize(("name", "own"), CHALLENGED)
@pytest.mark.parametrize(
    ("form", "target"),
    [
        (HTML, None),
        (TEXT, None),
        ("*/*", None),
        (JSON, "/elsewhere/"),
        (JSON, "/login/"),
        (JSON, "/login/?next=/elsewhere/"),
    ],
)
def test_any_other_redirect_stays(
    site: Site, name: str, own: dict[str, Any], form: str, target: str | None, settings: Any
) -> None:
    """A client without a wish gets what its path has by default."""
    settings.HTTP_ERRORS = own
    address = site.path(name) + (f"?to={quote(target)}" if target else "")
    response = site.ask(address, form)
    assert response.status_code == 302
    assert response.headers["X-Own"] == "kept"
    # Where it could have been a 401, it depends on what was asked for.
    assert ("Accept" in response.headers.get("Vary", "")) is (target is None)


def test_the_default_of_the_path_counts(site: Site, settings: Any) -> None:
    own = {"LOGIN_CHALLENGE": True, "DEFAULT_MEDIA_TYPES": {"/": PROBLEM}}
    settings.HTTP_ERRORS = own
    assert site.get("plain", "*/*").status_code == 401


def test_djangos_own_are_challenged(settings: Any) -> None:
    """LoginRequiredMiddleware answers before any view is called."""
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        MIDDLEWARE,
    ]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    for on, status in ((False, 302), (True, 401)):
        settings.HTTP_ERRORS = {"LOGIN_CHALLENGE": on}
        for address in ("/own/", "/asked/"):
            assert Client().get(address, headers={"accept": JSON}).status_code == status
