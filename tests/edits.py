"""How many edits of messages and rules there were."""

from __future__ import annotations

from django_http_errors.models import Edit


def edits_made(using: str = "default") -> int:
    """Return how many edits are recorded, numbered or not."""
    return Edit._base_manager.using(using).count()
