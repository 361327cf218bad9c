"""Database routers, as projects with several databases have them."""

from __future__ import annotations

from typing import Any

from django.db import models


class Replica:
    """Reads from one database and writes to another."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        return "default"


class Elsewhere:
    """Has the app's tables, and only those, in a database of their own."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return "rules" if model._meta.app_label == "django_http_errors" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "rules") == (app_label == "django_http_errors")
