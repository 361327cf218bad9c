"""The pipeline: what becomes of an error between the entry point and the response.

    exception or status -> Problem    what happened?                      core.exception_mapping
    hide                              must it be hidden?                  hiding
    apply rules                       for good, or for now?               rules.permanence
    apply words                       in whose words, which language?     rules.messages
    negotiate                         in which format?                    http.negotiation
    render                            Problem -> bytes                    http.renderers
    headers                           which headers are required?         http.headers

`complete` runs it, for every entry point, and `finish` reads from top to bottom. Nothing here
raises: each step has a fallback, and the last one is constant bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.datastructures import CaseInsensitiveMapping

from ..conf import http_errors
from ..hiding import leaks, policies
from ..hiding.policies import HidingPolicy
from ..http import headers, representations, responses
from ..http.csp import csp_nonce
from ..http.csrf import send_csrf_secret
from ..http.headers import Headers
from ..http.instance import address_of, instance_of
from ..http.methods import allowed_methods
from ..http.renderers import RenderInput
from ..http.representations import RendererEntry, prepared_answer
from ..http.request_ids import request_id, send_request_id
from ..http.responses import ErrorResponse, GetContext, UnfinishedError
from ..http.shapes import Shape, shape_of
from ..models import MatchType
from ..problems import Problem
from ..rules import announcements
from ..rules.messages import apply_messages, fill_placeholders, has_own_words
from ..rules.permanence import apply_rules
from ..rules.rows import PermanenceRow
from ..rules.snapshot import UNREAD, Snapshot, snapshots
from . import debug, missing_pages, rule_hits
from .exception_mapping import forget_problem, problem_for
from .languages import (
    ENGLISH,
    is_translated,
    language_of,
    language_of_visitor,
    language_redirect,
)
from .own_types import with_own_type
from .request_info import RequestInfo
from .slashes import is_redirected_to_slash
from .statuses import error_status, translated, translated_default, without_home
from .way_on import NOWHERE, WayOn, has_home, may_lead_to_login, way_on
from .words import duration

logger = logging.getLogger("django_http_errors")


def answer(
    request: HttpRequest,
    problem: Problem,
    *,
    exception: BaseException | None = None,
    get_context: GetContext | None = None,
) -> HttpResponseBase:
    """Return the answer to `request`, for the entry points.

    exception: what the problem stands for
    get_context: gives what a view adds to the context of a template; called if one is rendered
    """
    response = ErrorResponse(problem, exception, get_context)
    # Django logs a server error before it is finished, and its id belongs in the log.
    if RequestInfo.of(request).is_innermost and problem.status < 500:
        return response
    return complete(request, response)


def complete(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return what goes out for the error `response`: hidden if it must be, and finished.

    It is left unfinished where a middleware around the caller is going to finish it: what stands
    in between may still have a page or a redirect for the address, and then no rule and no
    template is asked.
    """
    info = RequestInfo.of(request)
    response = hide(request, response, info)
    hidden = response if isinstance(response, ErrorResponse) and response.hides_status else None
    # What is hidden is finished outside of all that has seen the view.
    if info.has_middleware or (hidden is not None and info.has_hiding_middleware):
        if response.status_code >= 500:
            # Django logs it before the response is finished, and the id belongs in the log.
            request_id(request, make=True, response=response)
        return response
    if hidden is not None:
        if not hidden.is_finished:
            # REST framework adds headers of the view's to all that it returns.
            response = responses.hidden_response(hidden, hidden.hides_status or 404)
        request = untouched(request)
        info = RequestInfo.of(request)
    if is_unfinished(response):
        finish(request, response, info)
    elif isinstance(response, UnfinishedError):
        # The site has written a page of its own into it, and nobody finishes it.
        forget_problem(vars(response).pop("raised", None))
    return response


