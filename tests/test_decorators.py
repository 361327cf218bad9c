"""What a view says of itself, over the wire, sync and async."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.generic import View

from django_http_errors.decorators import (
    accepted_media_type,
    errors_exempt,
    require_acceptable,
    require_content_types,
)
from django_http_errors.exceptions import Gone

from .asking import HTML, JSON, MIDDLEWARE, PROBLEM

FORM = "application/x-www-form-urlencoded"
XML = "application/xml"


def chosen(request: HttpRequest) -> HttpResponse:
    kind = getattr(request, "accepted_media_type", "")
    return HttpResponse(f"{request.method} {kind}", headers={"Vary": "Cookie"})


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404, headers={"X-Own": "kept"})


def gone(request: HttpRequest) -> HttpResponse:
    raise Gone


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def named(request: HttpRequest, name: str, *, number: int) -> HttpResponse:
    return HttpResponse(f"{name} {number}")


VIEWS: dict[str, tuple[Any, Any]] = {
    "acceptable": (require_acceptable(HTML, JSON), chosen),
    "spelt": (require_acceptable("Text/HTML"), chosen),
    "content": (require_content_types(JSON, "image/*"), chosen),
    "any-content": (require_content_types("*/*"), chosen),
    "spelt-content": (require_content_types("Application/JSON"), chosen),
    "exempt": (errors_exempt, bare),
    "exempt-raising": (errors_exempt, gone),
    "exempt-fine": (errors_exempt, fine),
    "not-exempt": (lambda view: view, bare),
    "all": (
        lambda view: require_acceptable(HTML)(require_content_types(JSON)(errors_exempt(view))),
        bare,
    ),
}


def awaited(view: Any) -> Any:
    """Return the async twin of `view`."""

    async def async_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    async_view.__name__ = view.__name__
    return async_view


def classes(decorator: Any, view: Any) -> tuple[type[View], type[View]]:
    """Return class-based twins of `view` whose methods are decorated."""

    class Sync(View):
        @method_decorator(decorator)
        def get(self, request: HttpRequest) -> HttpResponse:
            return view(request)

        post = get

    class Async(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return view(request)

        post = get

    return Sync, Async


urlpatterns = []
for _name, (_decorator, _view) in VIEWS.items():
    _sync_class, _async_class = classes(_decorator, _view)
    urlpatterns += [
        path(f"sync/{_name}/", _decorator(_view)),
        path(f"async/{_name}/", _decorator(awaited(_view))),
        path(f"sync-class/{_name}/", _sync_class.as_view()),
        path(f"async-class/{_name}/", _decorator(_async_class.as_view())),
    ]
for _mode, _twin in (("sync", named), ("async", awaited(named))):
    urlpatterns.append(
        path(
            f"{_mode}/named/<name>/<int:number>/",
            require_acceptable("*/*", HTML)(require_content_types(JSON)(errors_exempt(_twin))),
        )
    )


class Site:
    """Asks through the WSGI or the ASGI handler, with content if need be."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def ask(
        self,
        name: str,
        *,
        method: str = "GET",
        content: bytes = b"",
        content_type: str = "",
        query: str = "",
        **headers: str,
    ) -> HttpResponse:
        address = f"/{self.mode}/{name}/{query}"
        fields = {each.replace("_", "-"): value for each, value in headers.items()}
        if content_type and not content:  # which the client would leave out
            fields["content-type"] = content_type
        if self.mode.startswith("async"):
            return async_to_sync(self._ask)(method, address, content, content_type, fields)
        return Client().generic(method, address, content, content_type, headers=fields)

    async def _ask(
        self, method: str, address: str, content: bytes, content_type: str, fields: dict[str, str]
    ) -> HttpResponse:
        return await AsyncClient().generic(method, address, content, content_type, headers=fields)


@pytest.fixture(params=["sync", "async", "sync-class", "async-class"])
def site(request: pytest.FixtureRequest, settings: Any) -> Site:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.HTTP_ERRORS = {}
    return Site(request.param)


@pytest.fixture(params=["sync", "async"])
def function_site(request: pytest.FixtureRequest, settings: Any) -> Site:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [MIDDLEWARE]
    return Site(request.param)


# --- require_acceptable ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, HTML),
        ("", HTML),
        ("*/*", HTML),
        ("text/html", HTML),
        ("application/json", JSON),
        ("APPLICATION/JSON;charset=utf-8", JSON),
        ("application/*", JSON),
        ("text/html;q=0.4, application/json;q=0.5", JSON),
        ("text/html;q=0, */*", JSON),
        ("image/png, */*;q=0.001", HTML),
        ("text/plain, application/json;q=0.1", JSON),
        ("nonsense", HTML),
    ],
)
def test_the_view_knows_what_the_client_prefers(site: Site, accept: str | None, kind: str) -> None:
    response = site.ask("acceptable", **({} if accept is None else {"accept": accept}))
    assert response.status_code == 200
    assert response.content.decode() == f"GET {kind}"


