"""The demo site as an app: for its model, its templates and its commands."""

from django.apps import AppConfig


class TestprojectConfig(AppConfig):
    """The demo site."""

    name = "testproject"
    verbose_name = "Demo site"
