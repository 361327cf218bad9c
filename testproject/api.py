"""The API, made with REST framework: imported only where that is installed."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.permissions import BasePermission, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from django_http_errors.views import HideForbiddenMixin

from .models import Document


class DocumentSerializer(ModelSerializer[Document]):
    """A document with all of its fields."""

    class Meta:
        model = Document
        fields = ("id", "title", "body", "public")


class IsReadable(BasePermission):
    """Lets in those who may read the document."""

    def has_object_permission(self, request: Request, view: APIView, obj: Document) -> bool:
        return obj.is_readable_by(request.user)


class PlainDocumentViewSet(ModelViewSet[Document]):
    """The documents; that there are private ones is no secret."""

    serializer_class = DocumentSerializer
    permission_classes = (IsAuthenticatedOrReadOnly, IsReadable)

    def get_queryset(self) -> QuerySet[Document]:
        documents = Document.objects.all()
        # No permission is asked for the single documents in a list: it has the readable ones.
        return documents.readable_by(self.request.user) if self.action == "list" else documents


class DocumentViewSet(HideForbiddenMixin, PlainDocumentViewSet):
    """The same documents; a private one can't be told from one that isn't there."""


class OncePerMinute(UserRateThrottle):
    """One request per minute for each user, and for each address of strangers."""

    rate = "1/min"


@extend_schema(responses={200: OpenApiTypes.OBJECT})
@api_view(["GET"])
@throttle_classes([OncePerMinute])
def throttled(request: Request) -> Response:
    """Answer once in a minute."""
    return Response({"message": "Ask again within a minute, and see."})


@extend_schema(responses={200: OpenApiTypes.OBJECT})
@api_view(["GET"])
def crash(request: Request) -> Response:
    """Fail in a way that nobody has thought of."""
    raise ZeroDivisionError("This text is for the log, and must not be shown to anyone.")


router = SimpleRouter()
router.register("documents", DocumentViewSet, basename="api-document")
router.register("plain-documents", PlainDocumentViewSet, basename="api-plain-document")

urlpatterns = [
    *router.urls,
    path("throttled/", throttled, name="api-throttled"),
    path("crash/", crash, name="api-crash"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
]
