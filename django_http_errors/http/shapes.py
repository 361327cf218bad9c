"""In which shape a page is wanted: as a document, or as a part of the one that is shown.

htmx puts what it gets into the page; it asks for whole pages where it follows a link that is
boosted, and where its target is the body. Turbo puts a part of a page into a frame, and shows all
of the page only if that says so. Unpoly takes from a page what it needs, the ``main`` for an error.
"""

from __future__ import annotations

from enum import StrEnum

from django.http import HttpRequest


class Shape(StrEnum):
    """What is made of an error for a client that takes HTML.

    FRAME is a document that asks to be shown outside of the frame that asked for it.
    """

    DOCUMENT = "document"
    FRAGMENT = "fragment"
    FRAME = "frame"


# The headers that the shape depends on.
FIELDS = ("HX-Request", "HX-Boosted", "HX-Request-Type", "Turbo-Frame")


def shape_of(request: HttpRequest) -> Shape:
    """Return the shape that the client wants."""
    fields = request.META
    if "HTTP_HX_REQUEST" in fields:
        is_whole = "HTTP_HX_BOOSTED" in fields or fields.get("HTTP_HX_REQUEST_TYPE") == "full"
        return Shape.DOCUMENT if is_whole else Shape.FRAGMENT
    return Shape.FRAME if "HTTP_TURBO_FRAME" in fields else Shape.DOCUMENT
