"""The demo site as an app: for its model, its templates and its commands."""

from django.apps import AppConfig


class TestprojectConfig(AppConfig):
    """The demo site."""

    name = "testproject"
    verbose_name = "Demo site"

    def ready(self) -> None:
        # Models can be loaded only now.
        from django_http_errors.tombstones import leave_tombstone  # noqa: PLC0415

        from .models import Document  # noqa: PLC0415

        # What the public could see and is deleted answers 410 from then on.
        leave_tombstone(Document, when=lambda document: document.public)
