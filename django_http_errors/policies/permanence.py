"""404 or 410: what the site knows of an address that it has no answer for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from .. import catalogue
from ..addresses import web_address
from ..problems import Action, Permanence, Problem
from .facts import Facts
from .matching import Index

# A date further off is no time to wait for with a Retry-After field.
LONGEST_RETRY = timedelta(days=366)

_EXPECTED = _("This is not there at the moment, and is expected to be there later.")


@dataclass(frozen=True, slots=True)
class Rule:
    """A `PermanenceRule` as the snapshot has it."""

    pk: int
    kind: str
    pattern: str
    host: str
    permanence: str
    reason: str
    replacement: str
    expected_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None

    def is_valid(self, now: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


FIELDS = tuple(Rule.__dataclass_fields__)

Rules = Index[Rule]


def considered(facts: Facts, rules: Rules) -> Iterator[tuple[Rule, bool]]:
    """Yield the rules that cover the address, in order, and whether each is in force now.

    The first that is in force decides.
    """
    for rule in rules.covering(facts.path, facts.host):
        yield rule, rule.is_valid(facts.now)


def decide(problem: Problem, facts: Facts, rules: Rules) -> Problem:
    """Return what a 404 is by the rules: 410, a 404 that is temporary, or the 404 that it was."""
    if problem.status != 404 or not len(rules):
        return problem
    rule = next((rule for rule, in_force in considered(facts, rules) if in_force), None)
    if rule is None:
        return problem
    if rule.permanence == Permanence.PERMANENT:
        entry = catalogue.CATALOGUE[410]
        told = replace(
            problem,
            status=410,
            title=entry.title,
            detail=rule.reason or entry.detail,
            permanence=Permanence.PERMANENT,
            retry_after=None,
        )
    else:
        told = replace(
            problem,
            detail=rule.reason or _EXPECTED,
            permanence=Permanence.TEMPORARY,
            retry_after=_wait(rule, facts.now),
        )
    address = web_address(rule.replacement)
    if address:
        action = Action(_("Go to the address that replaces this one"), address, "alternate")
        told = replace(told, actions=(*told.actions, action))
    return told


def _wait(rule: Rule, now: datetime) -> int | None:
    """Return the seconds until the address is expected to be there, None if that is no help."""
    if rule.expected_at is None or not now < rule.expected_at <= now + LONGEST_RETRY:
        return None
    return max(1, round((rule.expected_at - now).total_seconds()))
