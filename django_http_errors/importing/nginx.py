"""Configurations of nginx: maps of addresses that are gone, and locations that return 410."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from . import expressions
from .addresses import taken_as
from .lines import Lines
from .rows import (
    GONE,
    NO_COLUMNS,
    FileError,
    Parsed,
    ParsedRow,
    Remark,
    depends_on,
    leads_elsewhere,
    literal,
    not_gone,
)

_TOKEN = re.compile(
    r"""(?P<comment>\#.*)|(?P<mark>[{};])|"(?P<double>(?:[^"\\]|\\.)*)\""""
    r"""|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>(?:\\.|\$\{(?:\w+\})?|[^\s;{}\\])+)""",
    re.DOTALL,
)
_UNESCAPED = re.compile(r"""\\(["'\\])""")
_REQUESTED = "$request_uri"
# What a map may be looked up by: whether that begins with the host, and whether it is as requested.
_SOURCES = {
    f"{host}{path}": (bool(host), path == _REQUESTED)
    for host in ("", "$host", "$http_host", "$server_name")
    for path in ("$uri", _REQUESTED, "$document_uri")
}
# What only a key of what is requested has: an escape, and a query if it is no expression.
_IS_REQUESTED = re.compile(r"[^~].*\?|.*%[0-9A-Fa-f]{2}")
_SAYS_GONE = re.compile(r"gone|410|removed|retired|deleted", re.IGNORECASE)
_ON, _OFF = frozenset({"1", "yes", "on", "true"}), frozenset({"", "0", "no", "off", "false"})
_NOT_ENTRIES = frozenset({"default", "hostnames", "volatile"})
# What goes before the path of a location, with a space or without.
_MODIFIER = re.compile(r"(=|~\*?|\^~)(.+)", re.DOTALL)
_IN_BRACES = re.compile(r"\$\{(\w+)\}")
MOST_WORDS = 1000


