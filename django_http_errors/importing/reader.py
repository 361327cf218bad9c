"""Which format a file has, and the rows of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import apache, lists, nginx, redirects_file, sitemap, tables
from .lines import Lines
from .rows import FileError, Parsed, ParsedRow, Remark

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# How many lines of a file are looked at to recognise it, and how much of each.
MOST_LOOKED_AT = 200
LONGEST_LOOKED_AT = 2000

# How files begin that aren't text: workbooks, old and new, and what gzip makes.
_WORKBOOKS = ("PK\x03\x04", "\udcd0\udccf\x11\udce0")
_GZIP = "\x1f\udc8b"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")

LookAt = Callable[[Sequence[str], Collection[str]], object]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files: what it is called, what makes rows of it, and what recognises it.

    looks_like: takes the first lines that aren't blank, and the columns that there are
    is_general: it can hold any rows, and not permanence rules alone
    """

    title: StrOrPromise
    parse: Callable[[Lines, Collection[str]], Parsed]
    looks_like: LookAt
    is_general: bool = False


def _some(pattern: str) -> LookAt:
    """Return what finds a line that begins as `pattern` says."""
    match = re.compile(pattern, re.IGNORECASE).match
    return lambda lines, columns: any(map(match, lines))


def _first(pattern: str) -> LookAt:
    """Return what looks whether the first line that is no comment begins as `pattern` says."""
    match = re.compile(pattern, re.IGNORECASE).match
    return lambda lines, columns: match(next((each for each in lines if each[0] != "#"), ""))


def _is_list(lines: Sequence[str], columns: Collection[str]) -> object:
    """Return whether there is an address, or one below a heading that is no row of columns."""
    found = [line for line in lines if not line.startswith("#")]
    if found and not tables.ADDRESS.match(found[0]) and not tables.delimiter_of(found[0]):
        del found[0]
    return found and tables.ADDRESS.match(found[0])


def _is_csv(lines: Sequence[str], columns: Collection[str]) -> object:
    """Return whether the first line names columns; a single one that isn't ours heads a list."""
    first = lines[0]
    return tables.is_heading(first, columns) and (
        tables.delimiter_of(first) or not _is_list(lines, columns) or first.lower() == "pattern"
    )


_REDIRECTION = re.compile(r'"redirects"\s*:\s*\[|"(?:plugin|groups)"\s*:\s*[\[{]')

# By the names that they are asked for with; the first that a file looks like is its format.
FORMATS: Mapping[str, Format] = {
    "redirection": Format(
        "Redirection (WordPress), JSON",
        tables.parse_redirection,
        lambda lines, columns: lines[0][0] == "{" and _REDIRECTION.search("\n".join(lines)),
    ),
    "sitemap": Format(
        gettext_lazy("sitemap"),
        sitemap.parse_sitemap,
        _first(r"<\?xml\b|<!--|<(?:!DOCTYPE\s+)?(?:\w+:)?(?:urlset|sitemapindex)\b"),
    ),
    "json": Format("JSON", tables.parse_json, _first(r"[\[{]"), is_general=True),
    "csv": Format("CSV", tables.parse_csv, _is_csv, is_general=True),
    "apache": Format(
        "Apache",
        apache.parse_apache,
        _some(
            r"Redirect\s+(?:\d{3}|gone|permanent|temp|seeother|[\"']?/)|RedirectMatch\s"
            r"|Redirect(?:Permanent|Temp)\s|Rewrite(?:Rule|Cond|Base)\s|RewriteEngine\s+o"
            r"|<(?:IfModule|VirtualHost|Directory)\b"
        ),
    ),
    "nginx": Format(
        "nginx",
        nginx.parse_nginx,
        _some(
            r"map\s+\S+\s+\$\w+\s*\{|(?:location\s.*|server|http)\s*\{"
            r"|[\"']?[^\s;,/]*/[^\s;,]*\s+[^\s;,]+;"
        ),
    ),
    "redirects": Format(
        "_redirects (Netlify, Cloudflare)",
        redirects_file.parse_redirects,
        _first(r"(?:/|https?://)\S*\s+(?:\w+=\S+\s+)*(?:/|https?://|\d{3}!?(?:\s|\Z))"),
    ),
    "list": Format(gettext_lazy("list of addresses"), lists.parse_list, _is_list),
}


def formats(columns: Collection[str]) -> list[str]:
    """Return the names of the formats for rows of `columns`."""
    return [name for name, each in FORMATS.items() if each.is_general or "pattern" in columns]


class Reader:
    """The rows of a file, and remarks on it, one by one: nothing is read ahead.

    Iteration raises FileError where the file isn't what it should be.

    file: in any of the encodings that `Lines` knows
    columns: the names that there are; a file need not have them all
    format: one of `FORMATS`; left out, what the file looks like
    size: how many characters were read so far
    """

    def __init__(self, file: BinaryIO, columns: Collection[str], format: str = "") -> None:
        self._file = file
        self._columns = columns
        self.format = format
        self.size = 0

    def __iter__(self) -> Iterator[ParsedRow | Remark]:
        lines = Lines(self._file)
        try:
            self.format = self.format or self._recognised(lines)
            for each in FORMATS[self.format].parse(lines, self._columns):
                self.size = lines.size
                yield from lines.remarks()
                yield each
            yield from lines.remarks()
        finally:
            lines.detach()

    def _recognised(self, lines: Lines) -> str:
        ahead = [line[:LONGEST_LOOKED_AT] for line in lines.ahead(MOST_LOOKED_AT)]
        if ahead and ahead[0].startswith(_GZIP):
            raise FileError(1, _("This is compressed by gzip. Unpack it first."))
        looked_at = [bare for line in ahead if (bare := line.strip())]
        if not looked_at:
            raise FileError(1, _("The file is empty."))
        if looked_at[0].startswith(_WORKBOOKS):
            raise FileError(1, _("This is a workbook or an archive. Save it as CSV."))
        for name in formats(self._columns):
            if FORMATS[name].looks_like(looked_at, self._columns):
                return name
        if any(map(_CONTROL.search, looked_at)):
            raise FileError(1, _("This is no text. Save it as CSV."))
        return "csv"
