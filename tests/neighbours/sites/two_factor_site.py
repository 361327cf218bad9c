"""A view for who has signed in by two factors."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import View
from two_factor.urls import urlpatterns as theirs
from two_factor.views import OTPRequiredMixin


class Verified(OTPRequiredMixin, View):
    raise_anonymous = False
    raise_unverified = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("fine")


urlpatterns = [path("", include(theirs)), path("verified/", Verified.as_view())]
