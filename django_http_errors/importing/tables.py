"""CSV and JSON: own exports, and tables that other tools write."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import ErrorMessage, PermanenceRule
from ..validators import SITE
from . import expressions
from .lines import Lines
from .rows import (
    AS_NAMED,
    GONE,
    FileError,
    Headings,
    Parsed,
    ParsedRow,
    Remark,
    depends_on,
    leads_elsewhere,
    not_gone,
)

NO_HEADING = gettext_lazy("The first line has to name the columns, such as pattern.")

# How many characters an object of a JSON file may have.
LONGEST_VALUE = 1_048_576

# What spreadsheets separate cells by, depending on the country that they think they are in.
_DELIMITERS = ",;\t"
ADDRESS = re.compile(rf"""["']?(?:/|{SITE})""", re.IGNORECASE)
# What begins in the middle of a path: no expression, and no URL.
_PATH = re.compile(rf"(?!/|\^|\s*\Z|{SITE})", re.IGNORECASE)
_EXCEL = re.compile(r'\s*sep=([^\r\n"])?[\r\n]*', re.IGNORECASE)
# Where a formula begins for a spreadsheet, before the apostrophes that keep it from being one: at
# the beginning of a cell, and within it too, since a spreadsheet that separates cells by semicolons
# or tabs makes several of it. There, quotes may go before it, which are taken away.
_SIGNS = "=+\\-@\uff0b\uff0d\uff1d\uff20"
_FORMULA = re.compile(f"\\A(?='*[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])(?=['\"]*[{_SIGNS}])")
_ESCAPED = re.compile(f"\\A'(?='*[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])'(?=['\"]*[{_SIGNS}])")

# Columns of other tools that say what a row is, and not what its rule is.
TARGET, STATUS, REGEX = "(target)", "(status)", "(regex)"
# The names that other tools have for a column, the best first: in small letters, with spaces.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "pattern": (
        *("url", "urls", "source", "source url", "source path", "from", "from url", "origin"),
        *("old url", "old", "old path", "address", "path", "page url", "page", "pages"),
        *("top pages", "request url", "redirect from", "uri", "loc", "link"),
    ),
    TARGET: (
        *("target", "target url", "to", "to url", "destination", "destination url", "new url"),
        *("new", "new path", "redirect to"),
    ),
    STATUS: (
        *("status code", "statuscode", "http status code", "http statuscode", "response code"),
        *("http response code", "response status", "http code", "http status", "httpstatus"),
        *("code", "status"),
    ),
    REGEX: ("regex", "is regex"),
}
# In a crawler's list of links, "source" is the page that has the link.
_LINKS = {"source", "destination"}
_OF_LINKS = frozenset({"anchor", "anchor text", "alt text", "follow"})
# What Yoast SEO, a plugin of WordPress, calls what others call a status and an expression. It keeps
# addresses without the first slash.
_YOAST = frozenset({"origin", "format"})
_OF_YOAST = {STATUS: ("type",), REGEX: ("format",)}
# What they are called by the Redirection plugin of WordPress, which is known by its REGEX.
_REDIRECTION = {"status": "enabled", "title": "note"}
# Where a row of another tool comes from is no row of ours.
_OWN_ALONE = frozenset({"source", "created_at", "updated_at"})
_NO = frozenset({"", "0", "false", "no", "off", "plain"})


def escaped(cell: object) -> object:
    """Return `cell` so that no spreadsheet takes it for a formula; `unescaped` undoes it."""
    return _FORMULA.sub("'", cell) if isinstance(cell, str) else cell


def unescaped(cell: str) -> str:
    """Return the text that `escaped` has made `cell` of."""
    return _ESCAPED.sub("", cell) if "'" in cell else cell


def delimiter_of(line: str) -> str:
    """Return what separates the cells of `line`, "" if there is but one."""
    bare = re.sub(r'"[^"]*"', "", line)
    best = max(_DELIMITERS, key=bare.count)
    return best if best in bare else ""


