"""An API whose lists are filtered."""

import django_filters
from django.contrib.auth.models import User
from django.urls import path
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.generics import ListAPIView


class Users(django_filters.FilterSet):
    since = django_filters.DateFilter(field_name="date_joined", lookup_expr="gte")
    kind = django_filters.ChoiceFilter(field_name="username", choices=[("a", "A"), ("b", "B")])
    logins = django_filters.RangeFilter(field_name="pk")

    class Meta:
        model = User
        fields = ("since", "kind", "logins")


class StrictUsers(Users):
    kind = django_filters.CharFilter(field_name="username", required=True)


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("username",)


class UserList(ListAPIView):
    queryset = User.objects.order_by("pk")
    serializer_class = UserSerializer
    filter_backends = (DjangoFilterBackend,)
    filterset_class = Users


urlpatterns = [
    path("api/users/", UserList.as_view()),
    path("api/strict/", UserList.as_view(filterset_class=StrictUsers)),
]
