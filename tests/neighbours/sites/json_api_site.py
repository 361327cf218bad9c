"""An API after JSON:API, by the app's handler, and a view that keeps the package's."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework_json_api import serializers
from rest_framework_json_api.exceptions import exception_handler
from rest_framework_json_api.filters import OrderingFilter
from rest_framework_json_api.pagination import JsonApiPageNumberPagination
from rest_framework_json_api.relations import ResourceRelatedField
from rest_framework_json_api.views import ModelViewSet

from django_http_errors.exceptions import Conflict


class UserSerializer(serializers.ModelSerializer):
    groups = ResourceRelatedField(queryset=Group.objects, many=True, required=False)

    class Meta:
        model = User
        fields = ("username", "first_name", "groups")


class Pages(JsonApiPageNumberPagination):
    page_size = 2


class UserViewSet(ModelViewSet):
    queryset = User.objects.order_by("pk")
    serializer_class = UserSerializer
    pagination_class = Pages
    filter_backends = (OrderingFilter,)
    ordering_fields = ("username",)


class KeptViewSet(UserViewSet):
    def get_exception_handler(self) -> Any:
        return exception_handler


class Clash(Conflict):
    type = "https://example.com/clash"
    title = "A clash"
    code = "clash"


class Raising(APIView):
    make: Any = None

    def get(self, request: Request) -> Response:
        raise self.make()


router = SimpleRouter()
router.register("users", UserViewSet, basename="user")
router.register("kept", KeptViewSet, basename="kept")

urlpatterns = [
    path("api/", include(router.urls)),
    path("api/own-type/", Raising.as_view(make=Clash)),
    path("api/crash/", Raising.as_view(make=ZeroDivisionError)),
]
