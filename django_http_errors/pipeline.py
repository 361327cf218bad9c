"""The road: every error walks it once, from the door that it came in by to the response.

    catalogue     exception or status → Problem     `exceptions.problem_for`, at the door
    settle        Problem → Problem                 what may be told, and of which request
    negotiation   Accept → form                     `choose`
    renderers     Problem → bytes                   `write`
    responses     bytes → HttpResponse              which fields HTTP owes

Nothing here raises: each step has a fallback, and the last one is constant bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from . import debug, negotiation, renderers, responses
from .conf import http_errors
from .exceptions import problem_for
from .methods import allowed_methods
from .problems import Problem, web_address
from .request_ids import request_id
from .responses import ProblemResponse

if TYPE_CHECKING:
    from .renderers import ContextMaker, Form

logger = logging.getLogger("django_http_errors")

# Set on a request by the middleware for as long as it is going to see the response.
IN_FLIGHT = "_http_errors_in_flight"

LONGEST_INSTANCE = 2048
LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"

# Where a request that isn't for a document goes (Fetch Metadata Request Headers, 2.1): a page
# would be wasted on it.
_SUBRESOURCES = frozenset(
    "audio audioworklet font image manifest paintworklet script serviceworker sharedworker "
    "style track video worker xslt".split()
)


def no_context() -> dict[str, Any]:
    """Add nothing to the context of a template."""
    return {}


def answer(
    request: HttpRequest, problem: Problem, context: ContextMaker = no_context
) -> HttpResponse:
    """Return the answer to `request`; for the doors.

    Where the middleware is going to see the response, it finishes it: under ASGI a handler runs
    in a thread that isn't the request's, where nothing may touch the database.

    context: gives what a view adds to the context of a template; called if one is rendered
    """
    response = ProblemResponse(problem, context)
    if getattr(request, IN_FLIGHT, False):
        # Django logs the error before the response is finished, and the id belongs in the log.
        request_id(request, make=problem.status >= 500)
    else:
        finish(request, response)
    return response


def is_unfinished(response: HttpResponseBase) -> bool:
    """Tell whether `finish` has something to do for `response`."""
    if isinstance(response, ProblemResponse):
        return response.pending
    return responses.is_bare(response) or debug.is_technical_page(response)


def finish(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give an unfinished response its content and its fields."""
    try:
        form = choose(request)
        if isinstance(response, ProblemResponse):
            problem, context = response.problem, response.context_maker
            response.pending = False
        elif debug.is_technical_page(response):
            if debug.is_wanted(response, form.media_type):
                return
            # Django's page may have another status than the app has for the exception.
            problem = problem_for(debug.remembered(request), response.status_code)
            context = no_context
        else:
            problem, context = responses.problem_of(response), no_context
        with language_of(request) as language:
            problem = settle(request, problem)
            body, content_type = write(problem, request, context, form)
            responses.fill(response, problem, body, content_type, language)
            responses.set_fields(response, problem, request, vary())
    except Exception:
        logger.exception("An error could not be answered as it should")
        responses.fill_with_last_resort(response)


def settle(request: HttpRequest, problem: Problem) -> Problem:
    """Return `problem` as it will be told: with what is known of the request it is about."""
    try:
        instance = _within_bounds(escape_leading_slashes(escape_uri_path(request.path)))
        here = _within_bounds(web_address(request.get_full_path())) or instance
        if problem.headers:
            headers = CaseInsensitiveMapping(dict(problem.headers))
            problem = replace(problem, **responses.members_of(problem.status, headers))
        allow = problem.allow
        if problem.status == 405 and allow is None:
            allow = allowed_methods(request)
        return replace(
            problem,
            instance=instance,
            request_id=request_id(request, make=problem.status >= 500),
            allow=allow,
            available=tuple(
                each if each.href else replace(each, href=here) for each in problem.available
            ),
            extensions={**problem.extensions, **debug.details(request)},
        )
    except Exception:
        logger.exception("What is known of the request could not be told")
        return problem


def _within_bounds(address: str) -> str:
    """Return `address` if it is a path, and of a length to send back; "" if not."""
    return address if address.startswith("/") and len(address) <= LONGEST_INSTANCE else ""


def choose(request: HttpRequest) -> Form:
    """Return the form that the client prefers, or what its path has by default.

    An Accept field that can't be met doesn't change the status of an error (RFC 9110, 12.5.1).
    """
    forms = {form.media_type: form for form in renderers.forms()}
    if request.META.get("HTTP_SEC_FETCH_DEST") in _SUBRESOURCES and "text/plain" in forms:
        return forms["text/plain"]
    path = request.path_info
    presets = (kind for start, kind in http_errors.DEFAULT_MEDIA_TYPES if path.startswith(start))
    preset = next(presets, "")  # OPTIONS * has no path that begins with anything.
    if preset not in forms:
        preset = next(iter(forms))
    return forms[negotiation.best(request.META.get("HTTP_ACCEPT"), tuple(forms), preset) or preset]


def write(
    problem: Problem, request: HttpRequest, context: ContextMaker, form: Form
) -> tuple[bytes, str]:
    """Return `problem` in `form`, by the first of its steps that works, and the content type."""
    for step in form.steps:
        try:
            body = step(problem, request, context)
            if body is not None:
                return body, form.content_type
        except Exception:
            logger.exception(
                "The %s for status %d could not be rendered", form.media_type, problem.status
            )
    body = responses.last_resort(problem.status, form.media_type)
    return body, responses.content_type(form.media_type)


def vary() -> tuple[str, ...]:
    """Return the request fields that an answer depends on."""
    fields = ("Accept", "Sec-Fetch-Dest")
    if settings.USE_I18N and LOCALE_MIDDLEWARE in settings.MIDDLEWARE:
        return (*fields, "Accept-Language")
    return fields


@contextmanager
def language_of(request: HttpRequest) -> Iterator[str]:
    """Speak the language of `request`, and yield its tag.

    What is active is right unless the error came before LocaleMiddleware did: then it may be
    what the thread's last visitor spoke.
    """
    if (
        settings.USE_I18N
        and not hasattr(request, "LANGUAGE_CODE")
        and LOCALE_MIDDLEWARE in settings.MIDDLEWARE
    ):
        with translation.override(translation.get_language_from_request(request)):
            yield translation.get_language()
    else:
        yield translation.get_language() or settings.LANGUAGE_CODE
