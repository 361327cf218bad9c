"""Which rules cover a path: exact ones, then the longest prefix, then routes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Generic, Protocol, TypeVar

from django.urls.resolvers import RoutePattern

from ..http.urls import lenient_key, lenient_pattern_key, path_key, pattern_key
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


R = TypeVar("R", bound=Pattern)

# What is longer isn't compared with routes: a regular expression may take the square of the length.
LONGEST_ROUTED = 2048


@lru_cache(maxsize=1000)
def report_once(row: str, error: str) -> None:
    """Log that `row`, which somebody made by hand, can't be used.

    Once: it is in every snapshot, and after every edit there is a new one.
    """
    logger.error("%s can't be used: %s", row, error)


class Index(Generic[R]):
    """Rules by the paths that they cover; made once and never changed."""

    # What all spellings of a path, and of a pattern, have in common.
    path_key = staticmethod(path_key)
    pattern_key = staticmethod(pattern_key)

    def __init__(self, rules: Iterable[R]) -> None:
        self._exact: dict[str, tuple[R, ...]] = {}
        self._prefixes: dict[str, tuple[R, ...]] = {}
        self._deepest = 0
        self._routes: list[tuple[RoutePattern, R]] = []
        self._size = 0
        self.hosts: set[str] = set()
        for rule in rules:
            try:
                self._add(rule)
            except Exception as error:  # noqa: BLE001 - it must not keep the others from working
                report_once(repr(rule), repr(error))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[R]:
        by_key = chain(self._exact.values(), self._prefixes.values())
        return chain(chain.from_iterable(by_key), (rule for _, rule in self._routes))

    def _add(self, rule: R) -> None:
        if not rule.pattern.startswith("/"):
            raise ValueError("a path begins with a slash")
        if rule.host:
            self.hosts.add(rule.host)
        pattern = self.pattern_key(rule.pattern)
        if rule.kind == MatchType.ROUTE:
            if error := ambiguity(pattern):
                raise ValueError(error)
            route = RoutePattern(pattern.removeprefix("/"), is_endpoint=True)
            route.match("")  # compiles it
            self._routes.append((route, rule))
        else:
            table = {MatchType.EXACT: self._exact, MatchType.PREFIX: self._prefixes}[
                MatchType(rule.kind)
            ]
            table[pattern] = (*table.get(pattern, ()), rule)
            if rule.kind == MatchType.PREFIX:
                self._deepest = max(self._deepest, pattern.count("/"))
        self._size += 1

    def covering(self, path: str, host: str) -> Iterator[R]:
        """Yield the rules that cover the decoded `path` at `host`, those that go first first.

        Exact > longest prefix > route; among equals the host's own before any host's, and older
        before newer.
        """
        hosts = (host, "") if host else ("",)
        for equals in self._matching(path):
            for each in hosts:
                yield from (rule for rule in equals if rule.host == each)

    def may_cover(self, path: str) -> bool:
        """Return whether there is a rule for the decoded `path` at some host."""
        return self._size > 0 and any(True for _ in self.matching(path))

    def matching(self, path: str) -> Iterator[R]:
        """Yield the rules for the decoded `path` at whatever host."""
        return chain.from_iterable(self._matching(path))

    def _matching(self, path: str) -> Iterator[Sequence[R]]:
        """Yield the rules for `path` at whatever host, equals together."""
        key = self.path_key(path)
        if key in self._exact:
            yield self._exact[key]
        if self._prefixes:
            for prefix in above(key, self._deepest):
                if prefix in self._prefixes:
                    yield self._prefixes[prefix]
        if self._routes and len(key) <= LONGEST_ROUTED:
            relative = key.removeprefix("/")
            yield [rule for route, rule in self._routes if route.match(relative)]

    def below(self, beginning: str) -> Iterator[R]:
        """Yield all rules whose pattern has this `beginning`, and perhaps others."""
        return iter(self)


class LenientIndex(Index[R]):
    """Rules that cover more than they say: other spellings of their paths too.

    For rules that hide: a view may take for one resource what are different paths to a browser.
    Slashes are collapsed, case and Unicode's compatibility characters folded, blanks and plus
    signs around a segment left out, numbers read as Python reads them ("02"); an exact rule and a
    route also cover their path with a format suffix ("/2.json"). A prefix covers everything below
    it, in any spelling.
    """

    path_key = staticmethod(lenient_key)
    pattern_key = staticmethod(lenient_pattern_key)

    def _matching(self, path: str) -> Iterator[Sequence[R]]:
        yield from super()._matching(path)
        stem, suffix, _format = self.path_key(path).rpartition(".")
        if suffix and "/" not in _format:
            yield from super()._matching(stem)


def above(key: str, deepest: int) -> Iterator[str]:
    """Yield `key` and what is above it, the longest first, none of more than `deepest` segments."""
    if key.count("/") > deepest:
        key = "/".join(key.split("/", deepest + 1)[: deepest + 1])
    while key:
        yield key
        key = key.rpartition("/")[0]
    yield ""
