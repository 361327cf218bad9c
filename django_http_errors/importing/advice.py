"""Which rules of a file change nothing: they have ended, or another one goes before them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from django.db import router
from django.utils import timezone
from django.utils.translation import gettext as _

from ..explaining.effect import no_effect
from ..http.urls import digest_of_rule, digests_of_path, path_key, pattern_key
from ..models import MatchType, PermanenceRule
from ..rules import permanence, queries
from ..rules.matching import Index
from ..rules.rows import NEWEST, PermanenceRow

# Of the rows that are looked at together, so many are compared with others, with so many of those
# each: where all rows of a file have others beside them, its import takes half as long again.
MOST_COMPARED = 50
MOST_BESIDE = 20
# How many digests are asked for in one query, and how many rules of the database are read by it.
AT_ONCE = 500
MOST_READ = 1000


def without_effect(rows: Sequence[PermanenceRule]) -> Iterator[tuple[int, str]]:
    """Yield which of the new `rows` change nothing, each by its place among them, and why.

    They are compared with one another and with the rules of the database, within bounds.
    """
    now = timezone.now()
    new: dict[int, PermanenceRow] = {}
    for place, row in enumerate(rows):
        if row.valid_until is not None and row.valid_until <= now:
            yield place, _("This rule has ended and changes nothing any more.")
        elif row.enabled:
            # Of equals the first goes first.
            new[place] = replace(PermanenceRow.of(row), pk=NEWEST + place)
    for place, rule in _before(new).items():
        yield place, no_effect(f"{rule.host}{rule.pattern} ({MatchType(rule.kind).label})")


def _before(new: Mapping[int, PermanenceRow]) -> dict[int, PermanenceRow]:
    """Return by their places those of the `new` rules before which another one goes, and that."""
    own = {place: _digest(rule) for place, rule in new.items()}
    above: dict[int, list[int]] = {}
    asked = set()
    for place, rule in new.items():
        asked.add(own[place])
        if _is_route(rule):
            above[place] = _digests_above(rule)
            asked.update(above[place])
            # Every route is compared: with these, it is enough.
            if len(above) == MOST_COMPARED:
                break
    rules = defaultdict(list)
    for place, rule in new.items():
        rules[own[place]].append(rule)
    for rule in _known(asked):
        rules[_digest(rule)].append(rule)
    # Most rules are alone, but for themselves.
    compared = (place for place in new if place in above or len(rules[own[place]]) > 1)
    now = timezone.now()
    found = {}
    for place in islice(compared, MOST_COMPARED):
        digests = {own[place], *above.get(place, ())}
        beside = sorted((rule for each in digests for rule in rules.get(each, ())), key=_age)
        for other, is_before in permanence.covering(new[place], Index(beside[:MOST_BESIDE])):
            if is_before and other.is_valid(now):
                found[place] = other
                break
    return found


def _age(rule: PermanenceRow) -> int:
    return rule.pk


def _is_route(rule: PermanenceRow) -> bool:
    return rule.kind == MatchType.ROUTE


def _digest(rule: PermanenceRow) -> int:
    return digest_of_rule(pattern_key(rule.pattern), is_route=_is_route(rule))


def _digests_above(rule: PermanenceRow) -> list[int]:
    """Return the digests of what may go before a route at all its addresses: prefixes above it.

    Before an exact rule or a prefix nothing goes at all of its addresses but what has its head.
    """
    return digests_of_path(path_key(permanence.sample(rule)))


def _known(digests: Iterable[int]) -> Iterator[PermanenceRow]:
    """Yield the enabled rules of the database that have one of `digests`."""
    alias = router.db_for_write(PermanenceRule)
    wanted = list(digests)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        # Without an order, which a database might go by in the place of the digests.
        rows = queries.rules(alias).filter(digest__in=some).order_by()
        yield from queries.read(rows[:MOST_READ])
