"""Sitemaps: the addresses that a site had."""

from __future__ import annotations

from collections.abc import Collection
from xml.parsers import expat

from django.utils.translation import gettext as _

from .lines import Lines
from .rows import NO_COLUMNS, FileError, Parsed, ParsedRow

# How deep elements may be, how long an address, and how much may stand between two tags.
DEEPEST = 20
LONGEST = 65_536

_INDEX = "sitemapindex"
_ADDRESS = ["urlset", "url", "loc"]


def parse_sitemap(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield a row for each address of a sitemap (https://www.sitemaps.org/protocol.html)."""
    reader = _Reader()
    for piece in lines.pieces():
        reader.feed(piece)
        yield from reader.rows()
        lines.number = reader.line
    reader.feed("", is_final=True)


class _Reader:
    """Reads elements as they come, and keeps none.

    Of a document type, which could define entities without end, nothing is read.
    """

    def __init__(self) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._parser = parser
        # The names of the elements that are open, and the rows that were found.
        self._open: list[str] = []
        self._rows: list[ParsedRow] = []
        self._address, self._begun = "", 0
        self._fed = self._skipped = 0

    @property
    def line(self) -> int:
        return self._skipped + self._parser.CurrentLineNumber

    def feed(self, text: str, *, is_final: bool = False) -> None:
        if not self._fed:
            # Plugins of WordPress write blank lines first, which no declaration may follow.
            begun = text.lstrip()
            self._skipped += text[: len(text) - len(begun)].count("\n")
            text = begun
        try:
            data = text.encode()
            self._parser.Parse(text, is_final)
        except expat.ExpatError as error:
            raise self._unreadable(expat.ErrorString(error.code)) from error
        except UnicodeEncodeError as error:
            raise self._unreadable(error.reason) from error
        self._fed += len(data)
        if self._fed - self._parser.CurrentByteIndex > 2 * LONGEST:
            raise self._unreadable(_("it is too long."))

    def rows(self) -> list[ParsedRow]:
        """Return the rows that were found since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def _start(self, name: str, attributes: object) -> None:
        name = name.rpartition(" ")[2]
        if not self._open and name == _INDEX:
            text = _("This lists sitemaps. Import those that it names.")
            raise FileError(self.line, text)
        if not self._open and name != _ADDRESS[0]:
            raise FileError(self.line, _("This is XML, and no sitemap."))
        self._open.append(name)
        if len(self._open) > DEEPEST:
            raise self._unreadable(_("there are too many brackets in brackets."))
        if self._open == _ADDRESS:
            self._address, self._begun = "", self.line

    def _end(self, name: str) -> None:
        if self._open == _ADDRESS:
            cells = {"pattern": self._address.strip()}
            self._rows.append(ParsedRow(self._begun, cells, headings=NO_COLUMNS))
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open == _ADDRESS:
            self._address += text
            if len(self._address) > LONGEST:
                raise self._unreadable(_("it is too long."), self._begun)

    def _refuse_document_type(self, name: str, *args: object) -> None:
        text = _("This is XML, and no sitemap.")
        if name.rpartition(":")[2] in {_INDEX, _ADDRESS[0]}:
            text = _("This has a document type, which is not read: delete the line <!DOCTYPE …>.")
        raise FileError(self.line, text)

    def _unreadable(self, error: str, line: int = 0) -> FileError:
        text = _("This is no XML that can be read: %(error)s.") % {"error": error.rstrip(".")}
        return FileError(line or self.line, text)
