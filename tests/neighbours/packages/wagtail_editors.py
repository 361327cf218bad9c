"""Wagtail: editors who aren't staff have messages and rules in its admin."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ..recipes import Asker, neighbour

SETTINGS = """
from mysite.settings.with_the_app import *

INSTALLED_APPS += ["django_http_errors.wagtail", "wagtail.api.v2", "rest_framework"]
ROOT_URLCONF = "mysite.urls_with_api"
ALLOWED_HOSTS = ["*"]
REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_http_errors.rest_framework.exception_handler"}
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
"""

URLS = """
from django.urls import path
from mysite.urls_with_views import urlpatterns as others
from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.api.v2.views import PagesAPIViewSet

api = WagtailAPIRouter("api")
api.register_endpoint("pages", PagesAPIViewSet)
urlpatterns = [path("api/", api.urls), *others]
"""


@neighbour("wagtail", "wagtail", modes=["sync"])
def wagtail(ask: Asker) -> None:
    """In a project as `wagtail start` makes it: in a process of its own, like all of these."""
    from ..wagtail_site import make_site, site_environment

    with tempfile.TemporaryDirectory() as directory:
        site = Path(directory)
        make_site(site)
        (site / "mysite" / "settings" / "for_editors.py").write_text(SETTINGS)
        (site / "mysite" / "urls_with_api.py").write_text(URLS)
        subprocess.run(
            [sys.executable, "-m", "tests.neighbours.sites.wagtail_site"],
            cwd=directory,
            check=True,
            env={**site_environment(site, "for_editors"), "HOME": os.environ.get("HOME", "/")},
        )
