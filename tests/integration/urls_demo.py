"""The demo's addresses, and views that fail when they have left a message."""

from django.urls import path

from testproject.urls import urlpatterns as demo_patterns

from . import views

urlpatterns = [
    path("raised/<slug:name>/", views.raised),
    path("returned/<slug:name>/", views.returned),
    path("async/raised/<slug:name>/", views.asynchronous(views.raised)),
    path("async/returned/<slug:name>/", views.asynchronous(views.returned)),
    *demo_patterns,
]
