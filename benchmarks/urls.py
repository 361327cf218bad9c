"""The addresses of all stacks; this URLconf leaves the errors to Django."""

from django.apps import apps
from django.contrib import admin
from django.urls import path

from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("page/", views.page),
    path("async/page/", views.async_page),
    path("denied/", views.denied),
]

if apps.is_installed("rest_framework"):
    from . import api

    urlpatterns += [path("api/missing/", api.missing), path("api/orders/", api.orders)]
