"""The addresses of another site, without handlers of its own."""

from django.urls import path

from . import views

urlpatterns = [
    path("raised/<slug:name>/", views.raised),
    path("async/raised/<slug:name>/", views.asynchronous(views.raised)),
]
