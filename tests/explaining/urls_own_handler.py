"""A site that answers its 404s itself."""

from django.http import HttpRequest, HttpResponse


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("our own", status=404)


urlpatterns: list[object] = []
handler404 = not_found
