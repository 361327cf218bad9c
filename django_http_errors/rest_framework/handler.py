"""From REST framework's exceptions to the pipeline, and back into the view's own renderer."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, views
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param

from ..core import pipeline
from ..core.exception_mapping import is_client_error, problem_for
from ..core.request_info import RequestInfo
from ..core.statuses import error_status
from ..core.times import seconds_until
from ..problems import Permanence, Problem, Representation
from .errors import invalid_parts
from .renderers import ProblemJSONRenderer
from .response import APIErrorResponse

logger = logging.getLogger("django_http_errors")

_INVALID = _("Parts of what was sent cannot be accepted. Correct them and send it again.")


class ExceptionHandler:
    """Answers what was raised in a view of REST framework; its steps can be overridden.

    exc: any exception
    context: as REST framework gives it, with "view" and "request"
    """

    def __init__(self, exc: Exception, context: Mapping[str, Any]) -> None:
        self.exc = exc
        self.context = context

    def run(self) -> HttpResponseBase | None:
        """Return the response, None for an unknown exception.

        REST framework raises that again, Django signals and logs it, and `handler500` answers.
        """
        if not self.handles():
            return None
        exc = self.exc
        if isinstance(exc, exceptions.APIException) and exc.status_code not in range(400, 600):
            # It isn't an error, or has a status that isn't one.
            return views.exception_handler(exc, dict(self.context))
        own = self.get_response(self.get_problem())
        views.set_rollback()
        request: HttpRequest = self.context["request"]._request
        response = pipeline.hide(request, own, RequestInfo.of(request))
        # The view has yet to choose what renders its own; what hides it is rendered as anywhere.
        return own if response is own else pipeline.complete(request, response)

    def handles(self) -> bool:
        """Return whether the exception is answered here rather than by Django."""
        known = (exceptions.APIException, Http404, PermissionDenied)
        return isinstance(self.exc, known) or is_client_error(self.exc)

    def get_problem(self) -> Problem:
        """Return what the exception stands for, with the lists that only the view knows."""
        try:
            if isinstance(self.exc, exceptions.APIException):
                problem = _api_problem(self.exc)
            else:
                problem = problem_for(self.exc)
            lists = _lists(problem, self.context)
            return problem.replaced(**lists) if lists else problem
        except Exception:
            logger.exception("What %r stands for could not be read", type(self.exc))
            status = getattr(self.exc, "status_code", getattr(self.exc, "status", 500))
            return error_status(status).default_problem

    def get_response(self, problem: Problem) -> APIErrorResponse:
        """Return the response that says `problem` in the form that the view has chosen."""
        serializer = getattr(getattr(self.exc, "detail", None), "serializer", None)
        return APIErrorResponse(problem, serializer, self.exc)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponseBase | None:
    """Answer what was raised in a view of REST framework; for ``EXCEPTION_HANDLER``.

    exc: any exception
    context: as REST framework gives it, with "view" and "request"

    None for an unknown exception: REST framework then raises it again, Django signals and logs
    it, and `handler500` answers.
    """
    return ExceptionHandler(exc, context).run()


def _api_problem(exc: exceptions.APIException) -> Problem:
    members: dict[str, Any] = {}
    detail: Any = exc.detail
    if not isinstance(detail, (dict, list)):
        if not _says_the_default(exc):
            members["detail"] = str(detail)
        code = getattr(detail, "code", None)
        if code and code != exc.default_code:
            members["code"] = str(code)
    elif isinstance(detail, dict) and _is_a_body(exc, detail):
        members["extensions"] = {**detail}
        members["detail"] = str(members["extensions"].pop("detail"))
    else:
        members["errors"] = invalid_parts(detail)
        if exc.status_code == 400:
            members["detail"] = _INVALID
    wait = getattr(exc, "wait", None)
    if wait is not None:
        members["retry_after"] = seconds_until(wait)
        members["permanence"] = Permanence.TEMPORARY
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        members["challenges"] = (str(challenge),)
    return error_status(exc.status_code).problem(**members)


def _is_a_body(exc: exceptions.APIException, detail: dict[str, Any]) -> bool:
    """Return whether the detail of `exc` has members of a problem, and not errors by field.

    So it is with djangorestframework-simplejwt: "detail", "code" and more.
    """
    is_text = isinstance(detail.get("detail"), str)
    return is_text and not isinstance(exc, exceptions.ValidationError)


def _says_the_default(exc: exceptions.APIException) -> bool:
    """Return whether `exc` has only the framework's own words, which the app says better.

    It doesn't for what REST framework has given another status: a 401 that nobody may answer
    with a challenge becomes a 403, and the app's words for that wouldn't be true.
    """
    if isinstance(exc, exceptions.ParseError) and exc.__context__ is not None:
        return True  # What a parser raised is wrapped with its text, which isn't for the wire.
    if str(exc.detail).startswith("CSRF Failed: ") and not settings.DEBUG:
        return True
    kind = type(exc)
    author = next(each for each in kind.__mro__ if "default_detail" in vars(each))
    if not author.__module__.startswith("rest_framework.") or exc.status_code != kind.status_code:
        return False
    words = re.sub(r"\\\{\w+\\\}", ".*", re.escape(str(kind.default_detail)))
    if isinstance(exc, exceptions.Throttled) and getattr(exc, "wait", None) is not None:
        words += " .*"  # how long to wait
    return re.fullmatch(words, str(exc.detail), re.DOTALL) is not None


def _lists(problem: Problem, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `problem` that it lacks and the view can give."""
    view = context["view"]
    if problem.status == 405 and problem.allow is None:
        return {"allow": tuple(view.allowed_methods)}
    if problem.status == 406 and not problem.available:
        return {"available": tuple(_available(view, context["request"]))}
    if problem.status == 415 and not (problem.accept or problem.accept_encoding):
        return {"accept": tuple(parser.media_type for parser in view.get_parsers())}
    return {}


def _available(view: Any, request: Any) -> Iterator[Representation]:
    """Yield the representations that the view's renderers make, and where to get each."""
    here = escape_leading_slashes(request.get_full_path())
    if len(here) > pipeline.LONGEST_INSTANCE:
        here = ""  # Relative to the address that was asked for, and without its query string.
    parameter = api_settings.URL_FORMAT_OVERRIDE
    in_path = getattr(view, "format_kwarg", None)
    for renderer in view.get_renderers():
        if isinstance(renderer, ProblemJSONRenderer) or in_path not in (None, renderer.format):
            continue
        href = here
        if parameter and not in_path:
            # Without a name for its format, a renderer is chosen by the Accept field alone.
            href = remove_query_param(here, parameter)
            if renderer.format:
                href = replace_query_param(here, parameter, renderer.format)
        yield Representation(renderer.media_type, href)
