"""An API in camel case."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class AddressSerializer(serializers.Serializer):
    postal_code = serializers.CharField()


class LineSerializer(serializers.Serializer):
    unit_price = serializers.IntegerField()


class OrderSerializer(serializers.Serializer):
    shipping_address = AddressSerializer()
    order_lines = LineSerializer(many=True)
    as_is = serializers.DictField(child=serializers.IntegerField(), required=False)


class SearchSerializer(serializers.Serializer):
    page_size = serializers.IntegerField()


class Validating(APIView):
    serializer_class: Any = None

    def post(self, request: Request) -> Response:
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class Search(APIView):
    def get(self, request: Request) -> Response:
        SearchSerializer(data=request.query_params).is_valid(raise_exception=True)
        return Response({})


class Raising(APIView):
    make: Any = None

    def get(self, request: Request) -> Response:
        raise self.make()


class Fine(APIView):
    def get(self, request: Request) -> Response:
        return Response({"is_fine": True})


def plain(request: HttpRequest) -> HttpResponse:
    raise Throttled(30)


urlpatterns = [
    path("api/orders/", Validating.as_view(serializer_class=OrderSerializer)),
    path("api/codes/", Validating.as_view(serializer_class=AddressSerializer)),
    path("api/search/", Search.as_view()),
    path("api/throttled/", Raising.as_view(make=lambda: Throttled(30))),
    path("api/plain/throttled/", plain),
    path("api/crash/", Raising.as_view(make=ZeroDivisionError)),
    path("api/fine/", Fine.as_view()),
]
