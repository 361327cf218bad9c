"""Permanence rules that are too many for the memory of a process: they stay in the database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from django.db.models import Q

from ..http.urls import path_key, spellings
from .bloom_filter import BloomFilter
from .matching import Index, above
from .queries import Ask, pages, rule, values
from .rows import PERMANENCE_FIELDS, PermanenceRow

# Nobody makes a rule for more segments than these, if it isn't known how many there are.
DEEPEST = 32

MOST_REMEMBERED = 4096


class DatabaseRules:
    """Rules that are asked for by address; what was found is remembered until the next edit.

    ask: puts a question to the database
    routes: those of the kind "route", which are few, and have no address to ask by
    bloom_filter: keeps back the addresses that no rule is for; None: all of them are asked for
    """

    def __init__(
        self, ask: Ask, routes: Index[PermanenceRow], bloom_filter: BloomFilter | None = None
    ) -> None:
        self.bloom_filter = bloom_filter
        self._ask = ask
        self._routes = routes
        self._found: dict[tuple[object, ...], Index[PermanenceRow]] = {}

    def __len__(self) -> int:
        return self.bloom_filter.size if self.bloom_filter else 1  # how many is not known yet

    def __iter__(self) -> Iterator[PermanenceRow]:
        return self.below("")

    def below(self, beginning: str) -> Iterator[PermanenceRow]:
        """Yield all rules whose pattern has this `beginning`."""
        for page in pages(self._ask, PERMANENCE_FIELDS, pattern__startswith=beginning):
            yield from map(rule, page)

    def covering(self, path: str, host: str) -> Iterator[PermanenceRow]:
        """Yield the rules that cover the decoded `path` at `host`, those that go first first."""
        return self._matching(path).covering(path, host)

    def may_cover(self, path: str) -> bool:
        """Return whether there is a rule for the decoded `path` at some host."""
        return self._matching(path).may_cover(path)

    def _matching(self, path: str) -> Index[PermanenceRow]:
        """Return what the database has for `path`, and perhaps more."""
        key = path_key(path)
        keys = (
            above(key, DEEPEST) if self.bloom_filter is None else self.bloom_filter.candidates(key)
        )
        patterns = tuple(chain.from_iterable(map(spellings, keys)))
        # A route may be another by now, or no more: the database knows.
        routes = tuple(route.pk for route in self._routes.matching(path))
        return self._read(patterns, routes) if patterns or routes else _NOTHING

    def _read(self, patterns: tuple[str, ...], routes: tuple[int, ...]) -> Index[PermanenceRow]:
        found = self._found.get((patterns, routes))
        if found is None:
            asked = Q(pattern__in=patterns) | Q(pk__in=routes)
            rows = self._ask(lambda rules: values(rules.filter(asked), PERMANENCE_FIELDS))
            if rows is None:
                return _NOTHING
            found = Index(map(rule, rows))
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[patterns, routes] = found
        return found


_NOTHING: Index[PermanenceRow] = Index(())
