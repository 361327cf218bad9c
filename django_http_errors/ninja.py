"""For django-ninja, and ninja-extra: ``register(api)`` answers its errors by the app."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial, wraps
from http.client import responses
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja import errors as ninja_errors

from . import exceptions
from .core import debug, pipeline
from .core.bounded_errors import bounded
from .core.exception_mapping import is_client_error, problem_for
from .core.pointers import after_names, json_pointer
from .core.statuses import error_status
from .core.times import seconds_until
from .hiding.view_wrapper import roll_back
from .http import negotiation, openapi
from .http.representations import RendererEntry, renderers
from .http.responses import ErrorResponse, let_django_answer
from .problems import InvalidPart, Permanence, Problem

logger = logging.getLogger("django_http_errors")

# What ninja says where nobody has said anything else: the words of the status say more.
_NO_WORDS = frozenset(
    {
        ninja_errors.AuthenticationError().message,
        ninja_errors.AuthorizationError().message,
        ninja_errors.Throttled(None).message,
    }
)

# Where a view of ninja's keeps the operations at its path.
_OPERATIONS = "http_errors_operations"


def register(api: NinjaAPI) -> None:
    """Let the app answer the errors of `api`, and describe them in its OpenAPI document.

    To be called before the URLs of `api` are asked for. An exception handler that is added to
    `api` afterwards goes before the app's.

    api: a NinjaAPI, or ninja-extra's NinjaExtraAPI
    """
    handler = _ExceptionHandler(api)
    known: list[type[Exception]] = [
        ninja_errors.HttpError,
        ninja_errors.ValidationError,
        exceptions.HttpError,
        Http404,
        PermissionDenied,
    ]
    extra = sys.modules.get("ninja_extra.exceptions")
    if extra is not None:
        known.append(extra.APIException)
    for each in known:
        api.add_exception_handler(each, handler)
    api.add_exception_handler(Exception, handler.answer_if_known)
    _replace(api, "validation_error_from_error_contexts", _with_contexts)
    _replace(api, "_get_urls", lambda urls: lambda: _with_views(api, urls))
    _replace(
        api, "get_openapi_schema", lambda schema: lambda **kwargs: _described(api, schema(**kwargs))
    )


def _replace(instance: Any, name: str, around: Callable[[Any], Any]) -> None:
    """Put in the place of a method of `instance` what `around` makes of it."""
    setattr(instance, name, around(getattr(instance, name)))


class NinjaErrorResponse(ErrorResponse):
    """A problem as an API answers it: in JSON, whatever the path has by default."""

    def __init__(self, problem: Problem, raised: Exception | None, request: HttpRequest) -> None:
        super().__init__(problem, raised)
        self._accept = request.META.get("HTTP_ACCEPT")

    def own_renderer(self) -> RendererEntry | None:
        return _json_renderer(self._accept)


def _json_renderer(accept: str | None) -> RendererEntry | None:
    """Return what renders an error of an API for a client, None where the site has no JSON."""
    entries = renderers()
    offers = tuple(each for each in (openapi.MEDIA_TYPE, "application/json") if each in entries)
    chosen = negotiation.best(accept, offers) or next(iter(offers), "")
    return entries.get(chosen)


def _completed(request: HttpRequest, response: NinjaErrorResponse) -> HttpResponseBase:
    """Return what goes out for the error `response` of a view, whose transaction is undone."""
    try:
        return pipeline.complete(request, response)
    finally:
        # No query is possible after that, and who is exempt from hiding may be one.
        roll_back()


class _ExceptionHandler:
    """What ninja calls for an exception of an operation.

    It leaves its responses to the view around the operation (`_view`): ninja calls it in the event
    loop if the operation is async, and there the database can't be asked what has to be hidden.
    """

    def __init__(self, api: NinjaAPI) -> None:
        self.api = api

    def __call__(self, request: HttpRequest, exc: Any) -> HttpResponse:
        status = getattr(exc, "status_code", 500)
        if isinstance(exc, ninja_errors.HttpError) and status not in range(400, 600):
            # It isn't an error, or has a status that isn't one.
            return self.api.create_response(request, {"detail": str(exc)}, status=status)
        debug.remember(request, exc)
        return NinjaErrorResponse(self._problem(request, exc), exc, request)

    def answer_if_known(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Answer what the project registered; leave a crash to Django, in DEBUG too.

        Content that is too large is left to it as well, for its security log.
        """
        if is_client_error(exc):
            return self(request, exc)
        let_django_answer(exc, _json_renderer(request.META.get("HTTP_ACCEPT")))
        raise exc

    def _problem(self, request: HttpRequest, exc: Any) -> Problem:
        is_invalid = isinstance(exc, ninja_errors.ValidationError)
        try:
            if is_invalid:
                parts = _invalid_parts(exc, request, self.api)
                return error_status(422).problem(errors=tuple(bounded(parts)))
            if isinstance(exc, ninja_errors.HttpError):
                return _problem_of_ninja(exc, request)
            return problem_for(exc)
        except Exception:
            logger.exception("What %r stands for could not be read", type(exc))
            status = 422 if is_invalid else getattr(exc, "status_code", 500)
            return error_status(status).default_problem


