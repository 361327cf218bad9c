"""A renderer for APIs whose clients ask for ``application/problem+json`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer

from ..http.spelling import spelled


class ProblemJSONRenderer(JSONRenderer):
    """Lets a client in that accepts problem details only (RFC 9457).

    Only problems are problem details: any other answer is labelled as the JSON it is.
    """

    media_type = "application/problem+json"
    format = "problem"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response: Any = (renderer_context or {}).get("response")
        # The browsable API asks for a part of its page: there the label isn't this renderer's.
        if getattr(response, "accepted_renderer", None) is self and response.content_type is None:
            is_problem = hasattr(response, "problem")
            response["Content-Type"] = self.media_type if is_problem else "application/json"
        rendered: bytes = super().render(spelled(data), accepted_media_type, renderer_context)
        return rendered
