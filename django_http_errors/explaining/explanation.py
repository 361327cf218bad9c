"""Why an address is answered as it is: for the admin and for the shell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import ResolverMatch, get_resolver
from django.utils import translation
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

from ..core import pipeline
from ..core.languages import language_of_visitor
from ..core.request_info import RequestInfo
from ..core.slashes import is_redirected_to_slash
from ..core.statuses import error_status
from ..hiding import policies
from ..http.responses import ErrorResponse
from ..http.urls import path_key
from ..problems import Problem
from ..rules import permanence
from ..rules.rows import MessageRow, PermanenceRow
from ..rules.snapshot import Snapshot, snapshots
from . import handlers
from .answering import answering, answering_at, redirect_to, redirected_today
from .routes import language_redirect, may_set_urlconf, view_at, view_of


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that covers the address; the first that is in force decides."""

    rule: PermanenceRow
    in_force: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of an error at an address, and why.

    `match` is the view that answers at just this address as things are (None: the URLconf knows
    none), `response` the answer if there were none, or if that view raised the error.
    `hidden_by` is the primary key of the hiding rule that covers the address; the answer is that
    for anybody whom it exempts. `handler` names the site's own handler, which Django calls in the
    place of the app's at that status; "" if there is none. `answered_by` says in words what
    answers a 404 there before any rule is asked. `urlconf` is what was asked for a view, and
    `may_set_urlconf` the middleware that may choose another one, by the host for instance.
    """

    request: HttpRequest
    match: ResolverMatch | None
    rules: tuple[Considered, ...]
    messages: tuple[MessageRow, ...]
    problem: Problem
    response: ErrorResponse
    hidden_by: int | None = None
    handler: str = ""
    answered_by: tuple[str, ...] = ()
    urlconf: str = ""
    may_set_urlconf: tuple[str, ...] = ()

    @property
    def is_hidden_by_view(self) -> bool:
        """Whether the view hides what is at the address (`hide_forbidden`)."""
        return self.match is not None and hasattr(self.match.func, policies.POLICY)


def explain(
    address: str,
    *,
    status: int = 404,
    method: str = "GET",
    accept: str = "",
    language: str = "",
    host: str = "",
    nonce: str = "",
    snapshot: Snapshot | None = None,
    as_if_missing: bool = False,
) -> Explanation:
    """Return what a `status` at `address` is answered with, by the real pipeline.

    No view is called.

    address: a path, with or without a query string
    status: 400 to 599; ValueError for another
    accept, language: the Accept header and the language tag of the client; "": none
    host: the host name; "": localhost
    nonce: what lets the page's style through the Content-Security-Policy of where it is shown
    snapshot: the messages and rules to go by; left out, those of the site
    as_if_missing: whether to leave out what is there: a view, and what redirects to one
    """
    snapshot = snapshot or snapshots.current()
    request = request_for(
        address, method=method, accept=accept, language=language, host=host, nonce=nonce
    )
    response = ErrorResponse(error_status(status).default_problem)
    info = RequestInfo.of(request)
    info.snapshot = snapshot
    info.is_rehearsal = True
    # By what is in force: `snapshot` may be what somebody may see of it. Where every error is
    # hidden, redirects that tell of a route are too, and the rules decide.
    hiding = policies.rule_policy(request, info, snapshots.current().hiding)
    info.is_silent = as_if_missing or (hiding is not None and hiding.fold_client_errors)
    with translation.override(language or language_of_visitor(request)):
        pipeline.finish(request, response, info)
    policy = policies.rule_policy(request, info, snapshot.hiding)
    host = info.host(request)
    is_redirected = not info.is_silent and _is_redirected_to_slash(request)
    # Rules are asked inside of the middleware that redirects, but outside of it for what is hidden.
    sent = response.status_code if hiding is None else 404
    answered_by: tuple[str, ...] = ()
    if status == 404 and not as_if_missing:
        answered_by = tuple(_answered_by(request, info, sent, is_redirected))
    considered = []
    decided = status != 404
    for rule, in_force in permanence.considered(snapshot.rules, info.path, host, info.now):
        is_first = in_force and not decided
        steps_back = is_first and not info.is_silent and pipeline.is_redirected(request, rule)
        considered.append(Considered(rule, in_force, is_first and not steps_back))
        decided = decided or in_force
    problem = response.problem
    return Explanation(
        request=request,
        match=None if as_if_missing else view_of(request.path_info),
        rules=tuple(considered),
        messages=tuple(
            snapshot.messages.matching(problem.status, info.path_key, host, info.language.lower())
        ),
        problem=problem,
        response=response,
        hidden_by=policy.rule if policy else None,
        handler=handler_of_the_site(status),
        answered_by=answered_by,
        urlconf=str(settings.ROOT_URLCONF),
        may_set_urlconf=may_set_urlconf(),
    )


def _answered_by(
    request: HttpRequest, info: RequestInfo, status: int, is_redirected: bool
) -> Iterator[str]:
    """Yield what answers a 404 to `request`, in words: the innermost that does.

    status: that of the answer inside of `LocaleMiddleware`, which redirects no other than 404
    is_redirected: whether that is a redirect to the address with a slash
    """
    path = request.path_info
    found = list(answering(path, request))
    if found:
        yield from found
    elif is_redirected:
        yield redirect_to(f"{path}/")
    elif status == 404 and not info.is_silent:
        target = language_redirect(path, [language_of_visitor(request)])
        if target:
            yield redirect_to(target)


def _is_redirected_to_slash(request: HttpRequest) -> bool:
    with translation.override(language_of_visitor(request)):
        return is_redirected_to_slash(request)


def handler_of_the_site(status: int) -> str:
    """Return the name of the handler that answers in the place of the app's, "" if none does."""
    return _path_of(handlers.other_handler, status)


