"""An API with a document."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from django_http_errors.exceptions import Conflict


class SoldOut(Conflict):
    """There are none left."""

    type = "https://example.com/sold-out"
    title = "Sold out"


class OrderSerializer(serializers.Serializer):
    name = serializers.CharField()


class Orders(GenericAPIView):
    serializer_class = OrderSerializer
    parser_classes = (JSONParser,)

    @extend_schema(responses={201: OrderSerializer, 409: SoldOut})
    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        raise SoldOut


urlpatterns = [
    path("api/orders/", Orders.as_view()),
    path("api/schema/", SpectacularAPIView.as_view()),
]
