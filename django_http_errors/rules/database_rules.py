"""Permanence rules that are too many to keep their rows: those stay in the database.

Kept of each is its digest: 64 bits that stand for its head, and for a number after that. An address
is looked up by the digests that its rules can have, and only where one is known the rows are asked
for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..http.urls import (
    BITS_BELOW,
    ROOT,
    digest_of_rule,
    digests_of_path,
    path_key,
    pattern_key,
    section,
)
from ..models import MatchType
from .matching import Matcher, Rules, matcher, report_once
from .rows import PermanenceRow

MOST_REMEMBERED = 4096


class Digests:
    """The digests of all rules, 8 bytes each; perhaps more, of rules that are no more.

    known: in order; shared, and never changed
    added: those of later edits
    """

    def __init__(self, known: array[int], added: frozenset[int] = frozenset()) -> None:
        self.known = known
        self.added = added
        # Whether there are rules for everything, or routes that begin with a parameter.
        self.have_root = ROOT in self
        self._added_sections = frozenset(each >> BITS_BELOW for each in added)

    def __contains__(self, digest: int) -> bool:
        known = self.known
        place = bisect_left(known, digest)
        return (place < len(known) and known[place] == digest) or digest in self.added

    def may_have(self, key: str) -> bool:
        """Return whether there are rules with the first segment of the path `key`."""
        wanted = section(key.casefold())
        known = self.known
        place = bisect_left(known, wanted << BITS_BELOW)
        is_known = place < len(known) and known[place] >> BITS_BELOW == wanted
        return is_known or wanted in self._added_sections

    def with_(self, digests: frozenset[int]) -> Digests:
        return Digests(self.known, self.added | digests)


class Found(NamedTuple):
    """Rules that were asked for, and whether they may be remembered until the next edit."""

    rows: list[PermanenceRow]
    is_lasting: bool


class DatabaseRules(Rules[PermanenceRow]):
    """Rules that are asked for by the digests of their heads.

    What was found is remembered, within bounds, until an edit makes another one of these.

    ask: returns the rules that have one of some digests and are for one of some hosts, None if the
        database is not to be asked now
    ask_below: yields those whose pattern has a beginning
    digests: None: those are not known, and all heads are asked for
    """

    def __init__(
        self,
        ask: Callable[[list[int], tuple[str, ...]], Found | None],
        ask_below: Callable[[str], Iterator[PermanenceRow]],
        digests: Digests | None = None,
    ) -> None:
        self.digests = digests
        self._ask = ask
        self._ask_below = ask_below
        # By digest and host.
        self._found: dict[tuple[int, str], tuple[Matcher[PermanenceRow], ...]] = {}

    def with_digests(self, digests: Digests | None) -> DatabaseRules:
        """Return rules by other digests, with nothing remembered."""
        return DatabaseRules(self._ask, self._ask_below, digests)

    def below(self, beginning: str) -> Iterator[PermanenceRow]:
        return self._ask_below(beginning)

    def may_cover(self, path: str) -> bool:
        return any(True for _ in self._possible(path_key(path)))

    def matching(self, path: str, host: str | None = None) -> Iterator[Matcher[PermanenceRow]]:
        key = path_key(path)
        for each in self._with(self._possible(key), host or ""):
            if each.covers(key):
                yield each

    def _possible(self, key: str) -> Iterator[int]:
        """Yield the digests of the path `key` that there may be rules with."""
        digests = self.digests
        if digests is None:
            yield from digests_of_path(key)
            return
        if digests.may_have(key):
            yield from filter(digests.__contains__, digests_of_path(key)[:-1])
        if digests.have_root:
            yield ROOT

    def _with(self, wanted: Iterable[int], host: str) -> list[Matcher[PermanenceRow]]:
        """Return the rules with the digests `wanted`; another pattern may have one of them too."""
        found: list[Matcher[PermanenceRow]] = []
        missing = []
        for each in wanted:
            remembered = self._found.get((each, host))
            if remembered is None:
                missing.append(each)
            else:
                found += remembered
        if missing:
            found += self._read(missing, host)
        return found

    def _read(self, wanted: list[int], host: str) -> list[Matcher[PermanenceRow]]:
        found = self._ask(wanted, ("", host) if host else ("",))
        if found is None:
            return []
        # Also where there is nothing: a digest may be that of a rule that is no more.
        read: dict[int, list[Matcher[PermanenceRow]]] = {each: [] for each in wanted}
        for row in found.rows:
            try:
                key = pattern_key(row.pattern)
                # The column may hold another one, where a row was written past the model.
                number = digest_of_rule(key, is_route=row.kind == MatchType.ROUTE)
                if number in read:
                    read[number].append(matcher(row, key, row.pk))
            except Exception as error:  # noqa: BLE001 - it must not keep the others from working
                report_once(repr(row), repr(error))
        if found.is_lasting:
            if len(self._found) + len(read) > MOST_REMEMBERED:
                self._found.clear()
            for each, matchers in read.items():
                self._found[each, host] = tuple(matchers)
        return [each for matchers in read.values() for each in matchers]
