"""Which rules cover an address: exact ones, then the longest prefix, then routes.

Every rule has a head, the literal part of its pattern (`http.urls.head`), and is looked for under
the heads that its address can have: what an address costs doesn't grow with the rules.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Generic, Protocol, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver
from django.urls.resolvers import RoutePattern

from ..http.urls import (
    above,
    beginning,
    folded_key,
    head,
    lenient_key,
    lenient_pattern_key,
    path_key,
    pattern_key,
)
from ..models import MatchType
from ..validators import ambiguity

logger = logging.getLogger("django_http_errors")


class Pattern(Protocol):
    """What a rule has to have to be matched."""

    @property
    def kind(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def ignore_case(self) -> bool: ...


R = TypeVar("R", bound=Pattern)

# What is longer isn't compared with routes: a regular expression may take the square of the length.
LONGEST_ROUTED = 2048


@lru_cache(maxsize=1000)
def report_once(row: str, error: str) -> None:
    """Log that `row`, which somebody made by hand, can't be used.

    Once: it is in every snapshot, and after every edit there is a new one.
    """
    logger.error("%s can't be used: %s", row, error)


@dataclass(frozen=True, slots=True)
class Matcher(Generic[R]):
    """A rule, what it covers, and when its turn is.

    covers: returns whether it covers a path, given by its `path_key`
    turn: is sorted by: exact > longest prefix > route, the host's own before any host's, older
        before newer
    """

    rule: R
    covers: Callable[[str], bool]
    turn: tuple[int, int, bool, int]


def matcher(rule: R, key: str, age: int, *, is_lenient: bool = False) -> Matcher[R]:
    """Return what matches `rule`; raises whatever an unusable one raises.

    key: the `pattern_key` of its pattern
    age: is less for an older rule
    is_lenient: whether a route ignores case, and covers what is too long to be compared with it
    """
    if not rule.pattern.startswith("/"):
        raise ValueError("a path begins with a slash")
    kind = MatchType(rule.kind)
    if kind == MatchType.ROUTE:
        covers = _route(key, rule.ignore_case or is_lenient, if_too_long=is_lenient)
    else:
        covers = _literal(key, kind, rule.ignore_case)
    length = -len(key) if kind == MatchType.PREFIX else 0
    return Matcher(rule, covers, (_TURNS[kind], length, not rule.host, age))


_TURNS = {MatchType.EXACT: 0, MatchType.PREFIX: 1, MatchType.ROUTE: 2}


def _literal(key: str, kind: MatchType, ignore_case: bool) -> Callable[[str], bool]:
    if ignore_case:
        key = key.casefold()
    start = f"{key}/" if kind == MatchType.PREFIX else None

    def covers(path: str) -> bool:
        if ignore_case:
            path = path.casefold()
        return path == key or (start is not None and path.startswith(start))

    if key == "" and start:
        return lambda path: True
    return covers


def _route(key: str, ignore_case: bool, *, if_too_long: bool) -> Callable[[str], bool]:
    route = _route_pattern(key.removeprefix("/"))
    if error := ambiguity(key):
        raise ValueError(error)
    regex = re.compile(route.regex.pattern, re.IGNORECASE if ignore_case else 0)

    def covers(path: str) -> bool:
        if len(path) > LONGEST_ROUTED:
            return if_too_long
        found = regex.search(path.removeprefix("/"))
        if not found:
            return False
        try:
            for name, converter in route.converters.items():
                converter.to_python(found[name])
        except ValueError:
            return False  # So says Django too: the converter doesn't take it.
        return True

    return covers


def _route_pattern(route: str) -> RoutePattern:
    try:
        return RoutePattern(route, is_endpoint=True)
    except ImproperlyConfigured:
        # The project's converters are known once its URLconf has been imported, which a middleware
        # that asks for rules may come before.
        get_resolver().url_patterns  # noqa: B018 - imports it
        return RoutePattern(route, is_endpoint=True)


class Rules(ABC, Generic[R]):
    """Rules by the paths that they cover."""

    @abstractmethod
    def matching(self, path: str, host: str | None = None) -> Iterator[Matcher[R]]:
        """Yield what covers the decoded `path` at `host`, or at whatever host, in any order."""

    @abstractmethod
    def may_cover(self, path: str) -> bool:
        """Return whether there may be a rule for the decoded `path`, without asking anybody."""

    @abstractmethod
    def below(self, beginning: str) -> Iterator[R]:
        """Yield all rules whose pattern has this `beginning`, and perhaps others."""

    def __iter__(self) -> Iterator[R]:
        return self.below("")

    def covering(self, path: str, host: str | None) -> Iterator[R]:
        """Yield the rules that cover the decoded `path` at `host`, those whose turn is first first.

        host: in lower case, "" for an unknown one, to which only the rules for any host apply;
            None for whatever host
        """
        in_turn = sorted(self.matching(path, host), key=_turn)
        return (each.rule for each in in_turn)


def _is_for(rule: Pattern, host: str | None) -> bool:
    return host is None or rule.host in ("", host)


def _turn(each: Matcher[R]) -> tuple[int, int, bool, int]:
    return each.turn


class Index(Rules[R]):
    """Rules in memory; made once and never changed."""

    # What all spellings of a path have in common.
    path_key = staticmethod(path_key)
    # As `matcher` has it.
    is_lenient = False

    def __init__(self, rules: Iterable[R]) -> None:
        self._by_head: dict[str, tuple[Matcher[R], ...]] = {}
        self._deepest = 0
        for age, rule in enumerate(rules):
            try:
                self._add(rule, age)
            except Exception as error:  # noqa: BLE001 - it must not keep the others from working
                report_once(repr(rule), repr(error))

    @staticmethod
    def pattern_key(pattern: str, *, is_route: bool) -> str:
        """Return what the paths that `pattern` stands for have in common."""
        return pattern_key(pattern)

    def _add(self, rule: R, age: int) -> None:
        is_route = rule.kind == MatchType.ROUTE
        key = self.pattern_key(rule.pattern, is_route=is_route)
        added = matcher(rule, key, age, is_lenient=self.is_lenient)
        under = head(key, is_route=is_route)
        self._by_head[under] = (*self._by_head.get(under, ()), added)
        self._deepest = max(self._deepest, under.count("/"))

    def __len__(self) -> int:
        return sum(map(len, self._by_head.values()))

    def below(self, beginning: str) -> Iterator[R]:
        return (each.rule for each in chain.from_iterable(self._by_head.values()))

    def matching(self, path: str, host: str | None = None) -> Iterator[Matcher[R]]:
        return self._matching(self.path_key(path), host) if self._by_head else iter(())

    def _matching(self, key: str, host: str | None) -> Iterator[Matcher[R]]:
        for each in above(key.casefold(), self._deepest):
            for found in self._by_head.get(each, ()):
                if _is_for(found.rule, host) and found.covers(key):
                    yield found

    def may_cover(self, path: str) -> bool:
        return bool(self._by_head) and any(True for _ in self.matching(path))


class _AsWritten(Index[R]):
    """The routes of a `LenientIndex` by their own spelling."""

    is_lenient = True


class LenientIndex(Index[R]):
    """Rules that cover more than they say: other spellings of their paths too.

    For rules that hide: a view may take for one resource what are different paths to a browser.
    Slashes are collapsed, case and Unicode's compatibility characters folded, blanks and plus
    signs around a segment left out, numbers read as Python reads them ("02"); an exact rule and a
    route also cover their path with a format suffix ("/2.json"). A prefix covers everything below
    it, in any spelling.

    A route is also compared with paths as they are, and with only their letters folded: a converter
    may want just the zeros that are left out. What is too long for that is covered, below its head.
    Any rule covers what is too long to be normalised, if that begins as its own addresses do.
    """

    path_key = staticmethod(lenient_key)
    pattern_key = staticmethod(lenient_pattern_key)
    is_lenient = True

    def __init__(self, rules: Iterable[R]) -> None:
        self._routes: Index[R] = _AsWritten(())
        super().__init__(rules)

    def _add(self, rule: R, age: int) -> None:
        if rule.kind == MatchType.ROUTE:
            self._routes._add(rule, age)
        super()._add(rule, age)

    def matching(self, path: str, host: str | None = None) -> Iterator[Matcher[R]]:
        known = beginning(path)
        if known is not path:
            return self._matching_beginning(lenient_key(known).casefold(), host)
        found = super().matching(path, host)
        if not self._routes._by_head:
            return found
        as_written = self._routes.matching(path, host)
        folded = self._matching(folded_key(path), host)
        found = chain(found, as_written, folded)
        return iter({id(each.rule): each for each in found}.values())

    def _matching(self, key: str, host: str | None) -> Iterator[Matcher[R]]:
        yield from super()._matching(key, host)
        stem, suffix, _format = key.rpartition(".")
        if suffix and "/" not in _format:
            yield from super()._matching(stem, host)

    def _matching_beginning(self, key: str, host: str | None) -> Iterator[Matcher[R]]:
        """Yield what may cover a path of which nothing but the beginning `key` is known."""
        below = f"{key}/"
        for under, matchers in self._by_head.items():
            if below.startswith(f"{under}/") or under.startswith(below):
                yield from (each for each in matchers if _is_for(each.rule, host))
