"""From what views of REST framework raise to the pipeline, and back into the view's renderer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import exceptions, views
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param

from ..core import pipeline
from ..core.bounded_errors import bounded
from ..core.exception_mapping import is_client_error, problem_for
from ..core.request_info import RequestInfo
from ..core.statuses import error_status, with_status
from ..http.headers import members_of
from ..http.instance import address_of
from ..http.responses import UnfinishedError, let_django_answer, take_over
from ..http.spelling import Spelled, in_camel_case, is_camel_case, names_spelled
from ..problems import InvalidPart, Problem, Representation
from ..rules.snapshot import snapshots
from .errors import located, page_parameter
from .exception_mapping import members_of as members_of_dict
from .exception_mapping import stated_parts, untranslated
from .renderers import ProblemJSONRenderer
from .response import APIErrorResponse, app_renderer

logger = logging.getLogger("django_http_errors")

ViewFunction = TypeVar("ViewFunction", bound=Callable[..., Any])


class ExceptionHandler:
    """Answers what was raised in a view of REST framework; its steps can be overridden.

    exc: any exception
    context: as REST framework gives it, with "view" and "request"; what is missing there, or None,
        isn't asked
    """

    def __init__(self, exc: Exception, context: Mapping[str, Any] | None = None) -> None:
        self.exc = exc
        self.context: Mapping[str, Any] = context or {}
        self.view: Any = self.context.get("view")
        self.request: Any = self.context.get("request")

    def run(self) -> HttpResponseBase | None:
        """Return the response, None for an unknown exception.

        REST framework raises that again, Django signals and logs it, and `handler500` answers.
        """
        if not self.handles():
            self.leave_to_django()
            return None
        exc = self.exc
        if isinstance(exc, exceptions.APIException) and exc.status_code not in range(400, 600):
            # It isn't an error, or has a status that isn't one.
            return views.exception_handler(exc, dict(self.context))
        return self._answer(self.get_response(self._problem()))

    def handles(self) -> bool:
        """Return whether the exception is answered here rather than by Django."""
        known = (exceptions.APIException, Http404, PermissionDenied)
        return isinstance(self.exc, known) or is_client_error(self.exc)

    def get_problem(self) -> Problem:
        """Return what the exception stands for, with the errors and lists that its view knows."""
        problem = problem_for(self.exc)
        members = self._lists(problem)
        errors = self.get_errors(problem)
        if errors is not problem.errors:
            members["errors"] = errors
        return problem.replaced(**members) if members else problem

    def get_errors(self, problem: Problem) -> Sequence[InvalidPart]:
        """Return what is wrong with what was sent: `problem.errors`, by the client's names.

        Each has a pointer into the body or the name of a query parameter, neither where nobody
        knows. What an exception of the app's names stays as it is.
        """
        exc = self.exc
        if problem.errors and isinstance(exc, (exceptions.APIException, ValidationError)):
            return self._located(problem.errors, getattr(exc, "detail", None))
        if isinstance(exc, exceptions.NotFound):
            parameter = page_parameter(exc)
            if parameter:
                code = str(getattr(exc.detail, "code", ""))
                return (InvalidPart(untranslated(exc), code=code, parameter=parameter),)
        return problem.errors

    def spell(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names that lead to something in the body, as the client spells them.

        names: of members as the serializers have them, and indexes of lists

        Under djangorestframework-camel-case that is in camel case, by its options.
        """
        return names if self._camel_case is None else names_spelled(names, self._camel_case)

    def get_response(self, problem: Problem) -> APIErrorResponse:
        """Return the response that says `problem` in the form that the view has chosen."""
        serializer = getattr(getattr(self.exc, "detail", None), "serializer", None)
        return APIErrorResponse(problem, serializer, self.exc, self.request)

    def in_place_of(self, response: HttpResponseBase) -> HttpResponseBase:
        """Return what says the problem in the place of an error `response` of the project's.

        See `to_problem`.
        """
        data = getattr(response, "data", None)
        added = _added(data) if data is getattr(self.exc, "detail", self) else data
        problem = with_status(self._problem(), response.status_code) if self.handles() else None
        members = _members_of_data(added, self.exc, problem)
        if "errors" in members:
            members["errors"] = self._located(members["errors"], added)
        members.update(members_of(response.status_code, response.headers))
        problem = problem or error_status(response.status_code).default_problem
        own = self.get_response(problem.replaced(**members))
        for name, value in response.items():
            if name.lower() not in ("content-length", "content-type"):
                own.headers[name] = value
        own.cookies = response.cookies
        take_over(response, own)
        return self._answer(own)

    def leave_to_django(self) -> None:
        """Let the answer of Django's handlers be in the format of the API's own."""
        if self.request is not None:
            accepted = getattr(self.request, "accepted_renderer", None)
            let_django_answer(self.exc, app_renderer(self.request, accepted))

    def _problem(self) -> Problem:
        try:
            return self.get_problem()
        except Exception:
            logger.exception("What %r stands for could not be read", type(self.exc))
            status = getattr(self.exc, "status_code", getattr(self.exc, "status", 500))
            return error_status(status).default_problem

    def _answer(self, own: APIErrorResponse) -> HttpResponseBase:
        """Return `own`, or what hides it."""
        try:
            if self.request is None:
                return own
            request: HttpRequest = getattr(self.request, "_request", self.request)
            response = pipeline.hide(request, own, RequestInfo.of(request))
            own.snapshot = snapshots.current(from_memory=True)
            # The view has yet to choose what renders its own; what hides it is rendered as
            # anywhere.
            return own if response is own else pipeline.complete(request, response)
        finally:
            # No query is possible after that: who is exempt may be one, and what the rules are.
            views.set_rollback()

    def _located(self, parts: Sequence[InvalidPart], data: Any) -> tuple[InvalidPart, ...]:
        """Return `parts` by the client's names, but for those that `data` states the place of."""
        spell = self.spell if self._spells else None
        kwargs = getattr(self.view, "kwargs", None) or {}
        stated = frozenset(bounded(stated_parts(data)))
        return located(parts, self.exc, self.request, kwargs, spell, stated=stated)

    @property
    def _spells(self) -> bool:
        return type(self).spell is not ExceptionHandler.spell or self._camel_case is not None

    @cached_property
    def _camel_case(self) -> Spelled | None:
        """What changes names as the parser of the body does, None if it leaves them alone."""
        parsers = getattr(self.request, "parsers", ())
        if not any(is_camel_case(type(each)) for each in parsers):
            return None
        parser = self.request.negotiator.select_parser(self.request, parsers)
        if parser is None or not is_camel_case(type(parser)):
            return None
        return in_camel_case(getattr(parser, "json_underscoreize", None))

    def _lists(self, problem: Problem) -> dict[str, Any]:
        """Return the lists that `problem` lacks and the view can give."""
        view = self.view
        if view is None:
            return {}
        if problem.status == 405 and problem.allow is None:
            return {"allow": tuple(view.allowed_methods)}
        if problem.status == 406 and not problem.available and self._lacks_format():
            return {"available": tuple(_available(view, self.request))}
        if problem.status == 415 and not (problem.accept or problem.accept_encoding):
            return {"accept": tuple(parser.media_type for parser in view.get_parsers())}
        return {}

    def _lacks_format(self) -> bool:
        """Return whether another format would help: it doesn't against a wrong version in Accept.

        REST framework looks for that once it has found a renderer.
        """
        exc = self.exc
        return self.request is not None and (
            not isinstance(exc, exceptions.NotAcceptable)
            or exc.available_renderers is not None
            or getattr(self.request, "accepted_renderer", None) is None
        )