@pytest.mark.conformance("rfc9110-15.5.7-list")
@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/plain",
        "application/problem+json",
        "*/*;q=0",
        "text/html;q=0, application/json;q=0, */*;q=0.0",
        "text/html;q=0",
    ],
)
def test_a_client_that_accepts_nothing_there_is_gets_the_list(site: Site, accept: str) -> None:
    response = site.ask("acceptable", accept=accept)
    here = f"/{site.mode}/acceptable/"
    assert response.status_code == 406
    assert response.headers["Link"] == (
        f'<{here}>; rel="alternate"; type="text/html", '
        f'<{here}>; rel="alternate"; type="application/json"'
    )
    assert [each.as_dict() for each in response.problem.available] == [
        {"type": HTML, "href": here},
        {"type": JSON, "href": here},
    ]
    assert "Accept" in response.headers["Vary"]


@pytest.mark.conformance("rfc9110-15.5.7-list")
def test_the_list_is_on_the_wire(site: Site) -> None:
    response = site.ask("acceptable", accept=PROBLEM)
    here = f"/{site.mode}/acceptable/"
    assert response.headers["Content-Type"] == PROBLEM
    assert response.json()["available"] == [
        {"type": HTML, "href": here},
        {"type": JSON, "href": here},
    ]


def test_the_list_leads_to_what_was_asked_for(site: Site) -> None:
    """Another query is another resource: ``?page=2`` in JSON is not ``?page=1`` in JSON."""
    response = site.ask("acceptable", query="?page=2&q=a%20b", accept=PROBLEM)
    here = f"/{site.mode}/acceptable/?page=2&q=a%20b"
    assert [each["href"] for each in response.json()["available"]] == [here, here]
    assert f"<{here}>" in response.headers["Link"]


def test_the_choice_is_in_vary_for_caches(site: Site) -> None:
    response = site.ask("acceptable", accept=JSON)
    assert response.headers["Vary"] == "Cookie, Accept"


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_the_choice_is_made_for_every_method(site: Site, method: str) -> None:
    assert site.ask("acceptable", method=method, accept=JSON).status_code == 200
    response = site.ask("acceptable", method=method, accept="image/png")
    assert response.status_code == 406
    if method == "HEAD":
        assert response.content == b""


@pytest.mark.parametrize("accept", ["text/html", "TEXT/*", "*/*"])
def test_an_offer_may_be_spelt_as_one_likes(site: Site, accept: str) -> None:
    """RFC 9110, section 8.3.1: types are case-insensitive."""
    assert site.ask("spelt", accept=accept).status_code == 200


def test_the_choice_has_a_function_that_type_checkers_know(rf: RequestFactory) -> None:
    @require_acceptable(HTML, JSON)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(accepted_media_type(request))

    assert view(rf.get("/", headers={"accept": JSON})).content.decode() == JSON
    with pytest.raises(AttributeError):
        accepted_media_type(rf.get("/"))


# --- require_content_types ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "content_type",
    [JSON, "application/json; charset=utf-8", "Application/JSON", "image/png", "IMAGE/svg+xml"],
)
def test_accepted_content_gets_in(function_site: Site, method: str, content_type: str) -> None:
    response = function_site.ask("content", method=method, content=b"{}", content_type=content_type)
    assert response.status_code == 200
    assert response.content.decode() == f"{method} "


@pytest.mark.parametrize("name", ["content", "spelt-content"])
def test_an_accepted_type_may_be_spelt_as_one_likes(site: Site, name: str) -> None:
    response = site.ask(name, method="POST", content=b"{}", content_type="application/JSON")
    assert response.status_code == 200


@pytest.mark.conformance("rfc9110-15.5.16-accept")
@pytest.mark.conformance("rfc9110-12.5.3-media-type")
@pytest.mark.parametrize(
    "content_type",
    [FORM, XML, "text/plain", "application/jsonx", "application/*", "images/png", "json", "", ";"],
)
def test_other_content_gets_the_list(site: Site, content_type: str) -> None:
    response = site.ask("content", method="POST", content=b"x", content_type=content_type)
    assert response.status_code == 415
    assert response.headers["Accept"] == "application/json, image/*"
    assert response.headers["Accept-Post"] == "application/json, image/*"
    assert "Accept-Encoding" not in response.headers
    assert response.problem.accept == (JSON, "image/*")


