"""A view behind a flag of django-waffle's."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from waffle.decorators import waffle_flag


@waffle_flag("open")
def flagged(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [path("flagged/", flagged)]
