"""Rules as files: to be imported again, or for a CDN or gateway that answers by itself."""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote

from django.db.models import Q
from django.urls.resolvers import RoutePattern
from django.utils.translation import gettext_lazy as _

from ..http.urls import pattern_key
from ..models import MatchType, PermanenceRule
from .schema import RULES, ImportSchema, cell_of
from .tables import escaped

CHUNK = 2000
# The page that a _redirects file names for what is gone.
PAGE = "/410.html"

# What a server's format can't say of some rules, which are counted.
NOT_IN_FORCE = _("left out: not in force now")
ENDING = _("in force until a time: export the rules again then")
TEMPORARY = _("left out: temporary, and only the site says for how long")
ABOVE_TEMPORARY = _("left out: something below is temporary")
AFTER_TEMPORARY = _("left out: a temporary rule for the same address goes before it")
EVEN_IF_THERE = _("hold even where the site has a page: prefixes and routes")
ROUTES = _("left out: routes that the format can't say")
CASE = _("hold for other capitals too: nginx doesn't tell them apart")
NO_TEXT = _("left out: the address is no text")

Remarks = Counter[Any]


class _Line:
    """A file for the csv module that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rules: Any, remarks: Remarks, schema: ImportSchema = RULES) -> Iterator[str]:
    """Yield the lines of a CSV file that can be imported again.

    rules: rows of the model that `schema` is for
    """
    write = csv.writer(_Line()).writerow
    yield write(schema.columns)
    for row in rules.values_list(*schema.columns).iterator(CHUNK):
        cells = _cells(dict(zip(schema.columns, row, strict=True)))
        yield write([escaped(cell) for cell in cells.values()])


def json_lines(rules: Any, remarks: Remarks) -> Iterator[str]:
    """Yield the lines of a JSON file that can be imported again."""
    before = "[\n"
    for row in rules.values(*RULES.columns).iterator(CHUNK):
        yield before + json.dumps(_cells(row), ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _cells(row: Mapping[str, Any]) -> dict[str, object]:
    return {name: cell_of(name, value, row.get("kind", "")) for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a server can know of a rule; `pk` is less for an older one."""

    pk: int
    kind: str
    pattern: str
    host: str
    is_gone: bool
    ignore_case: bool

    @property
    def key(self) -> str:
        """The decoded path without the last slash."""
        return unquote(self.pattern, errors="surrogateescape").rstrip("/")

    @property
    def head(self) -> str:
        """What all addresses that it covers begin with."""
        is_route = self.kind == MatchType.ROUTE
        return self.pattern.partition("<")[0] if is_route else f"{self.pattern.rstrip('/')}/"

    @property
    def is_text(self) -> bool:
        return _NO_TEXT.search(self.key) is None


_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class _InForce:
    """The rules that are in force now, in the order in which they are asked."""

    def __init__(self, rules: Any, remarks: Remarks) -> None:
        self._rules = rules.live()
        self._remarks = remarks
        remarks[NOT_IN_FORCE] += rules.count() - self._rules.count()
        remarks[ENDING] += self._rules.exclude(valid_until=None).count()

    @property
    def has_hosts(self) -> bool:
        return bool(self._rules.exclude(host="").exists())

    def of(self, which: Q, *kinds: str) -> Iterator[_Rule]:
        """Yield the rules of `kinds`, but for those whose address is no text."""
        rules = self._rules.filter(which, kind__in=kinds).order_by("pk")
        fields = ("pk", "kind", "pattern", "host", "permanence", "ignore_case")
        for pk, kind, pattern, host, permanence, ignore_case in rules.values_list(*fields).iterator(
            CHUNK
        ):
            is_gone = permanence == PermanenceRule.Answer.PERMANENT
            rule = _Rule(pk, kind, pattern, host, is_gone, ignore_case)
            if rule.is_text:
                yield rule
            else:
                self._remarks[NO_TEXT] += 1

    def longest_first(self, which: Q) -> Iterator[_Rule]:
        """Yield prefixes, a host's own before those of any, and then routes."""
        prefixes = self.of(which, MatchType.PREFIX)
        yield from sorted(prefixes, key=lambda rule: (-len(rule.key), not rule.host))
        yield from self.of(which, MatchType.ROUTE)


def redirects_lines(rules: Any, remarks: Remarks) -> Iterator[str]:
    """Yield the lines of a _redirects file, as Netlify and others read it.

    The first line that fits decides, and none leaves it to the site.
    """
    in_force = _InForce(rules, remarks)
    permanent = Q(permanence=PermanenceRule.Answer.PERMANENT)
    temporary = list(in_force.of(~permanent, *MatchType.values))
    remarks[TEMPORARY] += len(temporary)
    below = sorted(rule.head for rule in temporary)
    routes = [rule.head for rule in temporary if rule.kind == MatchType.ROUTE]
    at: dict[str, list[_Rule]] = {}
    for rule in temporary:
        if rule.kind == MatchType.EXACT:
            at.setdefault(rule.key.casefold(), []).append(rule)
    for rule in in_force.of(permanent, MatchType.EXACT):
        if any(_goes_before(other, rule) for other in at.get(rule.key.casefold(), ())):
            remarks[AFTER_TEMPORARY] += 1
        else:
            yield from _redirects(rule, _path(rule))
    for rule in in_force.longest_first(permanent):
        path = _path(rule)
        if "<" in path:
            remarks[ROUTES] += 1
        elif _begins_any(rule.head, below) or any(map(rule.head.startswith, routes)):
            remarks[ABOVE_TEMPORARY] += 1
        else:
            remarks[EVEN_IF_THERE] += 1
            yield from _redirects(rule, path)
            if rule.kind == MatchType.PREFIX:
                yield from _redirects(rule, f"{path.rstrip('/')}/*")


