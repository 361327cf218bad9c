"""The addresses of the project."""

from importlib.util import find_spec

from django.urls import path

from . import views

urlpatterns = [
    path("form/", views.form),
    path("ordinary/", views.ordinary),
    path("raised/<slug:name>/", views.raised),
    path("returned/<slug:name>/", views.returned),
    path("async/raised/<slug:name>/", views.asynchronous(views.raised)),
    path("async/returned/<slug:name>/", views.asynchronous(views.returned)),
]

if find_spec("rest_framework") is not None:
    from .api import urlpatterns as api_patterns

    urlpatterns += api_patterns
