"""What OAuth protects: a view of REST framework's, and one of Django's."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oauth2_provider.decorators import protected_resource

from .knox_site import Resource


@protected_resource()
def protected(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("api/", Resource.as_view()),
    path("protected/", protected),
]
