"""The addresses of the demo site."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from . import views

# Each of these is there twice, as a sync view and under /async/ as an async one.
ERRORS = (
    ("raise/<int:status>/", views.raise_status, "raise"),
    ("return/<int:status>/", views.return_status, "return"),
    ("builtin/<slug:name>/", views.raise_builtin, "builtin"),
)

login = LoginView.as_view(template_name="testproject/login.html")

urlpatterns = [
    path("", views.index, name="index"),
    *(path(route, view, name=name) for route, view, name in ERRORS),
    *(
        path(f"async/{route}", views.asynchronous(view), name=f"async-{name}")
        for route, view, name in ERRORS
    ),
    path("django/<int:status>/", views.django_alone, name="django"),
    path("try/message/", views.edit_message, name="edit-message"),
    path("try/address/", views.try_address, name="try-address"),
    path("try/deletion/", views.delete_document, name="delete-document"),
    path("negotiated/", views.NegotiatedView.as_view(), name="negotiated"),
    path("form/", views.form, name="form"),
    path("own-body/<int:status>/", views.own_body, name="own-body"),
    path("stream/<int:status>/", views.stream, name="stream"),
    path("documents/<int:pk>/", views.document, name="document"),
    path("plain-documents/<int:pk>/", views.plain_document, name="plain-document"),
    path("vault/secret/", views.vault, name="vault"),
    path("checked-out/", views.checked_out, name="checked-out"),
    path("problems/", include("django_http_errors.problem_types")),
    path("accounts/login/", login, name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

if apps.is_installed("rest_framework"):
    urlpatterns.append(path("api/", include("testproject.api")))