@pytest.mark.conformance("rfc5789-2.2-accept-patch")
@pytest.mark.parametrize(
    ("method", "field"), [("POST", "Accept-Post"), ("PATCH", "Accept-Patch"), ("PUT", None)]
)
def test_the_list_is_in_the_field_of_the_method(
    function_site: Site, method: str, field: str | None
) -> None:
    response = function_site.ask(
        "content", method=method, content=b"x", content_type=XML, accept=JSON
    )
    assert response.json()["accept"] == [JSON, "image/*"]
    sent = {name for name in ("Accept-Post", "Accept-Patch") if name in response.headers}
    assert sent == ({field} if field else set())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_to_have_content_has_to_say_its_type_even_if_it_is_empty(
    function_site: Site, method: str
) -> None:
    assert function_site.ask("content", method=method).status_code == 415
    assert function_site.ask("content", method=method, content_type=JSON).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
def test_what_has_no_content_gets_in(function_site: Site, method: str) -> None:
    assert function_site.ask("content", method=method).status_code == 200
    assert function_site.ask("content", method=method, content_type=XML).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "QUERY"])
def test_content_is_looked_at_whatever_the_method_is(function_site: Site, method: str) -> None:
    for kind, status in ((XML, 415), (JSON, 200)):
        response = function_site.ask("content", method=method, content=b"x", content_type=kind)
        assert response.status_code == status


def test_content_without_a_length_is_content(function_site: Site) -> None:
    """RFC 9112, section 6.3; the test client sends none, so that only the field tells."""
    response = function_site.ask("content", method="DELETE", transfer_encoding="chunked")
    assert response.status_code == 415


@pytest.mark.conformance("rfc9110-12.5.3-coding")
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br, gzip", "x"])
def test_coded_content_gets_the_codings_that_are_taken(site: Site, coding: str) -> None:
    response = site.ask(
        "content", method="POST", content=b"x", content_type=JSON, content_encoding=coding
    )
    assert response.status_code == 415
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_content_as_it_is_gets_in(site: Site, coding: str) -> None:
    response = site.ask(
        "content", method="POST", content=b"x", content_type=JSON, content_encoding=coding
    )
    assert response.status_code == 200


@pytest.mark.parametrize("content_type", [JSON, XML, "", "nonsense"])
def test_any_content_may_be_let_in(site: Site, content_type: str) -> None:
    response = site.ask("any-content", method="POST", content=b"x", content_type=content_type)
    assert response.status_code == 200


# --- errors_exempt --------------------------------------------------------------------------


def test_an_exempt_answer_stays_as_it_is(site: Site) -> None:
    response = site.ask("exempt", accept=JSON)
    assert response.status_code == 404
    assert response.content == b""
    assert response.headers["X-Own"] == "kept"
    assert "Cache-Control" not in response.headers
    assert not hasattr(response, "problem")


def test_without_the_decorator_it_does_not(site: Site) -> None:
    response = site.ask("not-exempt", accept=JSON)
    assert response.json()["status"] == 404
    assert response.headers["X-Own"] == "kept"


def test_what_an_exempt_view_raises_is_answered(site: Site) -> None:
    """It is the answers that a view returns that are its own."""
    response = site.ask("exempt-raising", accept=JSON)
    assert response.json()["status"] == 410


def test_an_answer_that_is_no_error_is_not_touched(site: Site) -> None:
    response = site.ask("exempt-fine")
    assert (response.status_code, response.content) == (200, b"fine")


# --- Together -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type", "status"),
    [
        (HTML, JSON, 404),
        (HTML, XML, 415),
        ("image/png", JSON, 406),
        ("image/png", XML, 406),
    ],
)
def test_decorators_are_asked_from_the_outside_in(
    site: Site, accept: str, content_type: str, status: int
) -> None:
    response = site.ask(
        "all", method="POST", content=b"x", content_type=content_type, accept=accept
    )
    assert response.status_code == status
    assert hasattr(response, "problem") is (status != 404)


def test_arguments_of_the_address_get_to_the_view(function_site: Site) -> None:
    response = function_site.ask("named/anna/5")
    assert response.content == b"anna 5"


@pytest.mark.parametrize(
    "decorator", [require_acceptable(HTML), require_content_types(JSON), errors_exempt]
)
@pytest.mark.parametrize("view", [fine, awaited(fine)])
def test_a_decorated_view_keeps_its_name_and_its_marks(decorator: Any, view: Any) -> None:
    view.csrf_exempt = True
    decorated = decorator(view)
    assert decorated.__name__ == "fine"
    assert decorated.__wrapped__ is view
    assert decorated.csrf_exempt
    assert not hasattr(decorated, "errors_exempt")


@pytest.mark.parametrize("decorator", [require_acceptable, require_content_types])
def test_a_list_of_nothing_is_refused_where_it_is_written(decorator: Any) -> None:
    """Not by an IndexError, or a 415 for everything, when the first visitor comes."""
    with pytest.raises((TypeError, ValueError)):
        decorator()(fine)
