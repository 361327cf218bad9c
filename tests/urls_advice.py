"""A site with views for rules to be warned of."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path


def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("shop/", view, name="shop"),
    path("shop/<int:pk>/", view, name="item"),
    path("news/", include([path("<int:year>/", view), re_path(r"^feed$", view)])),
    path("many/", include([path(f"{number}/", view) for number in range(1, 6)])),
    re_path(r"^wiki/(?P<page>.+)$", view, name="wiki"),
]
