"""A problem as a response of REST framework's, written by the view's own renderer."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from ..core import pipeline
from ..core.request_info import RequestInfo
from ..http import negotiation
from ..http.csp import csp_nonce
from ..http.renderers import (
    ProblemJSONRenderer,
    RendererEntry,
    RenderInput,
    has_looked_at_visitor,
    page_context,
    render_prepared,
    renderers,
)
from ..http.responses import UnfinishedError
from ..problems import Problem
from .renderers import ProblemJSONRenderer as APIProblemJSONRenderer

logger = logging.getLogger("django_http_errors")

PROBLEM_JSON, JSON, HTML = "application/problem+json", "application/json", "text/html"


class APIErrorResponse(UnfinishedError, Response):
    """A problem that the view's own renderer writes.

    It is finished when REST framework renders it, or by the middleware that is still to see it;
    `data` are the members. What a handler of the project's changes in them stays changed.

    serializer: the one that refused the content, if any: the browsable API shows its form again
    raised: the exception that the problem stands for
    """

    renderer_context: dict[str, Any]

    def __init__(
        self, problem: Problem, serializer: Any = None, raised: BaseException | None = None
    ) -> None:
        self.own_problem = problem
        self._data: dict[str, Any] | None = None
        self._serializer = serializer
        super().__init__(None, problem.status)
        self.raised = raised

    @property
    def data(self) -> Any:
        """The members of the problem, made when they are asked for."""
        if self._data is None:
            self._data = self._members(self.problem)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if value is not None:  # REST framework's own __init__ has none to give.
            self._data = value

    def _members(self, problem: Problem) -> dict[str, Any]:
        members = problem.as_dict()
        if self._serializer is not None:
            return ReturnDict(members, serializer=self._serializer)
        return members

    @property
    def rendered_content(self) -> Any:
        request: HttpRequest = self.renderer_context["request"]._request
        if self.is_finished:
            return self.content
        if RequestInfo.of(request).has_middleware:
            return b""
        pipeline.finish(request, self)
        return self.content

    def own_renderer(self) -> RendererEntry:
        """Return what renders by the view's own renderer, and by the app's when that fails."""
        return RendererEntry(PROBLEM_JSON, PROBLEM_JSON, (self._by_the_view, self._by_the_app))

    def _by_the_view(self, given: RenderInput) -> bytes | None:
        if given.problem.allow is not None:
            # The view has put its own list there, as it does on all of its responses.
            self.headers.pop("Allow", None)
        renderer = self.accepted_renderer
        if _writes_plain_json(renderer) and ";" not in self.accepted_media_type:
            # A client that asks for plain JSON alone gets the same members as that.
            given.content_type = _json_type(renderer, given.request)
            if self._data is None:
                return render_prepared(ProblemJSONRenderer, given)
            self.content_type = given.content_type
        problem = given.complete_problem()
        self._data = {**self._members(problem), **self._changes()}
        if self._serializer is not None:
            self._data = ReturnDict(self._data, serializer=self._serializer)
        if isinstance(renderer, TemplateHTMLRenderer):
            if not self._has_page(renderer):
                return None
            self._data = {**page_context(problem, csp_nonce(given.request)), **self._data}
        body = super().rendered_content or b""
        given.content_type = self.headers.get("Content-Type", "")
        # The browsable API greets the user.
        given.is_personal = has_looked_at_visitor(given.request)
        return body

    def _changes(self) -> dict[str, Any]:
        """Return the members that a handler of the project's has added or changed."""
        if self._data is None:
            return {}
        made = self.own_problem.as_dict()
        return {
            name: value
            for name, value in self._data.items()
            if name not in made or made[name] != value
        }

    def _has_page(self, renderer: TemplateHTMLRenderer) -> bool:
        """Return whether `renderer` has more to say than "404 Not Found"."""
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

    def _by_the_app(self, given: RenderInput) -> bytes:
        """Return the problem as the client prefers it, whatever the view can write."""
        entries = renderers()
        default = PROBLEM_JSON
        if isinstance(getattr(self, "accepted_renderer", None), TemplateHTMLRenderer):
            default = HTML
        accept = given.request.META.get("HTTP_ACCEPT")
        chosen = negotiation.best(accept, tuple(entries), default) or default
        entry = entries.get(chosen) or next(iter(entries.values()))
        body, given.content_type = pipeline.render(entry, given)
        return body


def _writes_plain_json(renderer: Any) -> bool:
    """Return whether `renderer` is REST framework's own for JSON, or the app's, as they come."""
    return type(renderer) in (JSONRenderer, APIProblemJSONRenderer) and not renderer.ensure_ascii


def _json_type(renderer: Any, request: HttpRequest) -> str:
    if type(renderer) is APIProblemJSONRenderer:
        return PROBLEM_JSON
    return negotiation.best(request.META.get("HTTP_ACCEPT"), (PROBLEM_JSON, JSON)) or PROBLEM_JSON
