"""A view of REST framework's, by the settings of the site."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Resource(APIView):
    def get(self, request: Request) -> Response:
        return Response({"fine": True})


urlpatterns = [path("api/", Resource.as_view())]
