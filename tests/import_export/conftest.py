"""An admin with import and export, of its own: the app's has more to it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project

HERE = Path(__file__).parent

collect_ignore_glob = [] if importlib.util.find_spec("import_export") else ["test_*.py"]


@pytest.fixture
def admin_site(settings) -> None:
    """Serve `urls`, with django-import-export installed."""
    if "import_export" not in project.INSTALLED_APPS:
        settings.INSTALLED_APPS = [*project.INSTALLED_APPS, "import_export"]
    settings.ROOT_URLCONF = "tests.import_export.urls"


@pytest.fixture
def admin_user(django_user_model: Any) -> Any:
    """Somebody who may do everything, without the second that it takes to hash a password."""
    user = django_user_model(username="admin", is_staff=True, is_superuser=True)
    user.set_unusable_password()
    user.save()
    return user
