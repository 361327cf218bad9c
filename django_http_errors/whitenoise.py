"""For WhiteNoise: its middleware, whose own 405 and 416 have a body by the app."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise import middleware

from .core import pipeline


class WhiteNoiseMiddleware(middleware.WhiteNoiseMiddleware):
    """WhiteNoise's middleware, in its place: it answers before all others, the app's included."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> Any:
        response = middleware.WhiteNoiseMiddleware.serve(static_file, request)
        if response.status_code < 400:
            return response
        bare = HttpResponse(status=response.status_code, headers=dict(response.items()))
        response.close()
        return pipeline.complete(request, bare)
