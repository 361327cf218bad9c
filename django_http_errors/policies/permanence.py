"""404 or 410: what the site knows of an address that it has no answer for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from django.utils.translation import gettext_lazy as _

from .. import catalogue
from ..addresses import path_key, pattern_key, web_address
from ..models import Kind
from ..problems import Action, Permanence, Problem
from .facts import Facts
from .matching import Index

if TYPE_CHECKING:
    from ..models import PermanenceRule

# A date further off is no time to wait for with a Retry-After field.
LONGEST_RETRY = timedelta(days=366)

# Among equals the older rule goes first, and an unsaved one is younger than all.
NEWEST = sys.maxsize

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

    @classmethod
    def of(cls, row: PermanenceRule) -> Rule:
        """Return `row` as the snapshot would have it; an unsaved one is the newest."""
        return cls(row.pk or NEWEST, *(getattr(row, name) for name in FIELDS[1:]))

    def is_valid(self, now: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


FIELDS = tuple(Rule.__dataclass_fields__)


class Rules(Protocol):
    """The rules of a snapshot: an `Index`, or what asks the database."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Rule]: ...
    def covering(self, path: str, host: str) -> Iterator[Rule]: ...
    def may_cover(self, path: str) -> bool: ...
    def below(self, beginning: str) -> Iterator[Rule]: ...


def considered(facts: Facts, rules: Rules) -> Iterator[tuple[Rule, bool]]:
    """Yield the rules that cover the address, in order, and whether each is in force now.

    The first that is in force decides.
    """
    # Most addresses have no rule at all, and finding out the host takes longer than that.
    if not rules.may_cover(facts.path):
        return
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
        told = problem.replaced(
            status=410,
            title=entry.title,
            detail=rule.reason or entry.detail,
            permanence=Permanence.PERMANENT,
            retry_after=None,
        )
    else:
        told = problem.replaced(
            detail=rule.reason or _EXPECTED,
            permanence=Permanence.TEMPORARY,
            retry_after=wait(rule, facts.now) or problem.retry_after,
        )
    address = web_address(rule.replacement)
    if address:
        action = Action(_("Go to the address that replaces this one"), address, "alternate")
        told = told.replaced(actions=(*told.actions, action))
    return told


# What stands for all that a converter of a route takes: such as hardly any narrower one does.
_SAMPLES = {
    "int": "98765",
    "path": "~a/~b",
    "slug": "-a_b",
    "str": "~a",
    "uuid": "01234567-89ab-4cde-8f01-23456789abcd",
}
_CONVERTED = re.compile(r"<(?:(\w+):)?\w+>")


def sample(rule: Rule) -> str:
    """Return a decoded path that stands for all that `rule` covers.

    What is written for a converter of the project's own stays: nobody but it knows what it takes.
    """
    if rule.kind == Kind.PREFIX:
        return f"{pattern_key(rule.pattern)}/~a/~b/"
    if rule.kind == Kind.ROUTE:
        told = _CONVERTED.sub(lambda found: _SAMPLES.get(found[1] or "str", found[0]), rule.pattern)
        return unquote(told)
    return unquote(rule.pattern)


def literal(pattern: str) -> str:
    """Return the beginning that all addresses of `pattern`, of whatever kind, have."""
    return path_key(pattern.partition("<")[0])


def covering(rule: Rule, rules: Rules) -> Iterator[tuple[Rule, bool]]:
    """Yield the other rules that cover all that `rule` does, and whether each goes before it."""
    address = sample(rule)
    for other in rules.covering(address, rule.host):
        if other.pk != rule.pk:
            yield other, _goes_before(other, rule, address)


def covered(rule: Rule, rules: Rules) -> Iterator[tuple[Rule, bool]]:
    """Yield the other rules whose all `rule` covers, and whether it goes before each."""
    alone = Index((rule,))
    for other in rules.below(literal(rule.pattern)):
        address = sample(other)
        if other.pk != rule.pk and any(alone.covering(address, other.host)):
            yield other, _goes_before(rule, other, address)


def _goes_before(one: Rule, other: Rule, address: str) -> bool:
    """Tell whether `one` goes before `other` at an address that `one` covers."""
    both = Index(sorted((one, other), key=lambda rule: rule.pk))
    return next(both.covering(address, other.host)) is one


def covers_everything(rule: Rule) -> bool:
    """Tell whether `rule` covers all addresses of its host, as far as can be told."""
    alone = Index((rule,))
    return all(any(alone.covering(path, rule.host)) for path in ("/~a", "/~a/~b/~c"))


def wait(rule: Rule, now: datetime) -> int | None:
    """Return the seconds until the address is expected to be there, None if that is no help."""
    if rule.expected_at is None or not now < rule.expected_at <= now + LONGEST_RETRY:
        return None
    return max(1, round((rule.expected_at - now).total_seconds()))
