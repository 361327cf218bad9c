"""A database router, as a project with a replica has it."""

from __future__ import annotations

from typing import Any

from django.db import models


class Replica:
    """Reads from one database and writes to another."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        return "default"
