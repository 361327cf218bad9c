"""The hosts of a site with django-hosts: this module is its host conf, and a URLconf."""

from django.http import HttpResponse
from django.urls import path
from django_hosts import host, patterns

host_patterns = patterns(
    "",
    host(r"testserver", "tests.neighbours.urls", name="www"),
    host(r"other\.example\.com", "tests.neighbours.sites.hosts_site", name="other"),
)

urlpatterns = [path("only-here/", lambda request: HttpResponse("here"))]