def _problem_of_ninja(exc: Any, request: HttpRequest) -> Problem:
    """Return what an exception of ninja's says, or one of ninja-extra's."""
    members: dict[str, Any] = {}
    if hasattr(exc, "detail"):  # ninja-extra's
        if isinstance(exc.detail, str):
            code = str(getattr(exc.detail, "code", ""))
            # One without words of its own has the default ones, formatted or not.
            if code != exc.default_code:
                members.update(code=code, detail=str(exc.detail))
            elif not _has_default_words(exc):
                members["detail"] = str(exc.detail)
        else:
            members["errors"] = tuple(bounded(_parts_of_detail(exc.detail, "")))
    elif exc.message not in _NO_WORDS:
        members["detail"] = exc.message + _place_in_content(exc.__cause__)
    wait = getattr(exc, "wait", None)
    if wait is not None:
        members.update(retry_after=seconds_until(wait), permanence=Permanence.TEMPORARY)
    if exc.status_code == 401:
        members["challenges"] = tuple(_challenges(request))
    return error_status(exc.status_code).problem(**members)


def _has_default_words(exc: Any) -> bool:
    """Return whether an exception of ninja-extra's was raised without words of its own."""
    start = str(exc.default_detail).partition("{")[0]
    return not start or str(exc.detail).startswith(start)


def _place_in_content(cause: object) -> str:
    """Return where content could not be parsed, of which nothing else is told."""
    line, column = getattr(cause, "lineno", None), getattr(cause, "colno", None)
    return f" (line {line}, column {column})" if isinstance(line, int) and column else ""


def _parts_of_detail(detail: Any, pointer: str) -> Iterator[InvalidPart]:
    """Yield the errors in nested details: keys and indexes on the way to one are its pointer."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            is_whole = key in ("non_field_errors", "__all__")
            yield from _parts_of_detail(value, pointer if is_whole else pointer + json_pointer(key))
    elif isinstance(detail, (list, tuple)):
        for index, value in enumerate(detail):
            is_nested = isinstance(value, (Mapping, list, tuple))
            yield from _parts_of_detail(
                value, pointer + json_pointer(index) if is_nested else pointer
            )
    else:
        yield InvalidPart(str(detail), pointer or None, str(getattr(detail, "code", "") or ""))


def _with_contexts(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes a ValidationError, and notes on it how its names come to be."""

    @wraps(make)
    def validation_error(contexts: Sequence[Any]) -> Any:
        error = make(contexts)
        models = [context.model for context in contexts]
        error.http_errors_models = {each.__ninja_param_source__: each for each in models}
        return error

    return validation_error


def _invalid_parts(
    exc: ninja_errors.ValidationError, request: HttpRequest, api: NinjaAPI
) -> Iterator[InvalidPart]:
    """Yield what pydantic says, each with its place as the client spelled it."""
    models = getattr(exc, "http_errors_models", {})
    contents: dict[str, Any] = {}
    for each in exc.errors:
        source, *names = each.get("loc") or ("",)
        names = _names_of_client(names, models.get(source))
        detail, code = str(each.get("msg", "")), str(each.get("type", ""))
        if source == "query":
            yield InvalidPart(detail, code=code, parameter=str(names[0]) if names else None)
        elif source in ("form", "file", "body"):
            if source not in contents:
                contents[source] = _content(source, request, api)
            content = contents[source]
            sent = names if content in (None, {}) else list(_names_sent(names, content))
            if code == "missing" and sent[-1:] != names[-1:]:
                # Something else was sent than the object that it is missing in.
                detail = after_names(names[-1:], detail)
            yield InvalidPart(detail, json_pointer(*sent) or None, code)
        else:
            # A part of the path, a header or a cookie: the name is all that can be told of it.
            yield InvalidPart(after_names(names, detail), code=code)


def _names_of_client(names: list[Any], model: Any) -> list[Any]:
    """Return the `names` on the way to an error, less the names of arguments that nobody sent.

    model: what ninja has read one source of arguments by, None where it isn't known
    """
    if names[:1] == [getattr(model, "__read_from_single_attr__", None)]:
        # The content is the value of the only argument, and has no member of its name.
        return names[1:]
    # The members of a schema for a query or a form are sent by themselves. ninja knows that of an
    # error in one of them, but not of one in an item of its list or in a member of its union.
    sent: Mapping[Any, Any] = getattr(model, "__ninja_flatten_map_reverse__", {})
    if tuple(names) in sent.values():
        return names
    for end in range(len(names), 0, -1):
        found = sent.get(tuple(names[:end]))
        if found is not None:
            return [*found, *names[end:]]
    is_whole = any(way[:1] == tuple(names[:1]) for way in sent)
    return [] if is_whole else names


