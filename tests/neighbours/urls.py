"""The URLconf of the site beside a package: errors of every kind, and what the package needs."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from django_http_errors.exceptions import Gone

from .run import current


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def crash(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("secret")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("secret")


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("secret")


def gone(request: HttpRequest) -> HttpResponse:
    raise Gone


def bare(request: HttpRequest, status: int) -> HttpResponse:
    return HttpResponse(status=status)


# django-allauth and others look for it.
handler429 = "django_http_errors.handlers.handler429"

urlpatterns = [
    *current().urls(),
    path("", home),
    path("crash/", crash),
    path("missing/", missing),
    path("denied/", denied),
    path("gone/", gone),
    path("bare/<int:status>/", bare),
]