def exception_handler(
    exc: Exception, context: Mapping[str, Any] | None = None
) -> HttpResponseBase | None:
    """Answer what was raised in a view of REST framework; for ``EXCEPTION_HANDLER``.

    exc: any exception
    context: as REST framework gives it, with "view" and "request"

    None for an unknown exception: REST framework then raises it again, Django signals and logs
    it, and `handler500` answers.
    """
    return ExceptionHandler(exc, context).run()


def to_problem(
    exc: Exception, response: HttpResponseBase | None, context: Mapping[str, Any] | None = None
) -> HttpResponseBase | None:
    """Return what says the problem in the place of what an exception handler made of `exc`.

    For a project that keeps its own handler, which returns ``to_problem(exc, response, context)``.
    The status and the headers of `response` stay. The body is that of the problem under this
    status; words and members that the handler put into `response.data` are part of it. Of an
    exception that the app doesn't know, all that the handler said is.

    None (an unknown exception), what is no error, what is streamed and what is a problem already
    are returned as they are.
    """
    handler = ExceptionHandler(exc, context)
    if response is None:
        handler.leave_to_django()
        return None
    is_error = 400 <= response.status_code <= 599
    if not is_error or response.streaming or isinstance(response, UnfinishedError):
        return response
    return handler.in_place_of(response)


