"""An API of async views."""

from collections.abc import Callable

from adrf.decorators import api_view
from adrf.views import APIView
from django.http import Http404
from django.urls import path
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from django_http_errors.exceptions import Gone

MADE: dict[str, Callable[[], Exception]] = {
    "missing": lambda: Http404("secret"),
    "gone": Gone,
    "invalid": lambda: exceptions.ValidationError({"name": ["Too long."]}),
    "denied": exceptions.PermissionDenied,
    "throttled": lambda: exceptions.Throttled(30),
    "crash": ZeroDivisionError,
}


class Raising(APIView):
    async def get(self, request: Request, name: str) -> Response:
        raise MADE[name]()


@api_view(["GET"])
async def raising(request: Request, name: str) -> Response:
    raise MADE[name]()


urlpatterns = [
    path("api/class/<str:name>/", Raising.as_view()),
    path("api/function/<str:name>/", raising),
]
