"""Views of REST framework's that fail."""

from __future__ import annotations

from django.urls import path
from rest_framework.exceptions import NotFound
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_http_errors.exceptions import Gone


class Missing(APIView):
    def get(self, request: Request) -> Response:
        raise NotFound


class Removed(APIView):
    renderer_classes = [BrowsableAPIRenderer, JSONRenderer]

    def get(self, request: Request) -> Response:
        raise Gone


urlpatterns = [path("api/missing/", Missing.as_view()), path("api/removed/", Removed.as_view())]
