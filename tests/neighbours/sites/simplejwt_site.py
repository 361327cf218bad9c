"""An API with JSON Web Tokens."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView


class Fine(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [
    path("api/fine/", Fine.as_view()),
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/refresh/", TokenRefreshView.as_view()),
]
