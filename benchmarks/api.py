"""REST framework's errors; imported only where it is installed."""

from __future__ import annotations

from django.http import Http404
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response


class LineSerializer(serializers.Serializer):
    """What is ordered, and how much of it."""

    product = serializers.SlugField()
    quantity = serializers.IntegerField(min_value=1)


class AddressSerializer(serializers.Serializer):
    """Where it goes to."""

    street = serializers.CharField()
    city = serializers.CharField(max_length=20)
    email = serializers.EmailField()


class OrderSerializer(serializers.Serializer):
    """An order, nested as orders are."""

    address = AddressSerializer()
    lines = LineSerializer(many=True)
    wanted_on = serializers.DateField()


@api_view()
def missing(request: Request) -> Response:
    """Find nothing."""
    raise Http404


@api_view(["POST"])
def orders(request: Request) -> Response:
    """Take an order."""
    serializer = OrderSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return Response(serializer.data, 201)
