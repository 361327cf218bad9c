"""An API whose default renderer is that of a package."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Missing(APIView):
    def get(self, request: Request) -> Response:
        raise NotFound


class NameSerializer(serializers.Serializer):
    name = serializers.CharField()


class Fine(APIView):
    def get(self, request: Request) -> Response:
        return Response({"fine": 1})

    def post(self, request: Request) -> Response:
        NameSerializer(data=request.data).is_valid(raise_exception=True)
        return Response({})


urlpatterns = [
    path("api/missing/", Missing.as_view()),
    path("api/fine/", Fine.as_view()),
]

if find_spec("rest_framework_csv"):
    from rest_framework_csv.renderers import CSVStreamingRenderer

    class Streaming(APIView):
        renderer_classes = (CSVStreamingRenderer,)

        def get(self, request: Request) -> StreamingHttpResponse:
            rows: Iterator[Any] = ({"row": number} for number in range(3))
            content = CSVStreamingRenderer().render(rows)
            return StreamingHttpResponse(content, content_type="text/csv")

    urlpatterns += [
        path("api/streaming/missing/", Missing.as_view(renderer_classes=[CSVStreamingRenderer])),
        path("api/streaming/", Streaming.as_view()),
    ]