def wants_challenge(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether `response` sends to a login page a client that can't sign in there.

    That is one that gets JSON here. All others keep the redirect, which then depends on Accept.
    """
    if not leaks.tells_way_back(response, request.path):
        return False
    patch_vary_headers(response, headers.vary())
    return negotiate(request).media_type.endswith("json")


def challenge(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the 401 that stands in the place of the redirect `response`."""
    successor = ErrorResponse(error_status(401).default_problem)
    responses.take_over(response, successor)
    return complete(request, successor)


def hide(request: HttpRequest, response: HttpResponseBase, info: RequestInfo) -> HttpResponseBase:
    """Return the 404 of a hiding scope in the place of an error that it hides.

    Any other response is returned as it is. A real 404 in a scope is replaced too, so that both
    are made of the same.
    """
    is_hidden = isinstance(response, ErrorResponse) and response.hides_status
    if is_hidden or response.status_code >= 500:
        return response
    # What is left to a middleware is looked at again there, by the latest rules. Here the database
    # may be of no use: a handler under ASGI runs in a thread that has no part in the request's
    # transaction, and REST framework's when that is about to be rolled back.
    is_seen_again = info.has_middleware or info.has_hiding_middleware
    rule = rule_policy(request, info, from_memory=is_seen_again)
    # A redirect to a login that is not the view's own is what everybody is asked for who wants
    # anything of it (LoginRequiredMiddleware, login_required around a view that hides).
    is_error = response.status_code >= 400
    view = policies.view_policy(request, info) if is_error else None
    info.is_in_scope = view is not None or rule is not None
    for policy in (view, rule):
        if policy is None:
            continue
        status = leaks.leaking_status(request, response)
        if policy.hides(status, info.shown) and not policies.is_exempt(policy, request):
            return hide_by(policy, request, response, status)
    return response


def hide_by(
    policy: HidingPolicy, request: HttpRequest, response: HttpResponseBase, status: int
) -> ErrorResponse:
    """Return the 404 that stands in the place of `response`, and report it to the operators."""
    info = RequestInfo.of(request)
    info.has_hidden = info.is_silent = True
    # The middleware of the policy adds the nonce to it if somebody asked for one: now somebody has.
    csp_nonce(request)
    policies.forget_view(request, info)
    policies.report_hidden(request, response, status, policy)
    forget_problem(getattr(response, "raised", None))
    return responses.hidden_response(response, status)


def rule_policy(
    request: HttpRequest, info: RequestInfo, *, from_memory: bool = False
) -> HidingPolicy | None:
    """Return the policy of the hiding rule that covers the path of `request`, None without one.

    from_memory: be content with the rules that are known, as before a view; it is looked for again
        when something could tell
    """
    if not (info.knows_rule_policy or (from_memory and info.has_looked_in_memory)):
        try:
            snapshot = snapshots.current(from_memory=True) if from_memory else _snapshot(info)
            if snapshot is UNREAD and (info.has_hiding_middleware or info.untouched_request):
                info.rule_policy = policies.UNREAD_RULES
            else:
                info.rule_policy = policies.rule_policy(request, info, snapshot.hiding)
            info.has_looked_in_memory = True
            info.knows_rule_policy = not from_memory
        except Exception:
            logger.exception("Whether a hiding rule covers an address could not be found out")
    return info.rule_policy


def announce(request: HttpRequest, response: HttpResponseBase, info: RequestInfo) -> None:
    """Let a success say if a rule is going to take away what is there, by what is in memory.

    No success waits for the database: it is asked for edits when one has been sent.
    """
    try:
        rules = snapshots.announced()
        if rules is None:
            return
        if snapshots.is_due():
            response._resource_closers.append(snapshots.ask_when_sent)  # type: ignore[attr-defined]
        if rules.may_cover(info.path):
            rule = announcements.announced(rules, info.path, info.host(request), info.now)
            if rule is not None:
                announcements.announce(response, rule)
    except Exception:
        logger.exception("A rule could not be announced")


def _snapshot(info: RequestInfo, *, from_memory: bool = False) -> Snapshot:
    """Return the messages and rules that all of the answer goes by."""
    if info.snapshot is None:
        info.snapshot = snapshots.current(from_memory=from_memory)
    return info.snapshot


def untouched(request: HttpRequest) -> HttpRequest:
    """Return `request` as it was before any view saw it, for the page of a hiding scope.

    What a view has left on it (an object, a language, messages) would tell that there is one. A
    request that no view was called for is one already, but for what the resolver found.
    """
    info = RequestInfo.of(request)
    bare = info.untouched_request or policies.copy_request(request, is_touched=True)
    bare_info = RequestInfo.of(bare)
    bare_info.snapshot = info.snapshot
    bare_info.is_silent = True
    return bare


def is_unfinished(response: HttpResponseBase) -> bool:
    """Return whether `finish` has something to do for the error `response`."""
    if isinstance(response, UnfinishedError):
        return not (response.is_finished or response.is_replaced)
    return responses.is_bare(response) or debug.is_technical_page(response)


def finish(request: HttpRequest, response: HttpResponseBase, info: RequestInfo) -> None:
    """Give an unfinished `response` its status, its content and its headers."""
    error = response if isinstance(response, UnfinishedError) else None
    try:
        if error is not None:
            error.is_finished = True
            problem = error.own_problem
        elif not debug.is_technical_page(response):
            problem = responses.problem_of(response)
        elif debug.is_wanted(response, negotiate(request).media_type):
            return
        else:
            # Django's page may have another status than the app has for the exception.
            problem = problem_for(info.exception, response.status_code)
        is_hidden = error is not None and error.hides_status is not None
        info.language, override = language_of(request, own=not is_hidden)
        own_renderer = error.own_renderer() if error is not None else None
        if override is None:
            given, body, made = rendered(problem, request, response, info, own_renderer)
        else:
            with override:
                given, body, made = rendered(problem, request, response, info, own_renderer)
        responses.fill(response, given.problem.status, body)
        headers.set_headers(response, given.problem, made, request.META)
        if info.has_made_request_id:
            send_request_id(request, response)
        if given.is_personal:
            headers.make_private(response)
            send_csrf_secret(request, response)
        if error is not None:
            error.set_problem(given.complete_problem)
        else:
            response.problem = given.complete_problem()  # type: ignore[attr-defined]
    except Exception:
        logger.exception("An error could not be answered as it should")
        responses.fill_with_last_resort(response)
    finally:
        # Its traceback leads to frames that hold the response: all of it would wait for the
        # garbage collector.
        forget_problem(vars(response).pop("raised", None))


def rendered(
    problem: Problem,
    request: HttpRequest,
    response: HttpResponseBase,
    info: RequestInfo,
    own_renderer: RendererEntry | None,
) -> tuple[RenderInput, bytes, Headers]:
    """Return what a body for `problem` is made from, the body, and the headers for it.

    All of it is in the active language, or in English, if there are no words in that one.
    """
    if info.language != ENGLISH and not has_words(problem, request, info, own_renderer):
        info.language = ENGLISH
        with translation.override(ENGLISH):
            return rendered(problem, request, response, info, own_renderer)
    error = response if isinstance(response, UnfinishedError) else UnfinishedError()
    problem = apply_policies(problem, request, info)
    if http_errors.MISSING_PAGES and error.hides_status is None:
        count(problem, request, response, info)
    problem = add_request_details(problem, request)
    problem = with_own_type(problem, error.raised, request)
    given = RenderInput(
        problem,
        request,
        instance_of(request),
        request_id(request, make=problem.status >= 500, response=response),
        error.get_context,
        partial(find_way_on, problem, request, info),
    )
    prepared = None if own_renderer else prepared_answer(given)
    if prepared is not None:
        return given, *prepared
    body, content_type = render(own_renderer or negotiate(request), given)
    return given, body, headers.headers_for(problem, content_type, request.META)


def count(
    problem: Problem, request: HttpRequest, response: HttpResponseBase, info: RequestInfo
) -> None:
    """Count a page that a visitor didn't find, or that a rule was needed to say what became of it.

    Nothing where a hiding scope could be told by it.
    """
    if problem.status != 404 and info.rule is None:
        return
    if info.method not in ("GET", "HEAD") or info.is_in_scope or info.is_rehearsal:
        return
    snapshot = _snapshot(info)
    if snapshot is UNREAD:
        return  # Neither what is hidden is known, nor whose table it is for.
    if info.rule is not None:
        rule_hits.hits.add(response, info.rule, snapshot.schema)
    else:
        missing_pages.counter.count(response, request, snapshot.schema)


def apply_policies(problem: Problem, request: HttpRequest, info: RequestInfo) -> Problem:
    """Return `problem` by the rules and in the words of the site, in the active language.

    What fails is logged, and leaves the problem as it was; what can't be put into words is
    answered by the default problem of the status.
    """
    try:
        # A crash may come from the database: its answer doesn't wait for news from there.
        snapshot = _snapshot(info, from_memory=problem.status == 500)
        own = problem
        problem = _with_rules(problem, snapshot, request, info)
        if snapshot.messages:
            host, language = info.host(request), info.language.lower()
            problem = apply_messages(problem, snapshot.messages, info.path_key, host, language)
        if problem is not own:
            problem = fill_placeholders(problem, own, placeholders(problem, request, info))
    except Exception:
        logger.exception("Rules and messages could not be applied")
    try:
        problem = translated(problem, info.language)
        info.has_home = has_home(request, info.language)
        is_lost = problem.status == 404 and not info.has_home
        return without_home(problem, info.language) if is_lost else problem
    except Exception:
        logger.exception("An error could not be put into words")
    return translated_default(problem.status, info.language)


def _with_rules(
    problem: Problem, snapshot: Snapshot, request: HttpRequest, info: RequestInfo
) -> Problem:
    # Most paths have no rule, and to find out host and time takes longer than to see that.
    if problem.status == 404 and snapshot.rules.may_cover(info.path):
        host = info.host(request)
        by_rule, rule = apply_rules(problem, snapshot.rules, info.path, host, info.now)
        # What is redirected to a page is not gone; the rule decides there, if nothing is there.
        # What hides that is answered outside of the middleware that redirects.
        if rule is not None and (info.is_silent or not is_redirected(request, rule)):
            info.rule = rule.pk
            return by_rule
    return problem


def is_redirected(request: HttpRequest, rule: PermanenceRow) -> bool:
    """Return whether Django redirects a 404 to a page, for which `rule` leaves the answer a 404.

    A rule for many addresses does so too where one without a language leads to a page below one.
    A rule for just that address is meant for it.
    """
    language = language_of_visitor(request)
    is_active = translation.get_language() == language
    # To set it takes as long as all else here.
    with nullcontext() if is_active else translation.override(language):
        if is_redirected_to_slash(request):
            return True
    urlconf = getattr(request, "urlconf", None)
    is_for_many = rule.kind != MatchType.EXACT
    return is_for_many and bool(language_redirect(request.path_info, language, urlconf))


def placeholders(
    problem: Problem, request: HttpRequest, info: RequestInfo
) -> dict[str, Callable[[], str]]:
    """Return what gives the values of the placeholders in the words of editors."""
    seconds = problem.retry_after
    return {
        "path": lambda: request.path,
        "method": lambda: info.method,
        "status": lambda: str(problem.status),
        "host": lambda: info.host(request),
        "request_id": lambda: request_id(request, make=True),
        "retry_after": lambda: "" if seconds is None else duration(seconds),
    }


def add_request_details(problem: Problem, request: HttpRequest) -> Problem:
    """Return `problem` with what only some errors say of the request; most say nothing."""
    members: dict[str, Any] = {}
    if problem.headers:
        members.update(_members_of_headers(problem))
    if problem.status == 405 and members.get("allow", problem.allow) is None:
        members["allow"] = allowed_methods(request)
    if problem.available:
        here = address_of(request)
        members["available"] = tuple(
            each if each.href else replace(each, href=here) for each in problem.available
        )
    if settings.DEBUG:
        details = debug.details(request)
        if details:
            members["extensions"] = {**problem.extensions, **details}
    return problem.replaced(**members) if members else problem


def _members_of_headers(problem: Problem) -> dict[str, Any]:
    return headers.members_of(problem.status, CaseInsensitiveMapping(dict(problem.headers)))


def find_way_on(problem: Problem, request: HttpRequest, info: RequestInfo) -> WayOn:
    """Return where a page for `problem` leads on to; nowhere if that can't be found out.

    Nobody is asked to sign in where something is hidden, whatever the rules make of it.
    """
    try:
        is_hiding = may_lead_to_login(problem) and bool(
            policies.view_policy(request, info) or rule_policy(request, info)
        )
        address = partial(address_of, request)
        home, is_part = info.has_home, shape_of(request) is Shape.FRAGMENT
        return way_on(
            problem, request, address, has_home=home, is_hiding=is_hiding, is_part=is_part
        )
    except Exception:
        logger.exception("Where a page leads on to could not be found out")
        return NOWHERE


def negotiate(request: HttpRequest) -> RendererEntry:
    """Return the renderer of the representation that the client of `request` gets."""
    return representations.renderer_for(representations.wish_of(request))


def render(renderer: RendererEntry, given: RenderInput) -> tuple[bytes, str]:
    """Return the body by the first of the fallbacks that works, and its content type."""
    status, media_type = given.problem.status, renderer.media_type
    for fallback in renderer.fallbacks:
        try:
            body = fallback(given)
            if body is not None or fallback is renderer.fallbacks[-1]:
                content_type = given.content_type or renderer.content_type
                return b"".join((body,)), content_type  # type: ignore[arg-type] # or raises
        except DisallowedHost:
            # Scanners send such a Host all day, and Django has logged it: a traceback of each
            # page that asks for the host would only hide the others.
            logger.warning(
                "The %s for status %d could not be rendered: the Host of the request isn't the"
                " site's",
                media_type,
                status,
            )
        except Exception:
            logger.exception("The %s for status %d could not be rendered", media_type, status)
            # As Django does where a template of its handlers fails: what tracks errors, and the
            # client of a project's tests, would see nothing else of it.
            if not RequestInfo.of(given.request).is_rehearsal:
                got_request_exception.send_robust(sender=None, request=given.request)
    body = responses.last_resort(status, media_type)
    return body, responses.last_resort_content_type(media_type)


def has_words(
    problem: Problem, request: HttpRequest, info: RequestInfo, own_renderer: RendererEntry | None
) -> bool:
    """Return whether the app, the site or its editors have words in the language of the request.

    If not, all of the answer is in English: what is labelled as Korean must not be half English.
    """
    try:
        return is_translated(info.language) or _is_by_the_site(problem, request, info, own_renderer)
    except Exception:
        logger.exception("Whether there are words in a language could not be found out")
        return False


def _is_by_the_site(
    problem: Problem, request: HttpRequest, info: RequestInfo, own_renderer: RendererEntry | None
) -> bool:
    """Return whether the site has words of its own in a language that the app has none in."""
    language = info.language.lower()
    snapshot = _snapshot(info, from_memory=problem.status == 500)
    problem = _with_rules(problem, snapshot, request, info)
    entry = own_renderer or negotiate(request)
    if entry.media_type == "text/html" and representations.is_by_the_site(entry, problem.status):
        return True
    host = info.host(request) if snapshot.messages else ""
    return has_own_words(
        problem,
        snapshot.messages.matching(problem.status, info.path_key, host, language),
        is_sites_language=language == settings.LANGUAGE_CODE.lower(),
    )