def _content(source: str, request: HttpRequest, api: NinjaAPI) -> Any:
    """Return the content as it was sent, None where it can't be read again."""
    try:
        if source == "body":
            return api.parser.parse_body(request)
        data = request.FILES if source == "file" else request.POST
        # All as lists: only those have items, whose indexes are in the names.
        return api.parser.parse_querydict(data, list(data), request)
    except Exception:  # noqa: BLE001 - a parser of the project's may raise anything
        return None


def _names_sent(names: Sequence[Any], content: Any) -> Iterator[Any]:
    """Yield those of the `names` on the way to an error that lead through the `content`.

    The others are pydantic's own: the member of a union that was tried, a function. The last one
    may be missing, which is the error then.
    """
    for place, name in enumerate(names):
        is_last = place == len(names) - 1
        if isinstance(content, Mapping) and (name in content or is_last):
            yield name
            content = content.get(name)
        elif isinstance(content, list) and isinstance(name, int) and name < len(content):
            yield name
            content = content[name]


def _operation(request: HttpRequest) -> Any:
    """Return the operation that `request` is for, None where there is none."""
    match = request.resolver_match
    for each in getattr(match and match.func, _OPERATIONS, ()):
        if request.method in each.methods:
            return each
    return None


def _challenges(request: HttpRequest) -> Iterator[str]:
    """Yield how one signs in, by what the operation asks (RFC 9110, section 11.6.1)."""
    schemes = {"basic": 'Basic realm="api", charset="UTF-8"', "bearer": 'Bearer realm="api"'}
    found = []
    for callback in getattr(_operation(request), "auth_callbacks", ()):
        scheme = str(getattr(callback, "openapi_scheme", "")).lower()
        if scheme in schemes and scheme not in found:
            found.append(scheme)
            yield schemes[scheme]


def _path_views(api: Any) -> Iterator[Any]:
    """Yield what ninja has for each of the paths of `api`: the operations, by their methods."""
    for router in api._get_bound_routers():
        yield from router.path_operations.values()


def _with_views(api: NinjaAPI, get_urls: Callable[[], Any]) -> Any:
    """Return the URLs of `api`, whose views complete errors, and answer other methods."""
    for path_view in _path_views(api):
        if not hasattr(path_view, _OPERATIONS):
            setattr(path_view, _OPERATIONS, True)
            _replace(path_view, "get_view", partial(_with_operations, path_view))
    return get_urls()


def _with_operations(path_view: Any, get_view: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: _view(path_view, get_view())


def _view(path_view: Any, view: Callable[..., Any]) -> Callable[..., Any]:
    operations = path_view.operations

    def is_allowed(request: HttpRequest) -> bool:
        return any(request.method in each.methods for each in operations)

    def not_allowed(request: HttpRequest) -> NinjaErrorResponse:
        methods = dict.fromkeys(method for each in operations for method in each.methods)
        problem = error_status(405).problem(allow=tuple(methods))
        return NinjaErrorResponse(problem, None, request)

    if iscoroutinefunction(view):

        @wraps(view)
        async def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if is_allowed(request):
                response = await view(request, *args, **kwargs)
            else:
                response = not_allowed(request)
            if isinstance(response, NinjaErrorResponse):
                # Who asks, and the page, may come from the database.
                return await sync_to_async(_completed)(request, response)
            return response

    else:

        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if is_allowed(request):
                response = view(request, *args, **kwargs)
            else:
                response = not_allowed(request)
            if isinstance(response, NinjaErrorResponse):
                return _completed(request, response)
            return response

    setattr(wrapper, _OPERATIONS, operations)
    return wrapper


def _described(api: NinjaAPI, schema: Any) -> Any:
    """Add to an OpenAPI document the errors that each operation can answer with.

    What the project says of a status stays.
    """
    by_id = {
        operation.operation_id or api.get_openapi_operation_id(operation): operation
        for path_view in _path_views(api)
        for operation in path_view.operations
    }
    for path in schema["paths"].values():
        for described in path.values():
            operation = by_id.get(described.get("operationId"))
            said = described.setdefault("responses", {})
            for status, name in _errors_of(operation) if operation else ():
                if {status, str(status)}.isdisjoint(said):
                    said[status] = {
                        "description": responses.get(status, "Error"),
                        "content": openapi.content(name),
                    }
            said.setdefault("default", {"description": "Error", "content": openapi.content()})
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for name, members in openapi.SCHEMAS.items():
        components.setdefault(name, deepcopy(dict(members)))
    return schema


def _errors_of(operation: Any) -> Iterator[tuple[int, str]]:
    """Yield the statuses that ninja itself answers with, each with the name of the schema."""
    sources = {model.__ninja_param_source__ for model in operation.models}
    if "body" in sources:
        yield 400, "Problem"
    if operation.auth_callbacks:
        yield 401, "Problem"
    if "path" in sources:
        yield 404, "Problem"
    if sources:
        yield 422, "ValidationProblem"
    if sources & {"body", "form", "file"} and settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None:
        yield 413, "Problem"
    if operation.throttle_objects:
        yield 429, "Problem"
