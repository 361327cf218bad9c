"""What the parsers make of a file: plain rows, and remarks on what they leave out or change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import quote

from django.utils.translation import gettext as _

# What a file calls columns; one that isn't there is called by its name, and "" by none.
Headings: TypeAlias = Mapping[str, str]

AS_NAMED: Headings = MappingProxyType({})
# Of a file that has addresses, and no columns.
NO_COLUMNS: Headings = MappingProxyType({"pattern": "", "host": ""})


class FileError(Exception):
    """The file can't be read, or not any further than to `line`."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{place(self.line)}: {self.message}"


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row of a file: its cells by the names of their columns.

    `line` is where it begins; `number` is which object of a JSON file it is, where one line may
    hold them all, and 0 elsewhere. `error` says why it can't be used; it is blank for one that can.
    """

    line: int
    cells: Mapping[str, object] = field(default_factory=dict)
    number: int = 0
    error: str = ""
    headings: Headings = field(default_factory=lambda: AS_NAMED)

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return place(self.line, self.number)


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody should know of a line: why it was left out, or what was made of it."""

    line: int
    text: str
    number: int = 0

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return place(self.line, self.number)


Parsed = Iterator[ParsedRow | Remark]

GONE = "410"
_ENCODED = str.maketrans({each: quote(each) for each in "%?#<>"})


def printable(text: str) -> str:
    """Return `text` as a page can have it: half a character is written as Python does."""
    return text.encode(errors="backslashreplace").decode()


def literal(path: str) -> str:
    """Return the pattern of a decoded `path`."""
    return path.translate(_ENCODED)


def not_gone(status: object) -> str:
    """Return the remark on a row that is there for another status."""
    return _("Not gone (410) but %s: left out.") % status


def leads_elsewhere() -> str:
    """Return the remark on a redirect whose status isn't said."""
    return not_gone(_("a redirect"))


def depends_on(what: str, condition: str) -> str:
    """Return the remark on something that is gone for some requests only."""
    text = _("%(what)s depends on %(condition)s: left out.")
    return text % {"what": what, "condition": condition}


def place(line: int, number: int = 0) -> str:
    """Say where the object of that `number` is; line 0: in what has no lines."""
    if not number:
        return _("line %d") % line
    if not line:
        return _("row %d") % number
    return _("line %(line)d (object %(number)d)") % {"line": line, "number": number}
