"""A view with a limit, and what a project answers with where it is reached."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_ratelimit.decorators import ratelimit


@ratelimit(key="ip", rate="1/m")
def limited(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def own_view(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("own", status=429)


urlpatterns = [path("limited/", limited)]
