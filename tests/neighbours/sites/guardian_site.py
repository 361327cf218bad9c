"""A page of a group, for who may change it: hidden, and not."""

from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import path
from guardian.decorators import permission_required

from django_http_errors.decorators import hide_forbidden


@permission_required("auth.change_group", (Group, "name", "name"), return_403=True)
def group(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [
    path("groups/<name>/", group),
    path("hidden-groups/<name>/", hide_forbidden(group)),
]
