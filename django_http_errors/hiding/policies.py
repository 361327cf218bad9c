"""Where hiding is in force, and from whom: 403 as 404 (RFC 9110, section 15.5.4)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from inspect import isawaitable, iscoroutine
from typing import Any

from django.apps import apps
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.datastructures import MultiValueDict

from ..core.request_info import ATTRIBUTE, RequestInfo, Shown
from ..http.urls import beginning
from ..rules.snapshot import HidingRules
from ..signals import forbidden_hidden

logger = logging.getLogger("django_http_errors.hiding")

Condition = Callable[[HttpRequest], bool]

ASYNC_EXEMPT = "a function that returns who is exempt from hiding can't be async"

# What `hide_forbidden` sets on the view that it makes.
POLICY = "http_errors_policy"


def _nobody(request: HttpRequest) -> bool:
    return False


def _authenticated(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated)


def _staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


CONDITIONS: Mapping[str, Condition] = {
    "nobody": _nobody,
    "authenticated": _authenticated,
    "staff": _staff,
}


@dataclass(frozen=True, slots=True)
class HidingPolicy:
    """What is hidden in a scope: by a view under `hide_forbidden`, or where a rule covers a path.

    is_exempt: returns whether a request comes from someone who is still shown the real error
    fold_client_errors: whether a rule hides all 4xx, or only 401, 403 and 404
    rule: the primary key of the rule, 0 for one that couldn't be read, None for a view
    """

    is_exempt: Condition
    fold_client_errors: bool = False
    rule: int | None = None

    def hides(self, status: int, shown: Shown) -> bool:
        """Return whether an error with `status` is hidden from a client who was `shown` so much.

        A real 404 is: it is answered by the same 404 as a hidden error.
        """
        if not 400 <= status < 500:
            return False
        if status in (401, 403, 404):
            return shown < Shown.REVEALED
        if self.rule is None:
            return shown < Shown.PERMITTED
        return self.fold_client_errors and shown < Shown.REVEALED


# Of rules that couldn't be read yet: any of them could cover the path.
UNREAD_RULES = HidingPolicy(_nobody, rule=0)


def view_policy(request: HttpRequest, info: RequestInfo) -> HidingPolicy | None:
    """Return the policy of the view that `request` is routed to, None if it hides nothing."""
    if info.view_policy is not None:
        return info.view_policy
    # A test that calls a view itself may have made a match of its own.
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    return getattr(view, POLICY, None)


def rule_policy(request: HttpRequest, info: RequestInfo, rules: HidingRules) -> HidingPolicy | None:
    """Return the policy of the first rule that covers the path of `request`, None without one.

    By the path alone: what is there and what isn't are in the same scope.
    """
    if not rules.may_cover(info.path):
        return None
    host = info.host(request)
    found = list(rules.covering(info.path, host or None))
    if not found:
        return None
    rule = found[0]
    if not host or beginning(info.path) is not info.path:
        # A host that isn't one of the site's could be any of them, and what is too long could be
        # covered by any of these: what one of them hides is hidden.
        is_folding = any(each.fold_client_errors for each in found)
        return HidingPolicy(_nobody, is_folding, rule.pk)
    # A row made by hand may exempt somebody unknown: then nobody is exempt.
    is_exempt = CONDITIONS.get(rule.exempt, _nobody)
    return HidingPolicy(is_exempt, rule.fold_client_errors, rule.pk)


# What a request has by itself, and the nonce of django-csp's middleware: no view sets these.
_OWN_ATTRIBUTES = frozenset(
    "COOKIES FILES GET META POST content_params content_type csp_nonce environ method path"
    " path_info resolver_match scope script_name".split()
)


def copy_request(request: HttpRequest, *, is_touched: bool = False) -> HttpRequest:
    """Return a copy of `request` that a page can be rendered for after a view has seen it.

    It has no messages: they are marked as read when they are shown, and by then it is too late for
    that to be stored. Where it has no session or no user, it has those of somebody new.

    is_touched: a view may have seen it already: then only what a request has by itself is copied
    """
    bare = copy(request)
    bare.META = dict(request.META)
    bare.resolver_match = None
    for name in (ATTRIBUTE, "_messages"):
        bare.__dict__.pop(name, None)
    if is_touched:
        # A token that the view asked for would be a part of the page, and its cookie be sent.
        for name in ("CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE"):
            bare.META.pop(name, None)
    for name in list(vars(bare)) if is_touched else ():
        if not name.startswith("_") and name not in _OWN_ATTRIBUTES:
            del bare.__dict__[name]
    # What was sent can be read once: a page would have it only where no view has read it.
    vars(bare).update(_body=b"", _post=QueryDict(), _files=MultiValueDict())
    add_session_and_user(bare)
    return bare


def add_session_and_user(request: Any) -> None:
    """Give `request` an empty session and nobody as its user, where the site has them and it lacks.

    A project's context processors may ask for them on every page. That session is never saved.
    """
    if apps.is_installed("django.contrib.sessions") and not hasattr(request, "session"):
        request.session = SessionStore()
    if apps.is_installed("django.contrib.auth") and not hasattr(request, "user"):
        from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - optional

        request.user = AnonymousUser()


def remember_before_view(info: RequestInfo) -> None:
    """Note what `forget_view` is to restore, before a view can change it."""
    info.language_before_view = translation.get_language()
    info.time_zone_before_view = timezone.get_current_timezone()


def keep_since_view(info: RequestInfo) -> None:
    """Restore nothing: further out, middleware puts back what it has changed itself."""
    info.language_before_view = info.time_zone_before_view = None


def forget_view(request: HttpRequest, info: RequestInfo) -> None:
    """Take back what the page, or middleware in between, would show, or keep for the next page.

    That is the language and the time zone that a hidden view chose, and what it had to say to the
    visitor. Once: further out, middleware may have put them back already.
    """
    language, info.language_before_view = info.language_before_view, None
    zone, info.time_zone_before_view = info.time_zone_before_view, None
    if language is not None:
        translation.activate(language)
    if zone is timezone.get_default_timezone():
        timezone.deactivate()
    elif zone is not None:
        timezone.activate(zone)
    if hasattr(request, "_messages"):
        request._messages = default_storage(request)


# Headers that can end a request before it is asked who may see what is there (RFC 9110, 13 and
# 14): they would do so only for what exists.
_CONDITIONAL = ("HTTP_IF_", "HTTP_RANGE")


def drop_conditions(request: HttpRequest) -> None:
    """Take the conditional headers and Range from `request`, before a view sees it."""
    names = [name for name in request.META if name.startswith(_CONDITIONAL)]
    for name in names:
        del request.META[name]
    if names:
        request.__dict__.pop("headers", None)


def has_conditions(request: HttpRequest) -> bool:
    """Return whether `request` came to the view with conditional headers or Range."""
    return any(name.startswith(_CONDITIONAL) for name in request.META)


def is_exempt(policy: HidingPolicy, request: HttpRequest) -> bool:
    """Return whether `request` comes from someone who is still shown the real error.

    Not where that can't be found out: in an error before the middleware that knows the user, with
    a session that can't be read, by a condition that raises.
    """
    if policy.is_exempt is _nobody:
        return False
    if not hasattr(request, "user"):
        return False
    info = RequestInfo.of(request)
    # Further out it may not be possible any more to find that out.
    if info.exempted_by is policy:
        return True
    try:
        answer: object = policy.is_exempt(request)
        if isawaitable(answer):
            if iscoroutine(answer):
                answer.close()  # Nobody is going to await it.
            raise TypeError(ASYNC_EXEMPT)
        found = bool(answer)
    except Exception as error:
        info.user_is_unknown = isinstance(error, DatabaseError)
        logger.exception("Who is exempt from hiding could not be found out")
        return False
    if found:
        info.exempted_by = policy
    return found


def _user_id(request: HttpRequest) -> Any:
    """Return the primary key of the user, None for nobody.

    Asked for whether something is hidden or missing, since that takes time.
    """
    if RequestInfo.of(request).user_is_unknown:
        return None
    try:
        return getattr(getattr(request, "user", None), "pk", None)
    except Exception:
        logger.exception("Who makes a request could not be found out")
        return None


def report_hidden(
    request: HttpRequest, response: HttpResponseBase, status: int, policy: HidingPolicy
) -> None:
    """Tell the operators, by the log and a signal, what the client isn't told.

    A real 404 is nothing to report.
    """
    user = _user_id(request)
    if status == 404:
        return
    try:
        details = {
            "status": status,
            "exception": getattr(response, "raised", None),
            "user_id": user,
            "rule": policy.rule,
        }
        logger.warning(
            "Hidden: %d at %s, from user %s, by %s",
            status,
            request.path.encode("unicode_escape").decode("ascii"),  # no line of its own making
            user,
            "the view" if policy.rule is None else f"rule {policy.rule}",
            extra={"request": request, "status_code": status, **details},
        )
        for receiver, error in forbidden_hidden.send_robust(
            HidingPolicy, request=request, **details
        ):
            if isinstance(error, Exception):
                logger.error("%r failed", receiver, exc_info=error)
    except Exception:
        logger.exception("What was hidden could not be reported to the operators")