def parse_csv(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield the rows of a CSV file, whose first line names the columns."""
    first = _first(lines)
    if excel := _EXCEL.fullmatch(first):
        first = _first(lines)
    delimiter = (excel and excel[1]) or delimiter_of(first) or ","
    headings = next(csv.reader([first], delimiter=delimiter), [])
    if not headings:
        raise FileError(1, _("The file is empty."))
    by_content: Mapping[str, str] = {}
    if not _are_known(headings, columns):
        by_content = _known_by_content(headings, lines, delimiter)
    names, is_own = _names(headings, columns, lines.number, by_content)
    lacks_slash = _YOAST.issubset(map(_key, headings))
    called = {
        name: printable_heading(heading.strip())
        for heading, name in zip(headings, names, strict=True)
        if name not in ("", heading)
    }
    unread = [at for at, name in enumerate(names) if not name]
    yield from _remarks(headings, names, lines.number, by_content.values())
    for line, cells in _rows(lines, delimiter):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            text = ngettext(
                "The file has %(columns)d column, and this row %(cells)d.",
                "The file has %(columns)d columns, and this row %(cells)d.",
                len(names),
            )
            yield ParsedRow(line, error=text % {"cells": len(cells), "columns": len(names)})
            continue
        named = {name: unescaped(cell) for name, cell in zip(names, cells, strict=True) if name}
        error = "" if "".join(cells).isascii() else _broken(named, called)
        if by_content and any(_may_be_address(cells[at].strip()) for at in unread):
            error = str(NO_HEADING)
        if is_own or error:
            yield ParsedRow(line, named, error=error, headings=called)
        else:
            if lacks_slash and _is_path(named):
                named["pattern"] = f"/{named['pattern']}"
            yield from foreign(line, named, headings=called)


def _remarks(
    headings: Sequence[str], names: Sequence[str], line: int, guessed: Collection[str]
) -> Iterator[Remark]:
    """Yield what should be known of columns: those that were `guessed`, and those of no use."""
    for name in guessed:
        text = _("The column %(heading)s was read as %(name)s, by what stands in it.")
        heading = printable_heading(headings[names.index(name)].strip()) or '""'
        yield Remark(line, text % {"heading": heading, "name": name.strip("()")})
    pairs = zip(headings, names, strict=True)
    # Spreadsheets have columns without anything.
    if unread := [heading for heading, name in pairs if heading.strip() and not name]:
        text = _("Columns that say nothing of a rule weren't read: %s.")
        yield Remark(line, text % ", ".join(unread))


def _is_path(cells: Mapping[str, str]) -> bool:
    """Return whether the address of another tool's row is one, and lacks its first slash."""
    is_plain = cells.get(REGEX, "").strip().lower() in _NO
    return is_plain and _PATH.match(cells.get("pattern", "")) is not None


# A row of blank cells, as spreadsheets write it.
_BLANK = re.compile(r"""[\s,;"]*\Z""")


def _first(lines: Lines) -> str:
    return next((line for line in lines if not _BLANK.match(line)), "")


def _rows(lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that a row of a CSV file begins on, and its cells."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(line, _("This is no CSV: %(error)s.") % {"error": error}) from error
        yield line, cells


# So many rows are looked at to know a column by what stands in it.
_LOOKED_AT = 20
_STATUSES = frozenset(str(status.value) for status in HTTPStatus)
# What may be an address: it has a slash, or ends like a file.
_HAS_PATH = re.compile(
    r"\S/|/\S|\.(?:x?html?|php[0-9]?|aspx?|jsp|cgi|pdf)(?:[?#]|\Z)", re.IGNORECASE
)
# What has a slash and is none: media types, dates, and what isn't known.
_NO_PATH = re.compile(
    r"(?:application|audio|font|image|text|video)/[\w.+-]+(?:;.*)?"
    r"|[0-9]+/[0-9]+/[0-9]+(?:\s.*)?|n/a",
    re.IGNORECASE,
)


def _known_by_content(headings: Sequence[str], lines: Lines, delimiter: str) -> dict[str, str]:
    """Return which columns are those of addresses and of statuses, by their headings.

    They have no known names. Where two may be it, or one in some of its cells only, nobody knows
    which is, and none is known.
    """
    keys = list(map(_key, headings))
    try:
        rows = list(csv.reader(lines.ahead(_LOOKED_AT), delimiter=delimiter))
    except csv.Error:
        return {}
    named = _meant(keys, {})
    found: dict[str, str] = {}
    for key, cells in zip(keys, zip_longest(*rows, fillvalue=""), strict=False):
        filled = [cell for cell in map(str.strip, cells) if cell]
        if key in named:
            continue
        if any(map(_may_be_address, filled)):
            name, is_whole = "pattern", all(map(ADDRESS.match, filled))
        elif STATUS not in named.values() and any(map(_is_status, filled)):
            name, is_whole = STATUS, all(map(_is_status, filled))
        else:
            continue
        if not is_whole or name in found.values() or keys.count(key) > 1:
            return {}
        found[key] = name
    return found


def _may_be_address(cell: str) -> bool:
    if ADDRESS.match(cell):
        return True
    return _HAS_PATH.search(cell) is not None and not _NO_PATH.fullmatch(cell)


def _is_status(cell: str) -> bool:
    """Return whether a cell is a status, with words or without."""
    bare = cell.removesuffix(".0")
    return bare in _STATUSES or (_LETTER.search(cell) is not None and _status(cell) in _STATUSES)


def _names(
    headings: Sequence[str],
    columns: Collection[str],
    line: int,
    by_content: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], bool]:
    """Return the column that each of the headings means, "" for none, and whether all are ours.

    by_content: which is meant by what stands below a heading, if that says nothing
    """
    keys = list(map(_key, headings))
    labels = _labels(columns)
    own = {**labels, **{_key(column): column for column in columns}}
    are_own = all(key in own for key in keys) and "pattern" in map(own.get, keys)
    if are_own or "pattern" in keys or "pattern" not in columns:
        for key, heading in zip(keys, headings, strict=True):
            if key not in own:
                raise FileError(line, unknown(heading, columns))
            if [own.get(each) for each in keys].count(own[key]) > 1:
                raise FileError(line, _("There are two columns %(name)s.") % {"name": own[key]})
        return [own[key] for key in keys], True
    meant = _meant(keys, labels)
    if "pattern" not in meant.values():
        if any(map(ADDRESS.match, headings)):
            raise FileError(line, str(NO_HEADING))
        if "pattern" not in by_content.values():
            text = _("No column has addresses. Name one of them pattern, or url. There are: %s.")
            raise FileError(line, text % printable_heading(", ".join(headings)))
        meant |= by_content
    alone = {*_OWN_ALONE, "pattern"}
    others = {name: column for name, column in own.items() if column not in alone}
    if REGEX in meant.values():
        others |= _REDIRECTION
    # Of two with one name the first.
    taken = {**others, **meant}
    return [taken.pop(key, "") for key in keys], False


def _meant(keys: Collection[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Return which columns other tools mean by some of `keys`, or somebody by the `labels`."""
    meant = {}
    are_links = _LINKS.issubset(keys) and not _OF_LINKS.isdisjoint(keys)
    known = {**ALIASES, "pattern": ("destination",), TARGET: ()} if are_links else {**ALIASES}
    if _YOAST.issubset(keys):
        known |= _OF_YOAST
    for column, aliases in known.items():
        called = (each for each, name in labels.items() if name == column)
        if alias := next((each for each in (*aliases, *called) if each in keys), None):
            meant[alias] = column
    return meant


def _key(heading: str) -> str:
    """Return what all ways to write `heading` have in common."""
    return " ".join(re.split(r"[\s_-]+", heading.strip().lower()))


def _labels(columns: Collection[str]) -> dict[str, str]:
    """Return which of `columns` is called what in the admin, in the language that is spoken now."""
    return {
        _key(str(field.verbose_name)): field.name
        for model in (ErrorMessage, PermanenceRule)
        for field in model._meta.concrete_fields
        if field.name in columns
    }


def is_heading(line: str, columns: Collection[str]) -> bool:
    """Return whether `line` names the columns of a CSV file."""
    if _EXCEL.fullmatch(line):
        return True
    return _are_known(next(csv.reader([line], delimiter=delimiter_of(line) or ","), []), columns)


def _are_known(headings: Sequence[str], columns: Collection[str]) -> bool:
    """Return whether `headings` say which column has what."""
    try:
        return bool(_names(headings, columns, 1))
    except FileError:
        return False


def unknown(name: str, columns: Collection[str]) -> str:
    """Return what is wrong with a column `name` that isn't one of `columns`."""
    return _("There is no column %(name)s. The columns are: %(list)s.") % {
        "name": printable_heading(name) or '""',
        "list": ", ".join(columns),
    }


def printable_heading(text: str) -> str:
    """Return `text` as a message can have it."""
    return text if text.isprintable() else ascii(text)


def foreign(
    line: int, cells: Mapping[str, Any], number: int = 0, headings: Headings = AS_NAMED
) -> Parsed:
    """Yield what a row of another tool's table says is gone."""
    own = {name: cell for name, cell in cells.items() if name not in {TARGET, STATUS, REGEX}}
    status = _status(str(cells.get(STATUS, "")).strip())
    if status:
        # Where redirects are listed a 404 is meant; where pages are, it is what was found.
        gone = {GONE} if cells.keys() & {TARGET, REGEX} else {GONE, "404"}
        if status not in gone:
            yield Remark(line, not_gone(status), number)
            return
    elif str(cells.get(TARGET, "")).strip():
        yield Remark(line, leads_elsewhere(), number)
        return
    if str(cells.get(REGEX, "")).strip().lower() in _NO:
        yield ParsedRow(line, own, number, headings=headings)
    else:
        expression = str(own.pop("pattern"))
        yield from expressions.rows(line, expression, own, number, headings=headings)


# A status in front of its words, or behind them, and not the version of HTTP.
_NUMBER = re.compile(r"(?<![0-9./])([1-5][0-9]{2})(?![0-9])")
_LETTER = re.compile(r"[^\W\d_]")
# What words say in the place of a status; of others nobody knows whether it is gone.
_WORDS = {"gone": GONE, "not found": "404", "active": "", "enabled": ""}


def _status(text: str) -> str:
    """Return the status that a cell means, "" if it says nothing of one, or what else it says."""
    number = _NUMBER.search(text)
    return number[1] if number else _WORDS.get(text.lower(), text)


def parse_json(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield the objects of a list, or one after the other."""
    values = _Values(lines)
    for number, (line, value) in enumerate(values.rest(), start=1):
        if not isinstance(value, dict):
            error = _("This is no object with the columns as its members.")
            yield ParsedRow(line, {}, number, error)
            continue
        strange = next((name for name in value if name not in columns), None)
        error = _broken(value) if strange is None else unknown(strange, columns)
        yield ParsedRow(line, value, number, error)
    values.expect_end()


REDIRECTION = re.compile(r'"redirects"\s*:\s*(?=\[)')
_OF_REDIRECTION = {"pattern": "url", "note": "title", "ignore_case": "flag_case"}


def parse_redirection(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield what is gone of an export of the Redirection plugin of WordPress."""
    values = _Values(lines)
    values.skip_to(REDIRECTION)
    for number, (line, item) in enumerate(values.rest(), start=1):
        if not isinstance(item, dict) or not isinstance(item.get("url"), str):
            error = _("This is no object with a url, as the Redirection plugin writes it.")
            yield ParsedRow(line, {}, number, error)
        elif item.get("match_type", "url") != "url":
            yield Remark(line, depends_on(item["url"], item["match_type"]), number)
        else:
            source = item.get("match_data")
            source = source.get("source") if isinstance(source, dict) else None
            cells = {
                "pattern": item["url"],
                STATUS: item.get("action_code", ""),
                REGEX: item.get("regex", False),
                "note": item.get("title") or "",
                "enabled": item.get("enabled", True),
            }
            if isinstance(source, dict) and source.get("flag_case"):
                cells["ignore_case"] = True
            if error := _broken(cells, _OF_REDIRECTION):
                yield ParsedRow(line, cells, number, error)
            else:
                yield from foreign(line, cells, number, _OF_REDIRECTION)


class _Values:
    """The values of a JSON file, made one by one: the file may be long, and none of them."""

    _SPACE = re.compile(r"[ \t\r\n]*")

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._pieces = lines.pieces()
        self._decode = json.JSONDecoder().raw_decode
        # What was read and is still needed, how far it was used, and where a line was counted last.
        self._text = ""
        self._at = self._counted = self._line_start = 0
        self._line = 1

    def skip_to(self, place: re.Pattern[str]) -> None:
        """Go on after what `place` matches."""
        while not (found := place.search(self._text)):
            if len(self._text) > LONGEST_VALUE or not self._more():
                raise self._error(_("it has no redirects"), 0)
        self._at = found.end()

    def rest(self) -> Iterator[tuple[int, object]]:
        """Yield the elements of the list that comes next, or values one after the other.

        Each comes with the line that it begins on.
        """
        is_list = self._next() == "["
        if is_list:
            self._at += 1
            if self._next() == "]":
                self._at += 1
                return
        while self._next() or is_list:
            line, _column = self._where(self._at)
            yield line, self._value()
            if is_list:
                following = self._next()
                if following not in {",", "]"}:
                    raise self._error("Expecting ',' or ']'", self._at)
                self._at += 1
                if following == "]":
                    return

    def expect_end(self) -> None:
        if self._next():
            raise self._error("Extra data", self._at)

    def _next(self) -> str:
        """Go to the next character that is no space, and return it; "" is the end."""
        while True:
            space = self._SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> object:
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # It may go on.
                if len(self._text) - self._at > LONGEST_VALUE or not self._more():
                    raise self._error(error.msg, error.pos) from error
            except (ValueError, RecursionError) as error:  # a number, or a nesting, without end
                raise self._error(str(error), self._at) from error
            else:
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value

    def _more(self) -> bool:
        """Read on, and return whether there was anything."""
        self._where(self._at)
        piece = next(self._pieces, "")
        self._text = self._text[self._at :] + piece
        self._line_start -= self._at
        self._at = self._counted = 0
        return bool(piece)

    def _where(self, at: int) -> tuple[int, int]:
        """Return the line and the column of a place that isn't before the last one asked for."""
        if count := self._text.count("\n", self._counted, at):
            self._line += count
            self._line_start = self._text.rindex("\n", self._counted, at) + 1
        self._counted = at
        self._lines.number = self._line
        return self._line, at - self._line_start + 1

    def _error(self, message: str, at: int) -> FileError:
        line, column = self._where(at)
        text = _("This is no JSON that can be read: %(error)s, in column %(column)d.")
        return FileError(line, text % {"error": message, "column": column})


def _broken(cells: Mapping[str, object], headings: Headings = AS_NAMED) -> str:
    """Return what is no text in `cells`, "" if there is no such thing."""
    for name, cell in cells.items():
        if isinstance(cell, str) and not cell.isascii():
            try:
                cell.encode()
            except UnicodeEncodeError as error:
                return _broken_at(headings.get(name, name), cell, error.start)
    return ""


def _broken_at(name: str, cell: str, at: int) -> str:
    code = ord(cell[at])
    if 0xDC80 <= code <= 0xDCFF:  # what "surrogateescape" makes of a byte
        text = _(
            "In the column %(name)s, the byte 0x%(code)X after %(before)r isn't UTF-8."
            " Save the file as UTF-8."
        )
        code -= 0xDC00
    else:
        text = _("In the column %(name)s, U+%(code)X after %(before)r is no character.")
    return text % {"name": name, "code": code, "before": cell[max(0, at - 20) : at]}