class ProblemDetailsMixin:
    """Lets a single view answer its errors here, whatever ``EXCEPTION_HANDLER`` is.

    exception_handler_class: `ExceptionHandler`, or a subclass with steps of its own
    """

    exception_handler_class: type[ExceptionHandler] = ExceptionHandler

    def get_exception_handler(
        self,
    ) -> Callable[[Exception, Mapping[str, Any]], HttpResponseBase | None]:
        return lambda exc, context: self.exception_handler_class(exc, context).run()


def problem_details(view: ViewFunction) -> ViewFunction:
    """Let a function answer its errors here, as the mixin does a class; stands above ``@api_view``.

    Raises TypeError for what ``@api_view`` hasn't made.
    """
    view_class = getattr(view, "cls", None)
    if view_class is None:
        raise TypeError("@problem_details has to stand above @api_view")
    view_class.get_exception_handler = ProblemDetailsMixin.get_exception_handler
    view_class.exception_handler_class = ExceptionHandler
    return view


def _added(detail: Any) -> dict[str, Any]:
    """Take from `detail` what wasn't raised with it, and return that.

    REST framework's own handler makes the detail the data of its response, and what a handler of
    the project's adds to those is then in the exception.
    """
    if not isinstance(detail, dict):
        return {}
    return {name: detail.pop(name) for name in list(detail) if not _is_raised(detail[name])}


def _is_raised(value: Any) -> bool:
    if isinstance(value, (list, dict)):
        return any(map(_is_raised, value.values() if isinstance(value, dict) else value))
    return isinstance(value, exceptions.ErrorDetail)


def _members_of_data(data: Any, exc: Exception, problem: Problem | None) -> dict[str, Any]:
    """Return the members that a handler of the project's put into the `data` of its response.

    problem: what is known of `exc`; what it says already isn't repeated
    """
    if isinstance(data, list) and problem is None:
        data = {"errors": data}
    if not isinstance(data, Mapping):
        return {}
    raised = getattr(exc, "detail", None) if problem else None
    further = {
        name: value
        for name, value in data.items()
        if not (isinstance(raised, Mapping) and name in raised)
    }
    # Many a handler puts the framework's answer below this name.
    if raised is not None and further.get("errors") == raised:
        del further["errors"]
    members = members_of_dict(further)
    if problem is None:
        return members
    words = _framework_words(exc)
    if members.get("detail") in words:
        del members["detail"]
    errors = [each for each in members.pop("errors", ()) if str(each.detail) not in words]
    if errors and not problem.errors:
        members["errors"] = errors
    if "extensions" in members:
        members["extensions"] = {**problem.extensions, **members["extensions"]}
    return members


def _framework_words(exc: Exception) -> tuple[str, ...]:
    """Return what REST framework's own handler says of `exc`: the app says that better, or not."""
    kinds = (exceptions.NotFound, exceptions.PermissionDenied)
    return (str(exc), *(str(kind.default_detail) for kind in kinds))


def _available(view: Any, request: Any) -> Iterator[Representation]:
    """Yield the representations that the view's renderers make, and where to get each."""
    here = address_of(getattr(request, "_request", request))
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