def handler_around_the_apps(status: int) -> str:
    """Return the name of the site's handler that calls the app's, "" if none does."""
    return _path_of(handlers.wrapping_handler, status)


def _path_of(find: Callable[[Any, int], Any], status: int) -> str:
    try:
        handler = find(get_resolver(), status)
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return ""  # Django's own checks say what is wrong with it.
    return handlers.dotted_path(handler) if handler else ""


def request_for(
    address: str,
    *,
    method: str = "GET",
    accept: str = "",
    language: str = "",
    host: str = "",
    nonce: str = "",
) -> HttpRequest:
    """Return the request that a stranger would make."""
    fields = {"Host": host or "localhost"}
    if accept:
        fields["Accept"] = accept
    if language:
        fields["Accept-Language"] = language
    # Without the escape, the second of two slashes begins a host for the RequestFactory.
    request: Any = RequestFactory().generic(method, escape_leading_slashes(address), headers=fields)
    if nonce:
        request.csp_nonce = request._csp_nonce = nonce  # django-csp's and Django's
    if language:
        request.LANGUAGE_CODE = language
    policies.add_session_and_user(request)
    return request  # type: ignore[no-any-return]


def is_own_host(host: str) -> bool:
    """Return whether the site answers requests for `host` (ALLOWED_HOSTS)."""
    request = request_for("/", host=host)
    return RequestInfo.of(request).host(request) == host


def is_in_hidden_area(path: str) -> bool:
    """Return whether a hiding rule covers the decoded `path`, at whatever host."""
    return snapshots.current().hiding.may_cover(path)


def answered_today(
    paths: Collection[str], exact: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield those of the decoded `paths` that have an answer today, and what answers, in words.

    Or that may have one: a view with parameters is asked first, and may have nothing there. Not
    those in a hidden area: who asks may not know of what is there.

    exact: those of an exact rule, which alone ends a redirect to a language; None: all
    """
    if found := list(_answered_today(paths, paths if exact is None else exact)):
        # An import edits, and each look at the rules is a read then.
        is_hidden = snapshots.current().hiding.may_cover
        yield from (each for each in found if not is_hidden(each[0]))


def view_answering(path: str) -> str:
    """Return in words which view answers at just the decoded `path` today, "" if that isn't known.

    Of a view with parameters nobody knows for which of their values it is a 404, nor of one that
    hides.
    """
    match = _shown_view(path)
    return _answers_today(match) if match and _is_for_one_address(match, path) else ""


def _shown_view(path: str) -> ResolverMatch | None:
    match = view_at(path)
    return None if match and hasattr(match.func, policies.POLICY) else match


def _answers_today(match: ResolverMatch) -> str:
    text = _("The view %s answers here today: the rule counts only where that is a 404.")
    return text % match.view_name


def _may_answer_today(match: ResolverMatch) -> str:
    text = _("The view %s is asked here first: the rule counts only where that is a 404.")
    return text % match.view_name


def _is_for_one_address(match: ResolverMatch, path: str) -> bool:
    if match.args or getattr(match, "captured_kwargs", None):
        return False
    below = view_at(f"{path_key(path)}/~a/")
    return below is None or below.route != match.route


def _answered_today(paths: Collection[str], exact: Collection[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if match := _shown_view(path):
            is_sure = _is_for_one_address(match, path)
            yield path, _answers_today(match) if is_sure else _may_answer_today(match)
        if path in exact and (text := redirected_today(path)):
            yield path, text
    for path, what in answering_at(list(paths)):
        yield path, _("Before any rule, this answers here: %s.") % what
