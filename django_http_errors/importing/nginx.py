"""Configurations of nginx: maps of addresses that are gone, and locations that return 410."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from . import expressions
from .lines import Lines
from .rows import (
    GONE,
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
    r"""\s*(?:(?P<comment>\#.*)|(?P<mark>[{};])|"(?P<double>(?:[^"\\]|\\.)*)\""""
    r"""|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>(?:\\.|\$\{|[^\s;{}\\])+))""",
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

    def read(self, line: int, words: list[str], mark: str) -> Parsed:
        """Read a directive up to the `mark` that ends it."""
        if mark == "{":
            self._blocks.append(words)
        elif mark == "}":
            del self._blocks[-1:]
        elif words:
            block = self._blocks[-1] if self._blocks else []
            if words[0] == "return":
                yield from self._returned(line, words, block)
            elif words[0] == "rewrite" and words[-1] in {"permanent", "redirect"}:
                yield Remark(line, not_gone("301" if words[-1] == "permanent" else "302"))
            elif len(words) == 2 and (table := self._map(words, block)):
                yield from self._entry(line, words, table)

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
        key, value = words[0].removeprefix("\\"), words[1].lower()
        if key == "include":
            yield Remark(line, _("%s: not read, since it is another file.") % " ".join(words))
        elif key in _NOT_ENTRIES or value in _OFF:
            return
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
        if status != GONE:
            yield Remark(line, not_gone(status if status.isdecimal() else "302"))
        elif block[:1] == ["location"] and not block[-1].startswith("@"):
            modifier = block[1] if len(block) > 2 else ""
            if modifier.startswith("~"):
                yield from self._gone(line, f"{modifier}{block[-1]}")
            else:
                kind = "exact" if modifier == "=" else "prefix"
                cells = {"permanence": "permanent", "kind": kind, "pattern": literal(block[-1])}
                yield ParsedRow(line, cells)
        elif not (block[:1] == ["if"] and block[-1] in self._conditions):
            yield Remark(line, depends_on("return 410", " ".join(block) or "server"))

    def _gone(
        self, line: int, key: str, *, with_host: bool = False, is_encoded: bool = False
    ) -> Parsed:
        cells: dict[str, Any] = {"permanence": "permanent"}
        if key.startswith("~"):
            if key.startswith("~*"):
                cells["ignore_case"] = True
            yield from expressions.rows(
                line, key.lstrip("~*"), cells, with_host=with_host, is_encoded=is_encoded
            )
            return
        # Strings are compared without regard to case.
        cells |= {"ignore_case": True, "kind": "exact"}
        if with_host:
            cells["host"], _slash, key = key.partition("/")
            key = f"/{key}"
        yield ParsedRow(line, {**cells, "pattern": key if is_encoded else literal(key)})
