"""From REST framework's exceptions to the road, and back into the view's own renderer."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import set_rollback

from .. import catalogue, negotiation, pipeline, renderers, responses
from ..exceptions import HttpError, problem_for, registered_status
from ..problems import Permanence, Problem, Representation
from .errors import invalid_parts

logger = logging.getLogger("django_http_errors")

PROBLEM_JSON, JSON = "application/problem+json", "application/json"

_INVALID = _("Parts of what was sent can not be accepted. Correct them and send it again.")


class APIProblemResponse(Response):
    """A problem that the view's own renderer writes."""

    def __init__(self, problem: Problem, request: HttpRequest) -> None:
        super().__init__(problem.as_dict(), status=problem.status)
        self.problem = problem
        self.accept = request.META.get("HTTP_ACCEPT")

    @property
    def rendered_content(self) -> Any:
        try:
            if self.accepted_renderer.media_type == JSON:
                # A client that asks for plain JSON alone gets the same members as that.
                wanted = negotiation.best(self.accept, (PROBLEM_JSON, JSON))
                self.content_type = wanted or PROBLEM_JSON
            return super().rendered_content
        except Exception:
            logger.exception("The view's renderer failed for status %d", self.status_code)
            self["Content-Type"] = PROBLEM_JSON
            try:
                return renderers.json_bytes(self.problem.as_dict())
            except Exception:
                logger.exception("The members of a problem can't be written as JSON")
                return responses.last_resort(self.status_code, PROBLEM_JSON)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what was raised in a view of REST framework; for ``EXCEPTION_HANDLER``.

    exc: any exception
    context: as REST framework gives it, with "view" and "request"

    None for an unknown exception: REST framework then raises it again, Django signals and logs
    it, and `handler500` answers.
    """
    try:
        problem = _problem(exc, context)
    except Exception:
        logger.exception("What %r stands for could not be read", type(exc))
        problem = catalogue.entry(getattr(exc, "status_code", 500)).problem()
    if problem is None:
        return None
    set_rollback()
    request: HttpRequest = context["request"]._request
    with pipeline.language_of(request) as language:
        problem = pipeline.settle(request, problem)
        response = APIProblemResponse(problem, request)
        response.headers["Content-Language"] = language
        responses.set_fields(response, problem, request, pipeline.vary())
    return response


def _problem(exc: Exception, context: dict[str, Any]) -> Problem | None:
    if isinstance(exc, exceptions.APIException) and 400 <= exc.status_code <= 599:
        return _api_problem(exc, context)
    if isinstance(exc, (HttpError, Http404, PermissionDenied)):
        return problem_for(exc)
    if (registered_status(exc) or 500) < 500:
        return problem_for(exc)
    return None


def _api_problem(exc: exceptions.APIException, context: dict[str, Any]) -> Problem:
    view, request = context["view"], context["request"]
    members: dict[str, Any] = {}
    if isinstance(exc.detail, (dict, list)):
        members["errors"] = invalid_parts(exc.detail)
        members["detail"] = _INVALID
    elif not _says_the_default(exc):
        members["detail"] = str(exc.detail)
    if isinstance(exc, exceptions.MethodNotAllowed):
        members["allow"] = tuple(view.allowed_methods)
    elif isinstance(exc, exceptions.NotAcceptable):
        members["available"] = _available(view, request)
    elif isinstance(exc, exceptions.UnsupportedMediaType):
        members["accept"] = tuple(parser.media_type for parser in view.get_parsers())
    wait = getattr(exc, "wait", None)
    if wait is not None:
        members["retry_after"] = int(wait)
        members["permanence"] = Permanence.TEMPORARY
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        members["challenges"] = (challenge,)
    return catalogue.entry(exc.status_code).problem(**members)


def _says_the_default(exc: exceptions.APIException) -> bool:
    """Tell whether `exc` has only the framework's own words, which the catalogue says better."""
    if not type(exc).__module__.startswith("rest_framework."):
        return False
    default = re.sub(r"\\\{\w+\\\}", ".*", re.escape(str(type(exc).default_detail)))
    return re.match(default, str(exc.detail), re.DOTALL) is not None


def _available(view: Any, request: Any) -> tuple[Representation, ...]:
    """Return the representations that the view's renderers make, and where to get each."""
    here, parameter = request.get_full_path(), api_settings.URL_FORMAT_OVERRIDE
    return tuple(
        Representation(
            renderer.media_type,
            replace_query_param(here, parameter, renderer.format) if parameter else here,
        )
        for renderer in view.get_renderers()
    )
