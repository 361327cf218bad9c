"""A renderer for APIs whose clients ask for ``application/problem+json`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


class ProblemJSONRenderer(JSONRenderer):
    """Lets a client in that accepts problem details only (RFC 9457).

    Only errors are problem details: an answer that is none is labelled as the JSON it is.
    """

    media_type = "application/problem+json"
    format = "problem"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code < 400:
            response["Content-Type"] = "application/json"
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered
