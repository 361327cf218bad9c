"""A view that a predicate lets nobody into but one."""

import rules
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.generic import View
from rules.contrib.views import PermissionRequiredMixin


@rules.predicate
def is_admin(user: object) -> bool:
    return getattr(user, "username", "") == "admin"


rules.add_perm("auth.rule", is_admin)


class Ruled(PermissionRequiredMixin, View):
    permission_required = "auth.rule"
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("fine")


urlpatterns = [path("ruled/", Ruled.as_view())]
