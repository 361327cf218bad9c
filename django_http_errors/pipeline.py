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
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
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

# Kept on a request, so that one answer goes by one snapshot, and waits for it once.
SNAPSHOT = "_http_errors_snapshot"

LONGEST_INSTANCE = 2048
_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_.~-]+/?)*+")

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
        if problem.status >= 500:
            # Django logs it before the response is finished, and the id belongs in the log.
            request_id(request, make=True)
        return response
    return outgoing(request, response)


def may_change(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether `outgoing` could make something else of `response`; False for a success.

    A redirect may be one to a login page, and OPTIONS is answered without a look at who asks.
    """
    return response.status_code >= 300 or request.method == "OPTIONS"


def outgoing(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return what goes out for `response`: concealed if need be, and finished."""
    original = response
    response = conceal(request, response)
    # Its traceback leads to frames that hold the response: all of it would wait for the garbage
    # collector.
    vars(original).pop("cause", None)
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
    if status < 400 and responses.is_login_redirect(response, request.path):
        status = 401
    if status < 400:
        respelled = responses.is_respelling(response, request.path)
        if not (respelled or request.method == "OPTIONS"):
            return response
    elif status >= 500:
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
        snapshot = store.current(from_memory=not error)
        setattr(request, SNAPSHOT, snapshot)
        rules = snapshot.hiding
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
        language, spoken = language_of(request, own=not concealing)
        with spoken:
            problem = settle(request, problem, language, snapshot)
            body, content_type = write(problem, request, context, form)
            responses.fill(response, problem, body, content_type)
            responses.set_fields(response, problem, request)
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


def settle(
    request: HttpRequest, problem: Problem, language: str, snapshot: Snapshot | None = None
) -> Problem:
    """Return `problem` as it will be told: what the policies make of it, for this request.

    language: the tag of the language that is spoken
    """
    told = problem
    try:
        snapshot = snapshot or getattr(request, SNAPSHOT, None)
        if snapshot is None:
            # A crash may come from the database: its answer doesn't wait for news from there.
            snapshot = store.current(from_memory=problem.status == 500)
        if len(snapshot.rules) or len(snapshot.messages):
            facts = Facts.of(request, language)
            told = permanence.decide(told, facts, snapshot.rules)
            told = messages.choose(told, facts, snapshot.messages)
            if told is not problem:
                told = messages.filled_in(told, problem, _placeholders(request, facts, told))
    except Exception:
        logger.exception("What may be told of an error could not be found out")
    plain = catalogue.entry(told.status).problem()
    for each in (told, plain):
        try:
            return situated(request, each, language)
        except Exception:
            logger.exception("What is known of an error could not be put into words")
    return plain


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


def situated(request: HttpRequest, problem: Problem, language: str) -> Problem:
    """Return `problem` with what is known of the request, its words said in `language`."""
    members: dict[str, Any] = {
        "title": catalogue.said(problem.title, language),
        "detail": catalogue.said(problem.detail, language),
        "language": language,
        "instance": _path_of(request),
        "request_id": request_id(request, make=problem.status >= 500),
        # A copy: what is told of one request must not find its way into another.
        "extensions": {**problem.extensions},
    }
    if problem.headers:
        headers = CaseInsensitiveMapping(dict(problem.headers))
        members.update(responses.members_of(problem.status, headers))
    if problem.status == 405 and members.get("allow", problem.allow) is None:
        members["allow"] = allowed_methods(request)
    if problem.available:
        here = _within_bounds(web_address(request.get_full_path())) or members["instance"]
        members["available"] = tuple(
            each if each.href else replace(each, href=here) for each in problem.available
        )
    if settings.DEBUG:
        members["extensions"].update(debug.details(request))
    return problem.replaced(**members)


def _path_of(request: HttpRequest) -> str:
    """Return the path of `request` as a URI reference, "" if it is none to send back."""
    path = request.path
    if _PLAIN_PATH.fullmatch(path):
        return path if len(path) <= LONGEST_INSTANCE else ""
    return _within_bounds(escape_leading_slashes(escape_uri_path(path)))


def _within_bounds(address: str) -> str:
    """Return `address` if it is a path, and of a length to send back; "" if not."""
    return address if address.startswith("/") and len(address) <= LONGEST_INSTANCE else ""


def choose(request: HttpRequest) -> Form:
    """Return the form that the client prefers, or what its path has by default.

    An Accept field that can't be met doesn't change the status of an error (RFC 9110, 12.5.1).
    """
    forms = renderers.forms()
    if request.META.get("HTTP_SEC_FETCH_DEST") in _SUBRESOURCES and "text/plain" in forms:
        return forms["text/plain"]
    offers = tuple(forms)
    preset = _preset(request.path_info)
    if preset not in forms:
        preset = offers[0]
    return forms[negotiation.best(request.META.get("HTTP_ACCEPT"), offers, preset) or preset]


def _preset(path: str) -> str:
    for start, media_type in http_errors.DEFAULT_MEDIA_TYPES:
        if path.startswith(start):
            return media_type
    return ""  # OPTIONS * has no path that begins with anything.


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


def language_of(
    request: HttpRequest, *, own: bool = True
) -> tuple[str, AbstractContextManager[Any]]:
    """Return the tag of the language of `request`, and what has it spoken.

    What is active is right unless the error came before LocaleMiddleware did: then it may be
    what the thread's last visitor spoke.

    own: whether a view may have changed the language; what hides a view doesn't show that
    """
    language = getattr(request, "LANGUAGE_CODE", None)
    if language is None and http_errors.is_localised:
        language = translation.get_language_from_request(request)
        own = False
    if own:
        return translation.get_language() or settings.LANGUAGE_CODE, _ALREADY
    language = language or settings.LANGUAGE_CODE
    return language, translation.override(language)


_ALREADY = nullcontext()
