"""Which rules cover an address: exact ones, then the longest prefix, then routes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Generic, Protocol, TypeVar

from django.urls.resolvers import RoutePattern

from ..addresses import path_key, pattern_key
from ..models import Kind

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


@lru_cache(maxsize=1000)
def report(row: str, fault: str) -> None:
    """Log that `row`, which somebody made by hand, can't be used.

    Once: it is in every snapshot, and after every edit there is a new one.
    """
    logger.error("%s can't be used: %s", row, fault)


class Index(Generic[R]):
    """Rules by the addresses that they cover; made once and never changed."""

    def __init__(self, rules: Iterable[R]) -> None:
        self._exact: dict[tuple[str, str], tuple[R, ...]] = {}
        self._prefixes: dict[tuple[str, str], tuple[R, ...]] = {}
        self._deepest = 0
        self._routes: list[tuple[RoutePattern, R]] = []
        self._size = 0
        self.hosts: set[str] = set()
        for rule in rules:
            try:
                self._add(rule)
            except Exception as error:  # noqa: BLE001 - it must not keep the others from working
                report(repr(rule), repr(error))
        # Own host before any host, older before newer.
        self._routes.sort(key=lambda entry: not entry[1].host)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[R]:
        tables = chain(self._exact.values(), self._prefixes.values())
        return chain(chain.from_iterable(tables), (rule for _, rule in self._routes))

    def _add(self, rule: R) -> None:
        if not rule.pattern.startswith("/"):
            raise ValueError("an address begins with a slash")
        pattern = pattern_key(rule.pattern)
        if rule.kind == Kind.ROUTE:
            route = RoutePattern(pattern.removeprefix("/"), is_endpoint=True)
            route.match("")  # compiles it
            self._routes.append((route, rule))
        else:
            table = {Kind.EXACT: self._exact, Kind.PREFIX: self._prefixes}[Kind(rule.kind)]
            key = (rule.host, pattern)
            table[key] = (*table.get(key, ()), rule)
            if rule.kind == Kind.PREFIX:
                self._deepest = max(self._deepest, key[1].count("/"))
        self._size += 1
        if rule.host:
            self.hosts.add(rule.host)

    def covering(self, path: str, host: str) -> Iterator[R]:
        """Yield the rules that cover the decoded `path` at `host`, those that go first first.

        Exact > longest prefix > route; among equals the host's own before any host's.
        """
        key = path_key(path)
        hosts = (host, "") if host else ("",)
        for each in hosts:
            yield from self._exact.get((each, key), ())
        if self._prefixes:
            for prefix in above(key, self._deepest):
                for each in hosts:
                    yield from self._prefixes.get((each, prefix), ())
        relative = key.removeprefix("/")
        for route, rule in self._routes:
            if rule.host in hosts and route.match(relative):
                yield rule

    def below(self, beginning: str) -> Iterator[R]:
        """Yield all rules whose pattern has this `beginning`, and perhaps others."""
        return iter(self)


def above(key: str, deepest: int) -> Iterator[str]:
    """Yield `key` and what is above it, the longest first, none of more than `deepest` segments."""
    if key.count("/") > deepest:
        key = "/".join(key.split("/", deepest + 1)[: deepest + 1])
    while key:
        yield key
        key = key.rpartition("/")[0]
    yield ""
