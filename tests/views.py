"""Views that go wrong in every way, sync and async made from the same description."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseGone,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path

from django_http_errors import exceptions
from django_http_errors.decorators import errors_exempt


class OutOfStock(Exception):
    """A client error of the project's, registered in HTTP_ERRORS["EXCEPTIONS"]."""


class ShopClosed(Exception):
    """A server error of the project's, registered in HTTP_ERRORS["EXCEPTIONS"]."""


class OutOfCredit(exceptions.Forbidden):
    """A problem type of the project's own."""

    type = "https://example.com/problems/out-of-credit"
    title = "You do not have enough credit."
    detail = "Your balance is lower than the price."


def _raise(make: Callable[[], BaseException]) -> Callable[[], HttpResponse]:
    def outcome() -> HttpResponse:
        raise make()

    return outcome


def _with_cookie() -> HttpResponse:
    response = HttpResponse(status=403, headers={"X-Own": "kept", "ETag": '"of-nothing"'})
    response.set_cookie("own", "kept")
    return response


OUTCOMES: dict[str, Callable[[], HttpResponse]] = {
    "ok": lambda: HttpResponse("fine"),
    "crash": _raise(lambda: ZeroDivisionError("secret")),
    "group": _raise(lambda: ExceptionGroup("secret", [Http404("secret"), Http404("secret")])),
    "mixed-group": _raise(lambda: ExceptionGroup("secret", [Http404(), ZeroDivisionError()])),
    "http404": _raise(lambda: Http404("secret")),
    "permission-denied": _raise(lambda: PermissionDenied("secret")),
    "bad-request": _raise(lambda: BadRequest("secret")),
    "suspicious": _raise(lambda: SuspiciousOperation("secret")),
    "data-too-big": _raise(lambda: RequestDataTooBig("secret")),
    "out-of-stock": _raise(lambda: OutOfStock("secret")),
    "shop-closed": _raise(lambda: ShopClosed("secret")),
    "out-of-credit": _raise(lambda: OutOfCredit(extensions={"balance": 30})),
    "gone": _raise(exceptions.Gone),
    "unavailable": _raise(lambda: exceptions.ServiceUnavailable(retry_after=90)),
    "method": _raise(exceptions.MethodNotAllowed),
    "unwritable": _raise(lambda: exceptions.Conflict(extensions={"clash": object()})),
    "bare-400": lambda: HttpResponse(status=400),
    "bare-403": _with_cookie,
    "bare-405": lambda: HttpResponseNotAllowed(["GET", "POST"]),
    "bare-410": HttpResponseGone,
    "bare-429": lambda: HttpResponse(status=429, headers={"Retry-After": "60"}),
    "bare-502": lambda: HttpResponse(status=502),
    "own-body": lambda: HttpResponse("own body", status=404),
    "stream": lambda: StreamingHttpResponse([b"own body"], status=404),
    "empty-stream": lambda: StreamingHttpResponse([], status=404),
}


def _view(outcome: Callable[[], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: outcome()


def _async_view(outcome: Callable[[], HttpResponse]) -> Callable[..., object]:
    async def view(request: HttpRequest) -> HttpResponse:
        return outcome()

    return view


def patterns() -> list[URLPattern]:
    """Return a route for each outcome, and one for its async twin below ``async/``."""
    routes = []
    for prefix, make in (("", _view), ("async/", _async_view)):
        routes += [path(f"{prefix}{name}/", make(out)) for name, out in OUTCOMES.items()]
        routes.append(path(f"{prefix}exempt/", errors_exempt(make(OUTCOMES["bare-400"]))))
    return routes
