"""CSV and JSON files as a stream of parsed rows, each with the line that it begins on."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from django.utils.translation import gettext as _

FORMATS = ("csv", "json")

# What spreadsheets separate cells by, depending on the country that they think they are in.
_DELIMITERS = ",;\t"
_SPACE = re.compile(r"[ \t\r\n]*")


class FileError(Exception):
    """The file can't be read, or not any further than to `line`."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return _("line %(line)d: %(message)s") % {"line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row of a file: its cells by the names of their columns.

    `line` is where it begins and `end` how many bytes of the file were read for it, about.
    `error` says why it can't be used; it is blank for one that can be read. `number` is which
    object of a JSON file it is, where one line may hold them all, and 0 in a CSV file.
    """

    line: int
    end: int
    number: int = 0
    cells: Mapping[str, object] = field(default_factory=dict)
    error: str = ""

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return place(self.line, self.number)


def place(line: int, number: int) -> str:
    """Say where the object of that `number` is; 0: a row of a CSV file."""
    if number:
        return _("line %(line)d (object %(number)d)") % {"line": line, "number": number}
    return _("line %d") % line


def read(file: Iterable[bytes], columns: Collection[str], format: str = "") -> Iterator[ParsedRow]:
    """Yield the rows of `file`; raise FileError where it isn't what it should be.

    A CSV file is read line by line. A JSON file, a list of objects or one object a line, is
    read whole, and its objects are made one by one.

    file: gives lines in UTF-8, with a byte order mark or not
    columns: the names that there are; a file need not have them all
    format: "csv" or "json"; left out, what the file looks like
    """
    lines = iter(file)
    head = _head(lines)
    if not format:
        format = "json" if head and head[-1].lstrip()[:1] in (b"[", b"{") else "csv"
    # Bytes that aren't UTF-8 become lone surrogates: they spoil a cell, and not the whole file.
    texts = (line.decode("utf-8", "surrogateescape") for line in chain(head, lines))
    parse = _parsed_csv if format == "csv" else _parsed_json
    return parse(texts, columns)


def _head(lines: Iterator[bytes]) -> list[bytes]:
    """Return the lines up to the first that isn't blank, without the byte order mark."""
    head: list[bytes] = []
    for line in lines:
        if not head and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise FileError(1, _("This is UTF-16. Save the file as UTF-8."))
        head.append(line if head else line.removeprefix(codecs.BOM_UTF8))
        if head[-1].strip():
            break
    return head


class _Lines:
    """Lines that are counted as they are read."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self.number = 0
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = next(self._texts)
        self.number += 1
        self.size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        return text


def _parsed_csv(texts: Iterable[str], columns: Collection[str]) -> Iterator[ParsedRow]:
    lines = _Lines(texts)
    first = next((text for text in lines if text.strip()), "")
    delimiter = next((each for each in _DELIMITERS if each in first), ",")
    names = [name.strip() for name in next(_rows(_Lines([first]), delimiter), (0, []))[1]]
    _check_header(names, columns, lines.number)
    for line, cells in _rows(lines, delimiter):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) == len(names):
            named = dict(zip(names, cells, strict=True))
            error = "" if "".join(cells).isascii() else _broken(named)
            yield ParsedRow(line, lines.size, 0, named, error)
        else:
            yield ParsedRow(
                line,
                lines.size,
                error=_("There are %(cells)d cells, and %(columns)d columns.")
                % {"cells": len(cells), "columns": len(names)},
            )


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
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


def _check_header(names: list[str], columns: Collection[str], line: int) -> None:
    if not names:
        raise FileError(1, _("The file is empty."))
    for name in names:
        if name not in columns:
            raise FileError(line, _unknown(name, columns))
        if names.count(name) > 1:
            raise FileError(line, _("There are two columns %(name)s.") % {"name": name})


def _unknown(name: str, columns: Collection[str]) -> str:
    return _("There is no column %(name)s. The columns are: %(list)s.") % {
        "name": ascii(name) if not name.isprintable() else name or '""',
        "list": ", ".join(columns),
    }


def _parsed_json(texts: Iterable[str], columns: Collection[str]) -> Iterator[ParsedRow]:
    text = "".join(texts)
    line, counted = 1, 0
    for number, (start, end, value) in enumerate(_json_values(text), start=1):
        line += text.count("\n", counted, start)
        counted = start
        if not isinstance(value, dict):
            error = _("This is no object with the columns as its members.")
            yield ParsedRow(line, end, number, error=error)
            continue
        unknown = next((name for name in value if name not in columns), None)
        error = _broken(value) if unknown is None else _unknown(unknown, columns)
        yield ParsedRow(line, end, number, value, error)


def _json_values(text: str) -> Iterator[tuple[int, int, object]]:
    """Yield the elements of the list that `text` is, or the values that stand there in a row.

    Each comes with where it begins and ends.
    """
    decode = json.JSONDecoder().raw_decode
    at = _skip_space(text, 0)
    is_list = text.startswith("[", at)
    try:
        if is_list:
            at = _skip_space(text, at + 1)
            if text.startswith("]", at):
                _expect_end(text, at + 1)
                return
        while is_list or at < len(text):
            value, end = decode(text, at)
            yield at, end, value
            at = _skip_space(text, end)
            if is_list:
                if text.startswith("]", at):
                    _expect_end(text, at + 1)
                    return
                if not text.startswith(",", at):
                    raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
                at = _skip_space(text, at + 1)
    except json.JSONDecodeError as error:
        text = _("This is no JSON: %(error)s, in column %(column)d.")
        raise FileError(error.lineno, text % {"error": error.msg, "column": error.colno}) from error
    except (ValueError, RecursionError) as error:  # a number, or a nesting, without end
        line = text.count("\n", 0, at) + 1
        raise FileError(line, _("This is no JSON that can be read: %s.") % error) from error


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _expect_end(text: str, at: int) -> None:
    at = _skip_space(text, at)
    if at < len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _broken(cells: Mapping[str, object]) -> str:
    """Return what is no text in `cells`, "" if there is no such thing."""
    for name, cell in cells.items():
        if isinstance(cell, str) and not cell.isascii():
            try:
                cell.encode()
            except UnicodeEncodeError as error:
                return _broken_at(name, cell, error.start)
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
