"""A Problem as a response of REST framework's, written by the view's own renderer."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from .. import negotiation, pipeline, renderers
from ..problems import Problem

logger = logging.getLogger("django_http_errors")

PROBLEM_JSON, JSON, HTML = "application/problem+json", "application/json", "text/html"


class APIProblemResponse(Response):
    """A problem that the view's own renderer writes.

    serializer: the one that refused the content, if any: the browsable API shows its form again
    cause: the exception that the problem stands for
    """

    renderer_context: dict[str, Any]

    def __init__(
        self, problem: Problem, serializer: Any = None, cause: BaseException | None = None
    ) -> None:
        members = problem.as_dict()
        if serializer is not None:
            members = ReturnDict(members, serializer=serializer)
        super().__init__(members, problem.status)
        self.problem = problem
        self.cause = cause

    @property
    def rendered_content(self) -> Any:
        if self.problem.allow is not None:
            # By now the view has put its own list there, as it does on all of its responses.
            self["Allow"] = ", ".join(self.problem.allow)
        request: HttpRequest = self.renderer_context["request"]._request
        try:
            content = self._by_the_view(request)
        except Exception:
            logger.exception("The view's renderer failed for status %d", self.status_code)
            content = self._by_the_app(request, PROBLEM_JSON)
        self["Content-Length"] = str(len(content))
        return content

    def _by_the_view(self, request: HttpRequest) -> Any:
        renderer = self.accepted_renderer
        if renderer.media_type == JSON:
            # A client that asks for plain JSON alone gets the same members as that.
            wanted = negotiation.best(request.META.get("HTTP_ACCEPT"), (PROBLEM_JSON, JSON))
            self.content_type = wanted or PROBLEM_JSON
        elif isinstance(renderer, TemplateHTMLRenderer):
            if not self._has_page(renderer):
                return self._by_the_app(request, HTML)
            page = renderers.page_context(self.problem, renderers.csp_nonce(request))
            self.data = {**page, **self.data}
        return super().rendered_content or b""

    def _has_page(self, renderer: TemplateHTMLRenderer) -> bool:
        """Tell whether `renderer` has more to say than "404 Not Found"."""
        try:
            renderer.resolve_template(
                [
                    name % {"status_code": self.status_code}
                    for name in renderer.exception_template_names
                ]
            )
        except (TemplateDoesNotExist, TemplateSyntaxError):
            return False
        return True

    def _by_the_app(self, request: HttpRequest, preset: str) -> bytes:
        """Return the problem in the form that the client prefers, whatever the view can write."""
        forms = renderers.forms()
        chosen = negotiation.best(request.META.get("HTTP_ACCEPT"), tuple(forms), preset) or preset
        form = forms.get(chosen) or next(iter(forms.values()))
        body, content_type = pipeline.write(self.problem, request, pipeline.no_context, form)
        self["Content-Type"] = content_type
        return body
