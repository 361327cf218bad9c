"""404 or 410: what the site knows of an address that it has no answer for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from urllib.parse import unquote

from django.utils.translation import pgettext_lazy

from ..core.statuses import STATUSES
from ..core.words import EXPECTED_LATER, go_to
from ..http.urls import path_key, pattern_key, web_address
from ..models import MatchType
from ..problems import Action, Permanence, Problem
from .matching import Index, Rules
from .rows import PermanenceRow

# A date further off is no time to wait for with a Retry-After header.
LONGEST_RETRY = timedelta(days=366)

_REPLACED = pgettext_lazy(
    "http error",
    "What was at this address has been removed for good. There is a page that takes its place.",
)

# Of the rules that another one may cover, so many are compared with it, in some 50 ms.
MOST_COMPARED = 5000

PermanenceRules = Rules[PermanenceRow]


def considered(
    rules: PermanenceRules, path: str, host: str, now: datetime
) -> Iterator[tuple[PermanenceRow, bool]]:
    """Yield the rules that cover the decoded `path` at `host`, in order.

    Each with whether it is in force at `now`; the first that is decides.
    """
    for rule in rules.covering(path, host):
        yield rule, rule.is_valid(now)


def apply_rules(
    problem: Problem, rules: PermanenceRules, path: str, host: str, now: datetime
) -> tuple[Problem, PermanenceRow | None]:
    """Return what a 404 is by the rules, and the one that decided; None if none did.

    It is 410, a 404 that is temporary, or the 404 that it was.

    path: decoded, without the script prefix · host: in lower case, "" for an unknown one
    """
    if problem.status != 404:
        return problem, None
    in_order = considered(rules, path, host, now)
    rule = next((rule for rule, is_in_force in in_order if is_in_force), None)
    return (problem, None) if rule is None else (_applied(problem, rule, host, now), rule)


def _applied(problem: Problem, rule: PermanenceRow, host: str, now: datetime) -> Problem:
    address = web_address(rule.replacement)
    if rule.permanence == Permanence.PERMANENT:
        gone = STATUSES[410]
        applied = problem.replaced(
            status=410,
            title=gone.title,
            detail=rule.reason or (_REPLACED if address else gone.detail),
            permanence=Permanence.PERMANENT,
            retry_after=None,
        )
    else:
        applied = problem.replaced(
            detail=rule.reason or EXPECTED_LATER,
            permanence=Permanence.TEMPORARY,
            retry_after=seconds_to_wait(rule, now) or problem.retry_after,
        )
    if address:
        action = Action(go_to(address, host), address, "alternate")
        applied = applied.replaced(actions=(*applied.actions, action))
    return applied


# What stands for all that a converter of a route takes: such as hardly any narrower one does.
_SAMPLES = {
    "int": "98765",
    "path": "~a/~b",
    "slug": "-a_b",
    "str": "~a",
    "uuid": "01234567-89ab-4cde-8f01-23456789abcd",
}
_CONVERTED = re.compile(r"<(?:(\w+):)?\w+>")


def sample(rule: PermanenceRow) -> str:
    """Return a decoded path that stands for all that `rule` covers.

    What is written for a converter of the project's own stays: nobody but it knows what it takes.
    """
    if rule.kind == MatchType.PREFIX:
        return f"{pattern_key(rule.pattern)}/~a/~b/"
    if rule.kind == MatchType.ROUTE:
        path = _CONVERTED.sub(lambda found: _SAMPLES.get(found[1] or "str", found[0]), rule.pattern)
        return unquote(path)
    return unquote(rule.pattern)


def literal(pattern: str) -> str:
    """Return the beginning that all addresses of `pattern`, of whatever kind, have."""
    return path_key(pattern.partition("<")[0])


def covering(rule: PermanenceRow, rules: PermanenceRules) -> Iterator[tuple[PermanenceRow, bool]]:
    """Yield the other rules that cover all that `rule` does, and whether each goes before it."""
    address = sample(rule)
    for other in rules.covering(address, rule.host):
        if other.pk != rule.pk:
            yield other, _goes_before(other, rule, address)


def covered(rule: PermanenceRow, rules: PermanenceRules) -> Iterator[tuple[PermanenceRow, bool]]:
    """Yield the other rules whose all `rule` covers, and whether it goes before each.

    Of very many rules only the oldest are looked at: it is for a warning that names a few.
    """
    alone = Index((rule,))
    for other in islice(rules.below(literal(rule.pattern)), MOST_COMPARED):
        address = sample(other)
        if other.pk != rule.pk and any(alone.covering(address, other.host)):
            yield other, _goes_before(rule, other, address)


def _goes_before(one: PermanenceRow, other: PermanenceRow, address: str) -> bool:
    """Return whether `one` goes before `other` at an address that `one` covers."""
    both = Index(sorted((one, other), key=lambda rule: rule.pk))
    return next(both.covering(address, other.host)) is one


def covers_everything(rule: PermanenceRow) -> bool:
    """Return whether `rule` covers all addresses of its host, as far as can be known."""
    alone = Index((rule,))
    return all(any(alone.covering(path, rule.host)) for path in ("/~a", "/~a/~b/~c"))


def seconds_to_wait(rule: PermanenceRow, now: datetime) -> int | None:
    """Return the seconds until the address is expected to be there, None if that is no help."""
    if rule.expected_at is None or not now < rule.expected_at <= now + LONGEST_RETRY:
        return None
    return max(1, round((rule.expected_at - now).total_seconds()))
