"""Pages that explain the problem types of a project's own, to be included in a URLconf.

    path("problems/", include("django_http_errors.problem_types"))

Once they are, the address of its page is the `type` of each exception class of the project's that
has none of its own. Where a site has several hosts, name the one that the addresses are on::

    path("problems/", include("django_http_errors.problem_types"), {"origin": "https://example.com"})
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, TemplateDoesNotExist, loader
from django.urls import get_script_prefix, path
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from .core import pipeline
from .core.languages import ENGLISH, is_translated
from .core.own_types import BLANK, PAGES, address_of, example_of, own_types
from .core.statuses import error_status
from .exceptions import HttpError, NotFound
from .http.csp import lazy_csp_nonce
from .http.headers import vary
from .http.renderers import json_bytes, own_engine, site_name, style
from .http.spelling import spelled
from .problems import Problem

logger = logging.getLogger("django_http_errors")

app_name = PAGES

_JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    type(None): "null",
}


class ProblemType(NamedTuple):
    """What is said of a type.

    href: the address of its page
    members: the members of the JSON formats, each with the type of its value
    example: the members of a problem of this type
    """

    type: str
    title: str
    detail: str
    status: int
    permanence: str
    phrase: str
    href: str
    members: dict[str, str]
    example: dict[str, Any]

    @property
    def example_json(self) -> str:
        lines = (f"  {_json(name)}: {_json(value)}" for name, value in self.example.items())
        return "{\n" + ",\n".join(lines) + "\n}"

    def as_dict(self) -> dict[str, Any]:
        names = ("type", "title", "detail", "status", "permanence", "href", "members", "example")
        return {name: getattr(self, name) for name in names}


def _json(value: Any) -> str:
    return json_bytes(value).decode()


def _problem_type(kind: type[HttpError], request: HttpRequest) -> ProblemType:
    href = address_of(kind, request)
    problem = example_of(kind)
    if problem.type == BLANK:
        problem = problem.replaced(type=href)
    request_id = "5f3a9c0d2b8e4f71" if problem.status >= 500 else ""
    problem = problem.replaced(instance="/", request_id=request_id).translated("")
    example = _members(problem)
    return ProblemType(
        problem.type,
        str(problem.title),
        str(problem.detail),
        problem.status,
        str(problem.permanence),
        str(error_status(problem.status).title),
        href,
        {name: _JSON_TYPES.get(type(value), "object") for name, value in example.items()},
        example,
    )


def _members(problem: Problem) -> dict[str, Any]:
    """Return the members of `problem`, but for those of its own that JSON can't hold."""
    members: dict[str, Any] = spelled(problem.as_dict())
    for name, value in list(members.items()):
        try:
            json_bytes(value)
        except (TypeError, ValueError, RecursionError):
            del members[name]
    return members


View = Callable[..., HttpResponse]


def _in_one_language(view: View) -> View:
    """Call `view` in the visitor's language, or in English if there are no words in that."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = translation.get_language() or settings.LANGUAGE_CODE
        if not is_translated(language):
            language = ENGLISH
        with translation.override(language):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, vary())
        return response

    return wrapper


def _described(kind: type[HttpError], request: HttpRequest) -> ProblemType | None:
    """Return what there is to say of `kind`; None where its own code fails, which is logged."""
    try:
        return _problem_type(kind, request)
    except Exception:
        logger.exception("The problem type %s could not be described", kind.__qualname__)
        return None


@require_safe
@_in_one_language
def type_list(request: HttpRequest, origin: str = "") -> HttpResponse:
    """Answer with the list of all types."""
    described = [_described(kind, request) for kind in own_types().values()]
    found = [each for each in described if each is not None]
    members = [
        {"type": each.type, "title": each.title, "status": each.status, "href": each.href}
        for each in found
    ]
    lines = (f"{each.status} {each.title}\n{each.href}" for each in found)
    return _answer(request, "problem_types", {"types": found}, members, "\n\n".join(lines))


@require_safe
@_in_one_language
def type_page(request: HttpRequest, app: str, name: str, origin: str = "") -> HttpResponse:
    """Answer with what there is to say of one type."""
    kind = own_types().get((app, name))
    found = _described(kind, request) if kind is not None else None
    if found is None:
        raise NotFound
    text = "\n".join(_lines(found))
    return _answer(request, "problem_type", {"type": found}, found.as_dict(), text)


def _lines(found: ProblemType) -> Iterator[str]:
    yield from (f"{found.status} {found.title}", found.type, "", found.detail, "")
    yield from (f"{name}: {kind}" for name, kind in found.members.items())
    yield from ("", found.example_json)


def _answer(
    request: HttpRequest, template: str, context: dict[str, Any], members: Any, text: str
) -> HttpResponse:
    """Return the answer in the form that the client prefers."""
    media_type = pipeline.negotiate(request).media_type
    if media_type.endswith("json"):
        return HttpResponse(json_bytes(members), "application/json")
    if media_type != "text/html":
        return HttpResponse(f"{text}\n", "text/plain; charset=utf-8")
    values = {
        **context,
        "style": style(),
        **site_name(),
        "home_url": get_script_prefix(),
    }
    nonce = lazy_csp_nonce(request)
    if nonce is not None:
        values["csp_nonce"] = nonce
    name = f"django_http_errors/{template}.html"
    try:
        # With the base of the project's, if it has put one in the place of the app's.
        return HttpResponse(loader.get_template(name).render(values, request))
    except TemplateDoesNotExist:
        return HttpResponse(own_engine().get_template(name).render(Context(values)))


urlpatterns = [
    path("", type_list, name="list"),
    path("<str:app>/<str:name>/", type_page, name="page"),
]
