"""What the project's templates are given."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from .middleware import context_variable, thread

# One more for each template that was rendered for a request.
renderings: list[str] = []


def visits(request: HttpRequest) -> dict[str, Any]:
    """Count the pages that a visitor has seen, in the session."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return {"visits": request.session["visits"]}


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Give what middleware around the view has left for everything inside of it."""
    renderings.append(request.path)
    return {
        "of_thread": getattr(thread, "value", None),
        "of_context": context_variable.get(),
        "colour": request.colour() if hasattr(request, "colour") else None,
    }


def crum_user(request: HttpRequest) -> dict[str, Any]:
    import crum

    return {"crum_user": crum.get_current_user()}
