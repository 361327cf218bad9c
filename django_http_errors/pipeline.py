"""The road: every error walks it once, from the door that it came in by to the response.

    catalogue     exception or status → Problem     `exceptions.problem_for`, at the door
    conceal       403, 404 → the 404 of a scope     what must not be told
    settle        Problem → Problem                 what may be told, and of which request
    negotiation   Accept → form                     `choose`
    renderers     Problem → bytes                   `write`
    responses     bytes → HttpResponse              which fields HTTP owes

Nothing here raises: each step has a fallback, and the last one is constant bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from . import catalogue, debug, negotiation, renderers, responses
from .addresses import web_address
from .conf import http_errors
from .exceptions import problem_for
from .methods import allowed_methods
from .policies import hiding, messages, permanence
from .policies.facts import Facts
from .policies.store import Snapshot, store
from .problems import Problem
from .request_ids import forget, request_id
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
    request: HttpRequest,
    problem: Problem,
    context: ContextMaker = no_context,
    cause: BaseException | None = None,
) -> HttpResponseBase:
    """Return the answer to `request`; for the doors.

    Where the middleware is going to see the response, it finishes it: under ASGI a handler runs
    in a thread that isn't the request's, where nothing may touch the database.

    context: gives what a view adds to the context of a template; called if one is rendered
    cause: the exception that the problem stands for
    """
    response = ProblemResponse(problem, context, cause)
    if getattr(request, IN_FLIGHT, False):
        # Django logs the error before the response is finished, and the id belongs in the log.
        request_id(request, make=problem.status >= 500)
        return response
    return outgoing(request, response)


def may_change(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether `outgoing` could make something else of `response`; False for a success.

    A redirect may be one to a login page, and OPTIONS is answered without a look at who asks.
    """
    return response.status_code >= 300 or request.method == "OPTIONS"


def outgoing(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return what goes out for `response`: concealed if need be, and finished."""
    response = conceal(request, response)
    if response.status_code >= 400 and is_unfinished(response):
        finish(request, response)
    return response


def conceal(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the 404 of a scope in the place of what it hides; any other response as it is.

    A true 404 in a scope is replaced too, so that both are made of the same.
    """
    if isinstance(response, ProblemResponse) and response.concealing:
        return response
    status = response.status_code
    if responses.is_login_redirect(response, request.path):
        status = 401
    telling = request.method == "OPTIONS" or responses.is_respelling(response, request.path)
    if (status < 400 and not telling) or status >= 500:
        return response
    for scope in scopes_of(request, error=status >= 400):
        hidden = scope.covers(status) or _betrays(request, status, scope)
        if hidden and not hiding.is_exempt(scope, request):
            hiding.note(request, response, status, scope)
            debug.silence(request)
            forget(request)  # An id that a view had made would tell that there is one.
            renderers.csp_nonce(request)  # So would one that is used, in the policy.
            problem = catalogue.entry(404).problem()
            return responses.concealing(response, problem, no_context)
    return response


def _betrays(request: HttpRequest, status: int, scope: hiding.Scope) -> bool:
    """Tell whether a success or a redirect would tell that an address is routed.

    A view under `hide_forbidden` has looked after such answers itself.
    """
    if scope.rule is None or status >= 400:
        return False
    return request.method == "OPTIONS" or scope.fold_client_errors


def scopes_of(request: HttpRequest, *, error: bool = True) -> list[hiding.Scope]:
    """Return the scopes that `request` is in: the view's, and that of a rule.

    error: whether the request has failed; one that has not is no reason to ask the database
    """
    found = hiding.scope_of_view(request)
    scopes = [] if found is None else [found]
    try:
        rules = store.current(from_memory=not error).hiding
        if len(rules):
            found = hiding.scope_of_rules(Facts.of(request, ""), rules)
            if found is not None:
                scopes.append(found)
    except Exception:
        logger.exception("Whether a hiding rule covers an address could not be found out")
    return scopes


def is_unfinished(response: HttpResponseBase) -> bool:
    """Tell whether `finish` has something to do for `response`."""
    if isinstance(response, ProblemResponse):
        return response.pending
    return responses.is_bare(response) or debug.is_technical_page(response)


def finish(
    request: HttpRequest, response: HttpResponseBase, snapshot: Snapshot | None = None
) -> None:
    """Give an unfinished response its content and its fields.

    snapshot: the messages and rules to go by; left out, those of the site
    """
    concealing = isinstance(response, ProblemResponse) and response.concealing
    try:
        if concealing:
            request = _unrouted(request)
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
        with language_of(request, own=not concealing) as language:
            problem = settle(request, problem, snapshot)
            body, content_type = write(problem, request, context, form)
            responses.fill(response, problem, body, content_type, language)
            responses.set_fields(response, problem, request, vary())
    except Exception:
        logger.exception("An error could not be answered as it should")
        responses.fill_with_last_resort(response)


def _unrouted(request: HttpRequest) -> HttpRequest:
    """Return `request` as a template finds it where there is no view.

    The route, and messages that a view has left for the visitor, would betray that there is one.
    """
    bare = copy(request)
    bare.resolver_match = None
    bare.__dict__.pop("_messages", None)
    return bare


def settle(request: HttpRequest, problem: Problem, snapshot: Snapshot | None = None) -> Problem:
    """Return `problem` as it will be told: what the policies make of it, for this request."""
    told = problem
    try:
        if snapshot is None:
            # A crash may come from the database: its answer doesn't wait for news from there.
            snapshot = store.current(from_memory=problem.status == 500)
        if len(snapshot.rules) or len(snapshot.messages):
            facts = Facts.of(request, translation.get_language() or "")
            told = permanence.decide(told, facts, snapshot.rules)
            told = messages.choose(told, facts, snapshot.messages)
            told = messages.filled_in(told, problem, _placeholders(request, facts, told))
        told = situated(request, told)
    except Exception:
        logger.exception("What may be told of an error could not be found out")
    return told


def _placeholders(
    request: HttpRequest, facts: Facts, problem: Problem
) -> dict[str, Callable[[], str]]:
    """Return what gives the values of the placeholders in the words of editors."""
    seconds = problem.retry_after
    return {
        "path": lambda: request.path,
        "method": lambda: facts.method,
        "status": lambda: str(problem.status),
        "host": lambda: facts.host,
        "request_id": lambda: request_id(request, make=True),
        "retry_after": lambda: "" if seconds is None else renderers.wait(seconds),
    }


def situated(request: HttpRequest, problem: Problem) -> Problem:
    """Return `problem` with what is known of the request that it is about."""
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
            if body is not None or step is form.steps[-1]:
                return b"".join((body,)), form.content_type  # type: ignore[arg-type] # or raises
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
def language_of(request: HttpRequest, *, own: bool = True) -> Iterator[str]:
    """Speak the language of `request`, and yield its tag.

    What is active is right unless the error came before LocaleMiddleware did: then it may be
    what the thread's last visitor spoke.

    own: whether a view may have changed the language; what hides a view doesn't show that
    """
    language = getattr(request, "LANGUAGE_CODE", None)
    if settings.USE_I18N and language is None and LOCALE_MIDDLEWARE in settings.MIDDLEWARE:
        language = translation.get_language_from_request(request)
        own = False
    if own:
        yield translation.get_language() or settings.LANGUAGE_CODE
    else:
        with translation.override(language or settings.LANGUAGE_CODE):
            yield translation.get_language()