def parse_nginx(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield what is gone of a configuration of nginx's, or of a file that a map includes."""
    nginx = _Nginx()
    words: list[str] = []
    begun = 1
    for line in lines:
        for token in _TOKEN.finditer(line):
            if token["mark"]:
                yield from nginx.read(begun, words, token["mark"])
                words = []
            elif token["comment"] is None:
                begun = begun if words else lines.number
                found = next(filter(None, token.group("double", "single", "bare")), "")
                words.append(_UNESCAPED.sub(r"\1", found))
            if len(words) > MOST_WORDS:
                raise FileError(begun, _("The directive has no end."))
    yield from nginx.leave_locations()


@dataclass(frozen=True, slots=True)
class _Map:
    """A map whose entries are read: by what it is looked up, and whether 1 means gone.

    is_encoded: whether its keys are percent-encoded, and may have a query
    """

    with_host: bool
    is_encoded: bool
    flags_say_gone: bool
    name: str = ""


class _Nginx:
    """The directives that are read, and the blocks that they stand in."""

    def __init__(self) -> None:
        self._blocks: list[list[str]] = []
        self._conditions: set[str] = set()
        self._maps: set[str] = set()
        # What the entries of a map leave to the site.
        self._left = expressions.LeftToTheSite()
        # The locations of a server: those that return nothing, where, and prefixes that are gone.
        self._locations: dict[tuple[str, ...], int] = {}
        self._gone_below: list[str] = []

    def read(self, line: int, words: list[str], mark: str) -> Parsed:
        """Read a directive up to the `mark` that ends it."""
        if mark != ";":
            self._left.forget()
        if mark == "{":
            self._enter(line, words)
        elif mark == "}":
            if self._blocks and self._blocks.pop() == ["server"]:
                yield from self.leave_locations()
        elif words:
            block = self._blocks[-1] if self._blocks else []
            if words[0] == "return":
                yield from self._returned(line, words, block)
            elif words[0] == "rewrite" and words[-1] in {"permanent", "redirect"}:
                yield Remark(line, not_gone("301" if words[-1] == "permanent" else "302"))
            elif len(words) == 2 and (table := self._map(words, block)):
                yield from self._entry(line, words, table)
            elif len(words) == 2 and _may_say_gone(words, block):
                yield Remark(line, depends_on(words[0], " ".join(block)))

    def _enter(self, line: int, words: list[str]) -> None:
        if words[:1] == ["location"] and len(words) == 2:
            found = _MODIFIER.fullmatch(words[1])
            words = ["location", *(found.groups() if found else words[1:])]
        elif words[:1] in (["map"], ["if"]):
            words = [_without_braces(word) for word in words]
        self._blocks.append(words)
        if words[:1] == ["map"]:
            self._maps.add(words[-1].lower())
        elif words[:1] == ["location"]:
            self._locations[tuple(words)] = line

    def leave_locations(self) -> Parsed:
        """Remark on locations that the site answers, below one that is gone."""
        gone: list[str] = []
        for path in sorted(self._gone_below):
            if not gone or not path.startswith(gone[-1]):
                gone.append(path)
        for words, line in self._locations.items():
            at = bisect_right(gone, words[-1])
            if at and words[-1].startswith(gone[at - 1]):
                yield Remark(line, _left_to_the_site(words[-1]))
        self._locations, self._gone_below = {}, []

    def _map(self, words: list[str], block: list[str]) -> _Map | None:
        """Return the map that an entry is in, None if that isn't one of addresses."""
        if not block:
            # A file that is included.
            with_host = not words[0].startswith(("/", "~"))
            is_encoded = _IS_REQUESTED.match(words[0]) is not None
            return _Map(with_host, is_encoded, True) if "/" in words[0] else None
        if len(block) != 3 or block[0] != "map" or block[1] not in _SOURCES:
            return None
        return _Map(*_SOURCES[block[1]], bool(_SAYS_GONE.search(block[2])), block[2])

    def _entry(self, line: int, words: list[str], table: _Map) -> Parsed:
        key, value = words[0].removeprefix("\\"), _without_braces(words[1]).lower()
        if key == "include":
            yield Remark(line, _("%s: not read, since it is another file.") % " ".join(words))
        elif key in _NOT_ENTRIES:
            return
        elif value in _OFF or value in self._maps:
            if key.startswith("~"):
                self._left.add(key.lstrip("~*"), " ".join(words))
            elif table.flags_say_gone:
                yield Remark(line, _left_to_the_site(key))
        elif value not in _ON | {GONE, "gone"}:
            is_status = value.isdecimal() and len(value) == 3
            yield Remark(line, not_gone(value) if is_status else leads_elsewhere())
        elif value in _ON and not table.flags_say_gone:
            text = _("Nothing says that what %s maps is gone (410): left out.")
            yield Remark(line, text % table.name)
        else:
            self._conditions.add(f"({table.name})")
            yield from self._gone(line, key, with_host=table.with_host, is_encoded=table.is_encoded)

    def _returned(self, line: int, words: list[str], block: list[str]) -> Parsed:
        status = words[1] if len(words) > 1 else ""
        if block[:1] == ["location"]:
            self._locations.pop(tuple(block), None)
        if status != GONE:
            yield Remark(line, not_gone(status if status.isdecimal() else "302"))
        elif block[:1] == ["location"] and not block[-1].startswith("@"):
            modifier = block[1] if len(block) > 2 else ""
            if modifier.startswith("~"):
                yield from self._gone(line, f"{modifier}{block[-1]}")
            else:
                yield from self._location(line, block[-1], is_exact=modifier == "=")
        elif not (block[:1] == ["if"] and block[-1] in self._conditions):
            yield Remark(line, depends_on("return 410", " ".join(block) or "server"))

    def _location(self, line: int, path: str, *, is_exact: bool) -> Parsed:
        pattern = literal(path)
        cells = {"permanence": "permanent", "kind": "exact" if is_exact else "prefix"}
        yield ParsedRow(line, {**cells, "pattern": pattern}, headings=NO_COLUMNS)
        if is_exact:
            return
        self._gone_below.append(path)
        if not path.endswith("/") and "<" not in path:
            # A prefix covers whole segments, and a location what goes on within the last one too.
            cells = {**cells, "kind": "route", "pattern": f"{pattern}<path:rest>"}
            yield Remark(line, taken_as(path, cells["kind"], cells["pattern"]))
            yield ParsedRow(line, cells, headings=NO_COLUMNS)

    def _gone(
        self, line: int, key: str, *, with_host: bool = False, is_encoded: bool = False
    ) -> Parsed:
        cells: dict[str, Any] = {"permanence": "permanent"}
        if key.startswith("~"):
            if key.startswith("~*"):
                cells["ignore_case"] = True
            expression = key.lstrip("~*")
            if left := self._left.before(expression):
                yield Remark(line, depends_on(expression, left))
                return
            yield from expressions.rows(
                line, expression, cells, with_host=with_host, is_encoded=is_encoded
            )
            return
        # Strings are compared without regard to case.
        cells |= {"ignore_case": True, "kind": "exact"}
        if with_host:
            cells["host"], _slash, key = key.partition("/")
            key = f"/{key}"
        cells["pattern"] = key if is_encoded else literal(key)
        yield ParsedRow(line, cells, headings=NO_COLUMNS)


def _without_braces(word: str) -> str:
    """Return `word` with its variables as they are mostly written."""
    return _IN_BRACES.sub(r"$\1", word)


def _may_say_gone(words: list[str], block: list[str]) -> bool:
    """Return whether an entry means gone, of a map that isn't looked up by an address."""
    if block[:1] != ["map"] or words[0] in _NOT_ENTRIES:
        return False
    return words[1] == GONE or (words[1].lower() in _ON and bool(_SAYS_GONE.search(block[-1])))


def _left_to_the_site(what: str) -> str:
    text = _("%s is left to the site by nginx. If a rule covers it, add a temporary one for it.")
    return text % what
