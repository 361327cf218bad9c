"""A URLconf of another host, and the middleware of a project's that chooses it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import path

urlpatterns = [path("only-there/", lambda request: HttpResponse("there"))]


def by_host(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        if request.get_host() == "b.example":
            request.urlconf = __name__  # type: ignore[assignment]
        return get_response(request)

    return answer
