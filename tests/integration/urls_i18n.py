"""Addresses below a language, any of which exists."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import path

urlpatterns = i18n_patterns(path("<path:any>", lambda request, any: HttpResponse(any)))