def _goes_before(one: _Rule, other: _Rule) -> bool:
    """Return whether `one` decides somewhere at the address of `other`, both for just that one."""
    if one.key != other.key and not one.ignore_case:
        return False
    return one.pk < other.pk if one.host == other.host else not other.host


_PARAMETER = re.compile(r"(<[^<>]*>)")
# What a path may have without being encoded: nothing that would end it, or be a wildcard.
_SAFE = "%/:[]@!$&'()+,;=-._~"


def _path(rule: _Rule) -> str:
    """Return the path of `rule` as the file has it; "<" is in it if it can't say that."""
    if rule.kind != MatchType.ROUTE:
        return _literal(rule.pattern)
    parts = _PARAMETER.split(rule.pattern)
    parts[::2] = map(_literal, parts[::2])
    path = re.sub(r"<(?:str:)?(\w+)>", r":\1", "".join(parts))
    return re.sub(r"<path:\w+>\Z", "*", path)


def _literal(path: str) -> str:
    return quote(path, safe=_SAFE).replace("/:", "/%3A")


def _redirects(rule: _Rule, path: str) -> Iterator[str]:
    origins = [f"{scheme}://{rule.host}" for scheme in ("http", "https")] if rule.host else [""]
    for origin in origins:
        yield f"{origin}{path} {PAGE} 410\n"


def _begins_any(beginning: str, texts: list[str]) -> bool:
    """Return whether one of the sorted `texts` has this `beginning`."""
    at = bisect_left(texts, beginning)
    return at < len(texts) and texts[at].startswith(beginning)


_HEADER = """\
# Where something is gone, $gone is 1. In a server block: if ($gone) { return 410; }
# For many rules: map_hash_max_size and map_hash_bucket_size, as nginx says when it is started.
"""


def nginx_lines(rules: Any, remarks: Remarks) -> Iterator[str]:
    """Yield the lines of a map for nginx, or of two: for any host, and for some.

    A temporary rule is a 0 that goes before the 1 of a longer one, so that the site is asked.
    """
    in_force = _InForce(rules, remarks)
    yield _HEADER
    if not in_force.has_hosts:
        yield from _map(in_force, "$uri", "$gone", "0", remarks)
        return
    yield from _map(in_force, "$uri", "$gone_anywhere", "0", remarks)
    yield from _map(in_force, "$host$uri", "$gone", "$gone_anywhere", remarks)


def _map(
    in_force: _InForce, source: str, name: str, default: str, remarks: Remarks
) -> Iterator[str]:
    here, with_host = Q(host=""), source != "$uri"
    first: Iterable[_Rule] = ()
    patterns = here
    if with_host:
        # What is temporary anywhere goes before what a host has above it: that is in the other map.
        temporary = Q(host="", permanence=PermanenceRule.Answer.TEMPORARY)
        here = ~here
        patterns = here | temporary
        first = in_force.of(temporary, MatchType.EXACT)
    yield f"map {source} {name} {{\n    default {default};\n"
    seen: set[bytes] = set()
    for rule in in_force.of(here, MatchType.EXACT):
        remarks[CASE] += not rule.ignore_case and rule.key.lower() != rule.key.upper()
        for path in dict.fromkeys((rule.key or "/", f"{rule.key}/")):
            text = f"{rule.host}{path}"
            # The same for nginx, which would refuse to start.
            if (same := text.encode().lower()) not in seen:
                seen.add(same)
                yield f"    {_quoted(text)} {rule.is_gone:d};\n"
    for rule in chain(first, in_force.longest_first(patterns)):
        remarks[EVEN_IF_THERE] += rule.is_gone
        host = re.escape(rule.host) if rule.host else "[^/]+" * with_host
        expression = f"~{'*' * rule.ignore_case}^{host}{_expression(rule)}"
        value = default if with_host and not rule.host else f"{rule.is_gone:d}"
        yield f"    {_quoted(expression)} {value};\n"
    yield "}\n"


def _expression(rule: _Rule) -> str:
    """Return what matches the addresses that `rule` covers, behind the host."""
    if rule.kind == MatchType.PREFIX:
        return f"{re.escape(rule.key)}(?:/|$)"
    if rule.kind == MatchType.EXACT:
        return f"{re.escape(rule.key)}/?$"
    route = RoutePattern(pattern_key(rule.pattern).removeprefix("/"), is_endpoint=True)
    within = re.sub(r"\A\^|\\[Zz]\Z", "", route.regex.pattern)
    # Names would become variables of nginx's.
    return f"/{re.sub(r'[(][?]P<[^>]*>', '(?:', within)}/?$"


def _quoted(text: str) -> str:
    """Return `text` as a word of nginx's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# By the names that they are asked for with.
FORMATS: Mapping[str, Callable[[Any, Remarks], Iterator[str]]] = {
    "csv": csv_lines,
    "json": json_lines,
    "redirects": redirects_lines,
    "nginx": nginx_lines,
}
