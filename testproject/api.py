"""The API, made with REST framework: imported only where that is installed."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import path
from rest_framework.decorators import api_view, throttle_classes
from rest_framework.permissions import BasePermission, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from .models import Document


class DocumentSerializer(ModelSerializer[Document]):
    """A document with all of its fields."""

    class Meta:
        model = Document
        fields = ("id", "title", "body", "public")


class DocumentViewSet(ModelViewSet[Document]):
    """The documents that whoever asks may read; all others are as good as not there."""

    serializer_class = DocumentSerializer

    def get_queryset(self) -> QuerySet[Document]:
        return Document.objects.readable_by(self.request.user)


class IsReadable(BasePermission):
    """Lets in whoever may read the document."""

    def has_object_permission(self, request: Request, view: APIView, obj: Document) -> bool:
        return obj.is_readable_by(request.user)


class PlainDocumentViewSet(DocumentViewSet):
    """The same documents; that there is a private one is no secret."""

    permission_classes = (IsAuthenticatedOrReadOnly, IsReadable)

    def get_queryset(self) -> QuerySet[Document]:
        # No permission is asked for the single documents in a list: it has the readable ones.
        return super().get_queryset() if self.action == "list" else Document.objects.all()


class OncePerMinute(UserRateThrottle):
    """One request per minute for each user, and for each address of strangers."""

    rate = "1/min"


@api_view(["GET"])
@throttle_classes([OncePerMinute])
def throttled(request: Request) -> Response:
    """Answer once in a minute."""
    return Response({"message": "Ask again within a minute, and see."})


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
]
