"""Lists of addresses, one a line."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from .lines import Lines
from .rows import NO_COLUMNS, FileError, Parsed, ParsedRow, Remark
from .tables import ADDRESS, NO_HEADING, delimiter_of, printable_heading

# What stands between an address and something else. It may also be a part of the address.
_SEPARATORS = ",;|\t "
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
# What no heading has, behind its beginning.
_HAS_ADDRESS = re.compile(rf"""[{_SEPARATORS}"'](?:/\S|https?://)""", re.IGNORECASE)
# Of an address, what can have no separator: a query may have any, and so may a wildcard.
_PATH_ALONE = r"[^?#(\[{<^$\\*]*"
# Where something else begins: at a tab, or a quote; at a separator behind a slash (but for the
# blank before a comment) or before a blank; and at one before an address, an arrow or a status,
# but for a comma before a number: addresses of articles have that.
_BEHIND = re.compile(
    rf"""{_PATH_ALONE}?((?:["']?\t|["'][,;|]|(?<=/)(?:[,;|]|[ ]+(?![# ]))|[,;]\s"""
    r"""|[,;| ](?:/|https?://|[-=]>)|[;| ][1-5][0-9]{2}\Z).*)""",
    re.DOTALL | re.IGNORECASE,
)
# A row of a table, if nothing says that this is a list.
_WITH_NUMBER = re.compile(rf"{_PATH_ALONE}[,;|][0-9]+\Z")


def parse_list(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield a row for each address: one a line, perhaps below a heading."""
    first, headings = True, NO_COLUMNS
    for line in lines:
        written = line.strip()
        cell = written.rstrip(_SEPARATORS)
        text = cell.strip("\"'").strip()
        if not text or text.startswith("#"):
            continue
        if first and not ADDRESS.match(text) and not _HAS_ADDRESS.search(text):
            headings = {"pattern": printable_heading(text)}
        else:
            # What is no address is refused anyway.
            is_looked_at = ADDRESS.match(text) and not _QUOTED.fullmatch(cell)
            behind = _behind(text) if is_looked_at else ""
            is_row = behind or (is_looked_at and _WITH_NUMBER.match(text))
            if first and is_row and delimiter_of(text):
                raise FileError(lines.number, str(NO_HEADING))
            if cell != written:
                remark = _("What stood behind the address is left out: %s")
                yield Remark(lines.number, remark % written[len(cell) :])
            if is_looked_at and not behind and (within := _separators(text)):
                remark = _("Taken as one address, with what stands in it: %s")
                yield Remark(lines.number, remark % within)
            yield ParsedRow(lines.number, {"pattern": text}, error=behind, headings=headings)
        first = False


def _behind(text: str) -> str:
    """Return what is wrong with an address that something else stands behind, "" if none does."""
    found = _BEHIND.match(text)
    if not found:
        return ""
    error = _(
        "Behind the address stands something else: %s. Name the columns in the first line, or put"
        " an address that has such signs in quotes."
    )
    return error % found[1].replace("\t", " ")


def _separators(text: str) -> str:
    """Return the separators within an address, "" if there are none."""
    path = re.match(_PATH_ALONE, text)
    found = sorted(set(path[0].strip() if path else "").intersection(_SEPARATORS))
    return " ".join("' '" if each == " " else each for each in found)
