"""The errors of an API in its OpenAPI document, for drf-spectacular."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from inspect import currentframe, getdoc
from typing import Any

from django.conf import settings
from drf_spectacular import openapi
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import ComponentIdentity, ResolvedComponent, build_examples_list
from drf_spectacular.utils import OpenApiResponse
from rest_framework import VERSION, permissions
from rest_framework.authentication import RemoteUserAuthentication, SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle, SimpleRateThrottle
from rest_framework.versioning import AcceptHeaderVersioning, BaseVersioning

from ..core.own_types import BLANK, address_of
from ..core.pointers import json_pointer
from ..core.statuses import error_status, with_list_words
from ..exceptions import HttpError
from ..explaining.handlers import is_apps_handler
from ..hiding.policies import CONDITIONS, POLICY
from ..hiding.view_wrapper import OBSERVED
from ..http.openapi import with_errors
from ..http.spelling import spelled
from ..problems import InvalidPart, Permanence, Problem, Representation
from . import json_api
from .exception_mapping import INVALID, unreadable
from .renderers import ProblemJSONRenderer

Schema = dict[str, Any]

JSON, PROBLEM_JSON = "application/json", "application/problem+json"

# Authentication that refuses no credentials: it takes them from elsewhere.
_WITHOUT_CREDENTIALS = frozenset({SessionAuthentication, RemoteUserAuthentication})
# Those that read the body by Django's own means, which is so for more of them since REST framework
# 3.18: the others read past its limit.
_LIMITED_PARSERS: tuple[type, ...] = (
    (MultiPartParser,)
    if tuple(map(int, VERSION.split(".")[:2])) < (3, 18)
    else (MultiPartParser, FormParser, JSONParser)
)
# Whom a permission can refuse.
_STRANGERS, _USERS = "strangers", "users"

_TEXT: Schema = {"type": "string"}
_URI: Schema = {"type": "string", "format": "uri-reference"}

_INVALID_PART: Schema = {
    "type": "object",
    "description": "One thing that is wrong with what was sent.",
    "properties": {
        "detail": {**_TEXT, "description": "What is wrong, for a person."},
        "code": {**_TEXT, "description": "A machine's word for it."},
        "pointer": {**_TEXT, "description": "A JSON Pointer into the request body (RFC 6901)."},
        "parameter": {**_TEXT, "description": "The name of a query parameter."},
    },
    "required": ["detail"],
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong, as problem details (RFC 9457).",
    "properties": {
        "type": {**_URI, "default": "about:blank", "description": "The problem type."},
        "title": {**_TEXT, "description": "The same for every occurrence of the type."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {**_TEXT, "description": "What happened and what to do, for a person."},
        "instance": {**_URI, "description": "The path that was asked for."},
        "permanence": {
            "type": "string",
            "enum": [str(each) for each in Permanence],
            "description": "Whether the situation lasts.",
        },
        "code": {**_TEXT, "description": "A machine's word for the case."},
        "request_id": {**_TEXT, "description": "The id that the site's log has."},
        "retry_after": {"type": "integer", "minimum": 0, "description": "Seconds to wait."},
        "allow": {"type": "array", "items": _TEXT, "description": "Methods to use (405)."},
        "available": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": _TEXT, "href": _URI, "language": _TEXT},
                "required": ["type", "href"],
            },
            "description": "Representations to choose from (406).",
        },
        "accept": {"type": "array", "items": _TEXT, "description": "Media types to send (415)."},
        "errors": {"type": "array", "items": _INVALID_PART},
        "actions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"label": _TEXT, "href": _URI},
                "required": ["label", "href"],
            },
            "description": "What can be done now.",
        },
    },
    "required": ["type", "title", "status", "detail", "permanence"],
}
_INVALID = error_status(400).problem(detail=INVALID)
_UNREADABLE = error_status(400).problem(detail=unreadable(line=1, column=14))

_JSON_API_ERRORS: Schema = {
    "type": "object",
    "properties": {"errors": {"type": "array", "items": {"type": "object"}}},
    "required": ["errors"],
}

# The headers that come with a status where they are known.
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "How to authenticate."},
    415: {"Accept": "The media types that can be sent."},
    429: {"Retry-After": "How many seconds to wait."},
    503: {"Retry-After": "How many seconds to wait."},
}


class AutoSchema(openapi.AutoSchema):
    """Documents the errors that an operation can really have, as ``DEFAULT_SCHEMA_CLASS``.

    They follow from its authentication, permissions, throttles, parsers, parameters, path and
    versioning, and from what hides it. ``@extend_schema(responses={409: SoldOut})`` adds a problem
    type, a subclass of one of the app's exceptions or a `Problem`; several are given as a list.
    Responses that are declared are left as they are.
    """

    # What the components are called, for a project that has others of these names.
    problem_component = "Problem"
    validation_problem_component = "ValidationProblem"
    invalid_part_component = "InvalidPart"

    def get_error_statuses(self, operation: Mapping[str, Any]) -> set[int]:
        """Return the statuses of the errors that `operation` can have, to be overridden."""
        return set(_Operation(self.view, self.method, operation, self._callback()).statuses())

    def answers_problems(self) -> bool:
        """Return whether the errors of the view are the app's, to be overridden.

        They are if the handler of its exceptions is the app's, or one whose code calls that.
        """
        return is_apps_handler(self.view.get_exception_handler())

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        operation: Schema | None = super().get_operation(*args, **kwargs)
        if operation is None or not self.answers_problems():
            return operation
        responses = operation["responses"]
        for status in self.get_error_statuses(operation):
            if str(status) not in responses:
                responses[str(status)] = self._error_response(status, operation)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _callback(self) -> Any:
        """Return the function that the operation is routed to, None if it can't be found out.

        Only the generator has it, which tells the schema class no more than the view's class; so
        it is looked for among those that have called this.
        """
        frame = currentframe()
        while frame is not None:
            caller = frame.f_locals.get("self")
            if isinstance(caller, SchemaGenerator):
                endpoints: Any = caller.endpoints or ()
                for _path, path_regex, method, callback in endpoints:
                    if (path_regex, method) == (self.path_regex, self.method):
                        return callback
                break
            frame = frame.f_back
        return None

    def map_renderers(self, attribute: str) -> list[Any]:
        found: list[Any] = super().map_renderers(attribute)
        if attribute == "media_type" and PROBLEM_JSON in found:
            # Only problems are labelled as such: what succeeds is plain JSON.
            found = list(dict.fromkeys(JSON if each == PROBLEM_JSON else each for each in found))
        return found

    def _get_response_for_code(
        self,
        serializer: Any,
        status_code: str,
        media_types: Any = None,
        direction: Any = "response",
    ) -> Schema:
        is_wrapped = isinstance(serializer, OpenApiResponse)
        declared = serializer.response if is_wrapped else serializer
        kinds = list(declared) if isinstance(declared, (list, tuple)) else [declared]
        if not kinds or not all(map(_is_problem, kinds)):
            response: Schema = super()._get_response_for_code(  # type: ignore[no-untyped-call]
                serializer, status_code, media_types, direction
            )
            return response
        schemas = [self._schema_of(kind) for kind in kinds]
        examples = {_name_of(kind): self._example(self._problem_of(kind)) for kind in kinds}
        is_error = status_code.isdecimal() and int(status_code) in range(400, 600)
        # "4XX" and "default" stand for several.
        status = int(status_code) if is_error else self._problem_of(kinds[0]).status
        made = self._response(status, schemas, examples)
        if is_wrapped:
            made["description"] = serializer.description or made["description"]
            for content in made["content"].values():
                content.get("examples", {}).update(build_examples_list(serializer.examples or []))
        return made

    def _error_response(self, status: int, operation: Mapping[str, Any]) -> Schema:
        """Return the response for an error that follows from what the operation is."""
        if status != 400:
            problem = error_status(status).problem(**self._lists(status))
            return self._response(status, [self._problem()], {"": self._example(problem)})
        invalid = self._example(_INVALID.replaced(errors=[self._invalid_part(operation)]))
        if "requestBody" not in operation:
            return self._response(400, [self._validation_problem()], {"": invalid})
        examples = {"Invalid": invalid, "Unreadable": self._example(_UNREADABLE)}
        return self._response(400, [self._validation_problem(), self._problem()], examples)

    def _response(
        self, status: int, schemas: Sequence[Schema], examples: Mapping[str, object]
    ) -> Schema:
        title = str(error_status(status).title)
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
        shown = {name or title.replace(" ", ""): {"value": each} for name, each in examples.items()}
        content: Schema = {}
        for media_type in self._media_types(status):
            if media_type == json_api.MEDIA_TYPE:
                content[media_type] = {"schema": _JSON_API_ERRORS}
            elif media_type == "text/html":
                content[media_type] = {"schema": _TEXT}
            elif media_type == JSON and PROBLEM_JSON in content:
                content[media_type] = {"schema": schema}  # The examples are there already.
            else:
                content[media_type] = {"schema": schema, "examples": shown}
        response: Schema = {"content": content, "description": title}
        headers = _HEADERS.get(status)
        if headers:
            response["headers"] = {
                name: {"schema": _TEXT, "description": description}
                for name, description in headers.items()
            }
        return response

    def _media_types(self, status: int) -> list[str]:
        """Return the media types of an error: a view that writes JSON labels a problem as one."""
        found: list[str] = []
        for media_type in self.map_renderers("media_type"):
            found += [PROBLEM_JSON, JSON] if media_type == JSON else [media_type]
        if not found or status in (413, 500):
            # No view answers, but the site.
            found += [PROBLEM_JSON, JSON]
        return list(dict.fromkeys(found))

    def _example(self, problem: Problem) -> Schema:
        """Return the members of `problem` as they are on the wire for this operation."""
        request_id = "5f3a9c0d2b8e4f71" if problem.status >= 500 else ""
        known = with_list_words(problem).replaced(instance=self._address(), request_id=request_id)
        members: Schema = spelled(known.as_dict())
        return members

    def _lists(self, status: int) -> dict[str, Any]:
        if status == 406:
            return {"available": tuple(self._available())}
        if status == 415:
            return {"accept": tuple(parser.media_type for parser in self.view.get_parsers())}
        return {"retry_after": 30} if status == 429 else {}

    def _available(self) -> Iterator[Representation]:
        here, parameter = self._address(), api_settings.URL_FORMAT_OVERRIDE
        for each in self.view.get_renderers():
            if not isinstance(each, ProblemJSONRenderer):
                query = f"?{parameter}={each.format}" if parameter and each.format else ""
                yield Representation(each.media_type, here + query)

    def _address(self) -> str:
        return re.sub(r"\{[^}]*\}", "1", self.path)

    def _invalid_part(self, operation: Mapping[str, Any]) -> InvalidPart:
        """Return an example of what could be wrong with what is sent."""
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = self._resolved(content["schema"])
            for name in (*schema.get("required", ()), *schema.get("properties", ())):
                required = name in schema.get("required", ())
                code = "required" if required else "invalid"
                text = "This field is required." if required else "Not a valid value."
                return InvalidPart(text, json_pointer(name), code)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                return InvalidPart("Enter a valid value.", None, "invalid", parameter["name"])
        return InvalidPart("Invalid data.", code="invalid")

    def _resolved(self, schema: Schema) -> Schema:
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if not name:
            return schema
        found: Schema = self.registry[name, ResolvedComponent.SCHEMA].schema
        return found

    def _schema_of(self, kind: Any) -> Schema:
        """Return the schema of a declared problem: a component of its own if it has a type."""
        problem = self._problem_of(kind)
        if problem.type == BLANK:
            return self._problem()
        own = {
            "type": "object",
            # Not an "enum" of the property itself: drf-spectacular would make a component of it.
            "properties": {"type": {"allOf": [{"enum": [problem.type]}]}},
        }
        description = (isinstance(kind, type) and getdoc(kind)) or str(problem.title)
        schema: Schema = {"allOf": [self._problem(), own], "description": description}
        page = address_of(kind, self.view.request) if isinstance(kind, type) else ""
        if page:
            schema["externalDocs"] = {"url": page}
        return self._component(f"{_name_of(kind).removesuffix('Problem')}Problem", schema, kind)

    def _problem_of(self, kind: Any) -> Problem:
        """Return the problem that was declared, with the page of its type for a type."""
        problem = _problem_of(kind)
        if problem.type == BLANK and isinstance(kind, type):
            return problem.replaced(type=address_of(kind, self.view.request) or BLANK)
        return problem

    def _problem(self) -> Schema:
        part = self._component(self.invalid_part_component, _INVALID_PART, InvalidPart)
        schema = deepcopy(_PROBLEM)
        schema["properties"]["errors"]["items"] = part
        return self._component(self.problem_component, schema, Problem)

    def _validation_problem(self) -> Schema:
        problem = self._problem()
        members: Schema = self._resolved(problem)["properties"]
        schema = {
            **with_errors(problem, members["errors"]),
            "description": "What is wrong with what was sent, each with its place.",
        }
        return self._component(self.validation_problem_component, schema, AutoSchema)

    def _component(self, name: str, schema: Schema, identity: object) -> Schema:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name,
            ResolvedComponent.SCHEMA,
            deepcopy(schema),
            ComponentIdentity(identity),  # type: ignore[no-untyped-call]
        )
        self.registry.register_on_missing(component)
        ref: Schema = component.ref
        return ref


class _Operation:
    """One method at one path: what can go wrong with it, by what its view is made of."""

    def __init__(self, view: Any, method: str, operation: Mapping[str, Any], callback: Any) -> None:
        self.view = view
        self.callback = callback
        self.is_safe = method in permissions.SAFE_METHODS
        self.has_body = "requestBody" in operation
        parameters = operation.get("parameters", ())
        self.has_path_parameters = any(each["in"] == "path" for each in parameters)
        self.query = {each["name"] for each in parameters if each["in"] == "query"}
        self.negotiates = isinstance(view.get_content_negotiator(), DefaultContentNegotiation)
        self.authenticators: Sequence[Any] = view.get_authenticators()

    def statuses(self) -> Iterator[int]:
        """Yield the statuses of its errors."""
        if self.has_body or self.query - self._harmless_parameters():
            yield 400
        is_hidden = self._is_hidden()
        if not is_hidden:
            yield from self._refusals()
        if is_hidden or self._can_be_missing():
            yield 404
        # In a scope that is a 404 too, since nobody has been asked yet who may know.
        if not is_hidden and (self.negotiates or self._is_versioned(AcceptHeaderVersioning)):
            yield 406
        if self.has_body:
            if self._has_limit():
                yield 413
            if all(parser.media_type != "*/*" for parser in self.view.get_parsers()):
                yield 415
        is_told = not (is_hidden and self.has_path_parameters)  # The object's permission is.
        if is_told and any(map(self._throttles, self.view.get_throttles())):
            yield 429
        yield 500

    def _has_limit(self) -> bool:
        """Return whether Django limits how much a parser reads."""
        limited = any(isinstance(each, _LIMITED_PARSERS) for each in self.view.get_parsers())
        return limited and settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None

    def _harmless_parameters(self) -> set[str]:
        """Return the names of query parameters that no value of is a 400.

        A wrong format or page is a 404, and a wrong order is none.
        """
        names: set[Any] = {api_settings.URL_FORMAT_OVERRIDE}
        paginator = getattr(self.view, "paginator", None)
        if paginator is not None:
            names |= {each["name"] for each in paginator.get_schema_operation_parameters(self.view)}
        backends = getattr(self.view, "filter_backends", ())
        names |= {getattr(each, "ordering_param", None) for each in backends}
        return names

    def _refusals(self) -> Iterator[int]:
        """Yield 401 and 403, if those who ask can be refused."""
        refused = frozenset().union(*map(self._refused_by, self.view.get_permissions()))
        kinds = [type(each) for each in self.authenticators]
        challenge = self.view.get_authenticate_header(self.view.request)
        # A view without authentication has a challenge only if it takes credentials itself.
        can_be_wrong = any(kind not in _WITHOUT_CREDENTIALS for kind in kinds)
        if can_be_wrong or (_STRANGERS in refused and kinds) or (challenge and not kinds):
            yield 401 if challenge else 403
        # A session has to prove that it isn't used by another site.
        has_session = any(issubclass(kind, SessionAuthentication) for kind in kinds)
        if _USERS in refused or (refused and not kinds) or (has_session and not self.is_safe):
            yield 403

    def _refused_by(self, permission: Any) -> frozenset[str]:
        """Return whom `permission` can refuse."""
        kind = type(permission)
        if kind in (permissions.AND, permissions.OR):
            one, other = self._refused_by(permission.op1), self._refused_by(permission.op2)
            return one | other if kind is permissions.AND else one & other
        if kind is permissions.IsAuthenticated:
            return frozenset({_STRANGERS})
        if kind is permissions.IsAuthenticatedOrReadOnly:
            return frozenset(() if self.is_safe else {_STRANGERS})
        base = permissions.BasePermission
        asks = getattr(kind, "has_permission", None) is not base.has_permission
        asks_of_objects = (
            self.has_path_parameters
            and getattr(kind, "has_object_permission", None) is not base.has_object_permission
        )
        if kind is permissions.AllowAny or not (asks or asks_of_objects):
            return frozenset()
        return frozenset({_STRANGERS, _USERS})

    def _is_hidden(self) -> bool:
        """Return whether nobody is told of a 401 or a 403 of this view.

        By what it is routed by: the class may be routed elsewhere without hiding, and what marks
        it is inherited.
        """
        if self.callback is not None:
            policy = getattr(self.callback, POLICY, None)
            return policy is not None and policy.is_exempt is CONDITIONS["nobody"]
        is_in_scope = hasattr(type(self.view).check_permissions, OBSERVED)
        return is_in_scope and getattr(self.view, "hide_exempt", "nobody") == "nobody"

    def _can_be_missing(self) -> bool:
        return (
            self.has_path_parameters
            or bool(self.negotiates and api_settings.URL_FORMAT_OVERRIDE)
            or self._has_pages()
            or self._is_versioned(BaseVersioning, AcceptHeaderVersioning)
        )

    def _has_pages(self) -> bool:
        paginator = getattr(self.view, "paginator", None)
        names = ("page_query_param", "cursor_query_param")
        return any(getattr(paginator, name, None) in self.query for name in names)

    def _is_versioned(self, kind: type, other_than: tuple[type, ...] | type = ()) -> bool:
        """Return whether the versions that there are of the view are of this kind."""
        versioning = self.view.versioning_class
        return (
            versioning is not None
            and issubclass(versioning, kind)
            and not issubclass(versioning, other_than)
            and bool(versioning.allowed_versions)
        )

    def _throttles(self, throttle: Any) -> bool:
        """Return whether `throttle` has a rate for the view."""
        if isinstance(throttle, ScopedRateThrottle):
            return getattr(self.view, throttle.scope_attr, None) is not None
        return not isinstance(throttle, SimpleRateThrottle) or throttle.rate is not None


def _is_problem(kind: object) -> bool:
    return isinstance(kind, Problem) or (isinstance(kind, type) and issubclass(kind, HttpError))


def _problem_of(kind: Any) -> Problem:
    """Return what a class of the app's exceptions, or a Problem, stands for."""
    problem: Problem = kind if isinstance(kind, Problem) else kind().problem
    return problem


def _name_of(kind: Any) -> str:
    """Return what a declared problem is called: by its class, its code, or the end of its type."""
    if isinstance(kind, type):
        return kind.__name__
    words = kind.code or re.split(r"[/#:]", kind.type.rstrip("/"))[-1]
    return "".join(map(str.title, re.findall(r"[A-Za-z0-9]+", words))) or "Problem"
