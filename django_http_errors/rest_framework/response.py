"""A problem as a response of REST framework's, written by the view's own renderer."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from typing import Any

from django.http import HttpRequest
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from ..core import pipeline
from ..core.languages import language_of
from ..core.request_info import RequestInfo
from ..core.statuses import with_status
from ..http import negotiation, prepared
from ..http.csp import lazy_csp_nonce
from ..http.headers import (
    HEADERS,
    headers_for,
    names_of_required,
    put,
    set_headers,
)
from ..http.renderers import (
    ProblemJSONRenderer,
    RenderInput,
    has_looked_at_visitor,
    noting_cookies,
    page_context,
    way_on_context,
)
from ..http.representations import RendererEntry, renderers
from ..http.responses import UnfinishedError
from ..problems import Problem
from ..rules.snapshot import Snapshot
from . import json_api
from .renderers import ProblemJSONRenderer as APIProblemJSONRenderer

logger = logging.getLogger("django_http_errors")

PROBLEM_JSON, JSON, HTML = "application/problem+json", "application/json", "text/html"


class APIErrorResponse(UnfinishedError, Response):
    """A problem that the view's own renderer writes.

    It is finished when REST framework renders it, or by the middleware that is still to see it;
    `data` are the members, as they are sent. What a handler of the project's changes in them stays
    changed, and so does a status that it sets.

    serializer: the one that refused the content, if any: the browsable API shows its form again
    raised: the exception that the problem stands for
    request: REST framework's, or Django's; without it, `data` have nothing of the request before
        the response is finished
    snapshot: what `data` go by until then: a handler around the app's can't ask the database
    """

    renderer_context: dict[str, Any]

    def __init__(
        self,
        problem: Problem,
        serializer: Any = None,
        raised: BaseException | None = None,
        request: Any = None,
    ) -> None:
        self.own_problem = problem
        self._serializer = serializer
        self._asked_by = request
        self.snapshot: Snapshot | None = None
        super().__init__(None, problem.status)
        self.raised = raised
        self._code = getattr(getattr(raised, "detail", None), "code", None)
        # Nobody has asked for the data, or set them: most projects do neither.
        self._members: dict[str, Any] | None = None
        self._is_data_set = False
        # REST framework has these before it renders, and handlers around the app's look at them.
        for name in names_of_required(problem):
            if name in ("Retry-After", "WWW-Authenticate"):
                value = HEADERS[name](problem, "")
                if value is not None:
                    put(self.headers, name, value)

    @property
    def data(self) -> Any:
        """The members of the problem that is sent, made when they are asked for."""
        if self._is_data_set:
            return self._data
        if self._members is None:
            problem = self.problem if self.is_finished else self._preview()
            self._members, self._of_problem = self._new_members(problem), problem
        return self._members

    @data.setter
    def data(self, value: Any) -> None:
        self._data = value
        self._is_data_set = True

    def _preview(self) -> Problem:
        """Return what would be sent if this were finished now.

        It is found out again when it is: until then a handler of the project's may change the
        status, and what stands behind the middleware may have a page for the address.
        """
        self._take_status()
        if self._asked_by is None:
            return self.own_problem
        request: HttpRequest = getattr(self._asked_by, "_request", self._asked_by)
        accepted = getattr(self._asked_by, "accepted_renderer", None)
        media_type = getattr(accepted, "media_type", JSON)
        nothing = RendererEntry(media_type, media_type, (lambda given: b"",))
        info = copy(RequestInfo.of(request))
        info.snapshot, info.is_rehearsal = self.snapshot or info.snapshot, True
        try:
            info.language, override = language_of(request)
            with override or nullcontext():
                given, *_rest = pipeline.rendered(self.own_problem, request, self, info, nothing)
            return given.complete_problem()
        except Exception:
            logger.exception("What will be sent could not be found out")
            return self.own_problem

    def _take_status(self) -> None:
        """Let the problem have the status that a handler of the project's has set."""
        if self.status_code in range(400, 600) and self.status_code != self.own_problem.status:
            self.own_problem = with_status(self.own_problem, self.status_code)

    def _new_members(self, problem: Problem) -> dict[str, Any]:
        members = problem.as_dict()
        if self._code is not None:
            # The text as REST framework has it: it knows its code.
            members["detail"] = ErrorDetail(str(members["detail"]), self._code)
        if self._serializer is not None:
            return ReturnDict(members, serializer=self._serializer)
        return members

    @property
    def rendered_content(self) -> Any:
        request: HttpRequest = self.renderer_context["request"]._request
        if self.is_finished:
            return self.content
        if self.status_code not in range(400, 600):
            # A handler of the project's has made an answer of another kind of it.
            self.is_finished = True
            return super().rendered_content
        self._take_status()
        info = RequestInfo.of(request)
        if info.has_middleware:
            return b""
        pipeline.finish(request, self, info)
        return self.content

    def own_renderer(self) -> RendererEntry:
        """Return what renders by the view's own renderer, and by the app's when that fails."""
        media_type = self.accepted_renderer.media_type
        return RendererEntry(media_type, media_type, (self._by_the_view, self._by_the_app))

    def _by_the_view(self, given: RenderInput) -> bytes | None:
        problem, renderer = given.problem, self.accepted_renderer
        # A rule may have changed it, and what renders may look for a template by it.
        self.status_code = problem.status
        if problem.status == 405:
            # The view has put its own list there, as it does on all of its responses.
            self.headers["Allow"] = ", ".join(problem.allow or ())
        if renderer.media_type in (JSON, PROBLEM_JSON) and self.content_type is None:
            # A client that asks for plain JSON alone gets the same members as that.
            given.content_type = _json_type(renderer, given.request)
        if given.content_type and not self._is_known and self._is_plain_json:
            return prepared.render(ProblemJSONRenderer, given)
        self.content_type = given.content_type or self.content_type
        problem = given.complete_problem()
        self._bring_up_to_date(problem)
        if self._members is not None and not self._is_data_set and self._is_json_api:
            self.data = json_api.error_objects(self._members, self._serializer)
        if isinstance(renderer, TemplateHTMLRenderer):
            if not self._has_page(renderer):
                return None
            if isinstance(self.data, Mapping):
                self.data = {
                    **page_context(problem, lazy_csp_nonce(given.request)),
                    **way_on_context(problem, given.way_on),
                    **self.data,
                }
        elif isinstance(renderer, BrowsableAPIRenderer):
            # Its page shows them.
            meta = given.request.META
            made = headers_for(problem, HTML, meta)
            set_headers(self, problem, made, meta)
        with self._plain_detail(), noting_cookies(given.request):
            body: bytes | None = super().rendered_content
            # The browsable API greets the user.
            given.is_personal = given.is_personal or has_looked_at_visitor(given.request)
        given.content_type = self.headers.get("Content-Type", renderer.media_type)
        if given.content_type == PROBLEM_JSON and not _is_problem(body, problem.status):
            # A renderer, or a handler around the app's, has put it into a format of its own.
            given.content_type = JSON
        return body

    @property
    def _is_known(self) -> bool:
        """Return whether a handler of the project's has seen the members, or set other data."""
        return self._is_data_set or self._members is not None

    @property
    def _is_plain_json(self) -> bool:
        """Return whether the view writes JSON by REST framework's own renderer, as that comes."""
        renderer = self.accepted_renderer
        return (
            isinstance(renderer, JSONRenderer)
            and type(renderer) in (JSONRenderer, APIProblemJSONRenderer)
            and not renderer.ensure_ascii
            and "indent" not in self.accepted_media_type
        )

    @property
    def _is_json_api(self) -> bool:
        """Return whether the view writes JSON:API, or shows it in the browsable API."""
        renderer: Any = self.accepted_renderer
        if isinstance(renderer, BrowsableAPIRenderer):
            renderer = renderer.get_default_renderer(self.renderer_context["view"])
        return getattr(renderer, "media_type", None) == json_api.MEDIA_TYPE

    def _bring_up_to_date(self, problem: Problem) -> None:
        """Let the members be those of `problem`, but for what a handler of the project's changed.

        That may have put them into something else of its own: they stay the same dict.
        """
        if self._members is None:
            if not self._is_data_set:
                self._members = self._new_members(problem)
            return
        sent = self._new_members(problem)
        for name, value in self._of_problem.as_dict().items():
            if name in self._members and self._members[name] == value:
                del self._members[name]
            else:
                sent.pop(name, None)
        changed = dict(self._members)
        self._members.clear()
        self._members.update({**sent, **changed})

    @contextmanager
    def _plain_detail(self) -> Iterator[None]:
        """Let what renders see a plain text: not all formats take one that knows its code."""
        members = self._members
        detail = members.get("detail") if members is not None else None
        if members is None or not isinstance(detail, ErrorDetail):
            yield
            return
        members["detail"] = str(detail)
        try:
            yield
        finally:
            members["detail"] = detail

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
        given.content_type, given.is_personal = "", False
        renderer = app_renderer(given.request, self.accepted_renderer)
        body, given.content_type = pipeline.render(renderer, given)
        return body


def app_renderer(request: Any, accepted: object) -> RendererEntry:
    """Return what of the app's renders an error of a view for the client, JSON if it may choose.

    request: Django's or REST framework's
    accepted: the view's own renderer for `request`, None if it hasn't been chosen
    """
    entries = renderers()
    default = HTML if isinstance(accepted, TemplateHTMLRenderer) else PROBLEM_JSON
    accept = request.META.get("HTTP_ACCEPT", "")
    return entries[negotiation.nearest(accept, tuple(entries), default)]


def _json_type(renderer: Any, request: HttpRequest) -> str:
    if type(renderer) is APIProblemJSONRenderer:
        return PROBLEM_JSON
    return negotiation.best(request.META.get("HTTP_ACCEPT"), (PROBLEM_JSON, JSON)) or PROBLEM_JSON


def _is_problem(body: object, status: int) -> bool:
    """Return whether `body` is problem details, rather than an envelope around them."""
    try:
        members = json.loads(body)  # type: ignore[arg-type] # what it can't read, it refuses
    except (TypeError, ValueError, RecursionError):
        return False
    return (
        isinstance(members, dict)
        and members.get("status") == status
        and ("title" in members or "type" in members)
    )
