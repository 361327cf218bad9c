"""A new Wagtail project as `wagtail start` makes it, with the app and without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..integration.project import TEMPLATES
from ..servers import ROOT

# In the place of what the project's own settings have for development and for production.
PLAIN = """
from mysite.settings.base import *

DEBUG = False
SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "mysite.urls_with_views"
TEMPLATES[0]["OPTIONS"]["context_processors"].append(
    "tests.integration.context_processors.visits"
)
"""

# What the documentation says to add.
WITH_THE_APP = """
from mysite.settings.plain import *

INSTALLED_APPS += ["django_http_errors"]
MIDDLEWARE.insert(1, "django_http_errors.middleware.HidingMiddleware")
MIDDLEWARE.insert(
    MIDDLEWARE.index("wagtail.contrib.redirects.middleware.RedirectMiddleware"),
    "django_http_errors.middleware.HttpErrorsMiddleware",
)
CSRF_FAILURE_VIEW = "django_http_errors.views.csrf_failure"
HTTP_ERRORS = {"CHALLENGES": ['Session realm="mysite"']}
"""

URLS = """
from django.urls import path

from mysite.urls import urlpatterns
from tests.integration import views

urlpatterns = [
    path("form/", views.form),
    path("raised/<slug:name>/", views.raised),
    path("returned/<slug:name>/", views.returned),
    *urlpatterns,
]
"""

PAGE = """{% extends "base.html" %}

{% block title %}Page not found{% endblock %}

{% block content %}{% include "visitor.html" %}{% endblock %}
"""

ROWS = """
import django

django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from wagtail.contrib.redirects.models import Redirect

from django_http_errors.models import PermanenceRule

call_command("migrate", verbosity=0)
call_command("check", "--fail-level", "WARNING", "--tag", "http_errors")
get_user_model().objects.create_superuser("jane", password="jane")
Redirect.add_redirect("/old/news/", "/news/")
PermanenceRule.objects.create(pattern="/old/", kind="prefix")
"""


def make_site(directory: Path) -> None:
    """Make the project in `directory`, and its database."""
    start = "from wagtail.bin.wagtail import main; main()"
    command = [sys.executable, "-c", start, "start", "mysite", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    package = directory / "mysite"
    for name, text in {
        "settings/plain.py": PLAIN,
        "settings/with_the_app.py": WITH_THE_APP,
        "urls_with_views.py": URLS,
        "templates/404.html": PAGE,
    }.items():
        (package / name).write_text(text)
    shutil.copy(TEMPLATES / "visitor.html", package / "templates")
    environment = site_environment(directory, "with_the_app")
    subprocess.run([sys.executable, "-c", ROWS], check=True, env=environment, cwd=directory)


def site_environment(directory: Path, settings: str) -> dict[str, str]:
    """Return the environment of the site in `directory` with one of its settings modules."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": f"mysite.settings.{settings}",
        "PYTHONPATH": os.pathsep.join((str(directory), str(ROOT))),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }
