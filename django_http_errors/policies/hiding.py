"""403 as 404: the forbidden can't be told from the missing (RFC 9110, section 15.5.4)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .facts import Facts
from .matching import Index

logger = logging.getLogger("django_http_errors.hiding")

Condition = Callable[[HttpRequest], bool]

# What `hide_forbidden` sets on a view, and on each request that it gets.
SCOPE = "http_errors_scope"

# Set on a request whose user the database couldn't tell: asked again, it may let us wait again.
NOBODY_KNOWS = "_http_errors_nobody_knows"

# Sent when something is hidden, with the truth: request, status (the one that isn't told),
# exception (None if a view returned the response), user_id (None: nobody) and rule (the primary
# key of the HidingRule, None for a view under `hide_forbidden`).
forbidden_hidden = Signal()


@dataclass(frozen=True, slots=True)
class Rule:
    """A `HidingRule` as the snapshot has it."""

    pk: int
    kind: str
    pattern: str
    host: str
    exempt: str
    fold_client_errors: bool


FIELDS = tuple(Rule.__dataclass_fields__)

Rules = Index[Rule]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where hiding is in force: a view under `hide_forbidden`, or what a rule covers.

    is_exempt: tells of a request whether it comes from somebody who sees the truth
    fold_client_errors: whether all 4xx are hidden, or only 401 and 403
    rule: the primary key of the rule, None for a view
    """

    is_exempt: Condition
    fold_client_errors: bool
    rule: int | None = None

    def covers(self, status: int) -> bool:
        """Tell whether an answer with `status` is made the 404 of this scope.

        A true 404 is: it takes the same road as a hidden one.
        """
        return status in (401, 403, 404) or (self.fold_client_errors and 400 <= status < 500)


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


def scope_of_view(request: HttpRequest) -> Scope | None:
    """Return the scope that `hide_forbidden` makes of the view that `request` is routed to."""
    scope: Scope | None = getattr(request, SCOPE, None)
    if scope is None:
        view = getattr(getattr(request, "resolver_match", None), "func", None)
        scope = getattr(view, SCOPE, None)
    return scope


def scope_of_rules(facts: Facts, rules: Rules) -> Scope | None:
    """Return the scope that the first rule makes of the address, None if no rule covers it.

    By the address alone: what is there and what isn't are in the same scope.
    """
    if not rules.may_cover(facts.path):
        return None
    # A host that is none of ours could be any of them: what hides at one of them, hides then too.
    hosts = (facts.host,) if facts.host else ("", *rules.hosts)
    covering = (next(rules.covering(facts.path, host), None) for host in hosts)
    rule = next(filter(None, covering), None)
    if rule is None:
        return None
    # A row made by hand may exempt whom nobody knows: then nobody is.
    return Scope(CONDITIONS.get(rule.exempt, _nobody), rule.fold_client_errors, rule.pk)


def is_exempt(scope: Scope, request: HttpRequest) -> bool:
    """Tell whether `request` comes from somebody who sees the truth.

    Nobody is who can't be asked: an error before the middleware that knows the user, a session
    that can't be read, a condition that raises.
    """
    if scope.is_exempt is _nobody or not hasattr(request, "user"):
        return False
    try:
        return bool(scope.is_exempt(request))
    except Exception as error:
        setattr(request, NOBODY_KNOWS, isinstance(error, DatabaseError))
        logger.exception("Who is exempt from hiding could not be found out")
        return False


def user_id(request: HttpRequest) -> Any:
    """Return who makes `request`, None for nobody.

    Who isn't known yet is asked for, whether something is hidden or missing: that takes as long.
    """
    if getattr(request, NOBODY_KNOWS, False):
        return None
    try:
        return getattr(getattr(request, "user", None), "pk", None)
    except Exception:
        logger.exception("Who makes a request could not be found out")
        return None


def note(request: HttpRequest, response: HttpResponseBase, status: int, scope: Scope) -> None:
    """Tell the operators what isn't told on the wire; a true 404 is nothing to tell."""
    user = user_id(request)
    if status == 404:
        return
    try:
        facts = {
            "status": status,
            "exception": getattr(response, "cause", None),
            "user_id": user,
            "rule": scope.rule,
        }
        logger.warning(
            "Hidden: %d at %s, from user %s, by %s",
            status,
            request.path.encode("unicode_escape").decode("ascii"),  # no line of its own making
            user,
            "the view" if scope.rule is None else f"rule {scope.rule}",
            extra={"request": request, "status_code": status, **facts},
        )
        for receiver, error in forbidden_hidden.send_robust(Scope, request=request, **facts):
            if isinstance(error, Exception):
                logger.error("%r failed", receiver, exc_info=error)
    except Exception:
        logger.exception("What was hidden could not be told to the operators")
