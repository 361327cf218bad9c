"""Which rules cover an address: exact ones, then the longest prefix, then routes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from django.urls.resolvers import RoutePattern

from ..addresses import path_key
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


class Index(Generic[R]):
    """Rules by the addresses that they cover; made once and never changed."""

    def __init__(self, rules: Iterable[R]) -> None:
        self._exact: dict[tuple[str, str], tuple[R, ...]] = {}
        self._prefixes: dict[tuple[str, str], tuple[R, ...]] = {}
        self._deepest = 0
        self._routes: list[tuple[RoutePattern, R]] = []
        self._all: list[R] = []
        self.hosts: set[str] = set()
        for rule in rules:
            try:
                self._add(rule)
            except Exception:
                # A row that somebody made by hand; it must not keep the others from working.
                logger.exception("The rule %r can't be used", rule)
        # Own host before any host, older before newer.
        self._routes.sort(key=lambda entry: not entry[1].host)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[R]:
        return iter(self._all)

    def _add(self, rule: R) -> None:
        if not rule.pattern.startswith("/"):
            raise ValueError("an address begins with a slash")
        if rule.kind == Kind.ROUTE:
            route = RoutePattern(rule.pattern.removeprefix("/"), is_endpoint=True)
            route.match("")  # compiles it
            self._routes.append((route, rule))
        else:
            table = {Kind.EXACT: self._exact, Kind.PREFIX: self._prefixes}[Kind(rule.kind)]
            key = (rule.host, path_key(rule.pattern))
            table[key] = (*table.get(key, ()), rule)
            if rule.kind == Kind.PREFIX:
                self._deepest = max(self._deepest, key[1].count("/"))
        self._all.append(rule)
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
            for prefix in self._prefixes_of(key):
                for each in hosts:
                    yield from self._prefixes.get((each, prefix), ())
        if self._routes:
            # A route may end in a slash or not, and so may the address that was asked for.
            spellings = (key.removeprefix("/"), f"{key}/".removeprefix("/"))
            for route, rule in self._routes:
                if rule.host in hosts and any(route.match(each) for each in spellings):
                    yield rule

    def _prefixes_of(self, key: str) -> Iterator[str]:
        """Yield `key` and what is above it, the longest first, as far as there are prefixes."""
        if key.count("/") > self._deepest:
            key = "/".join(key.split("/", self._deepest + 1)[: self._deepest + 1])
        while key:
            yield key
            key = key.rpartition("/")[0]
        yield ""
