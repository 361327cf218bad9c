"""A file of bytes as lines of text, none of them endless."""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext as _

from .rows import FileError, Remark

LONGEST_LINE = 65_536

# What isn't ASCII, and no byte that "surrogateescape" has kept.
_CHARACTER = re.compile(r"[^\x00-\x7f\udc80-\udcff]")


class Lines:
    """The lines of a file, with their ends, counted as they are read.

    They end with LF, CR or both. The encoding is what a byte order mark says, UTF-16 where every
    other byte is 0, and UTF-8 otherwise; of a line where no character is, Windows-1252 is made,
    which is what spreadsheets write, and a remark. A byte that isn't that either, or that stands
    beside UTF-8, becomes a lone surrogate: it spoils its row, and not the whole file.

    number: of the last line that was given; size: how many characters were
    """

    def __init__(self, file: BinaryIO) -> None:
        encoding = _encoding(_beginning(file))
        self._is_utf_8 = encoding == "utf-8-sig"
        self._text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
        self._ahead: deque[str] = deque()
        self._remarks: list[Remark] = []
        self.number = 0
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE:
            text = _("The line is longer than %d characters.")
            raise FileError(self.number, text % LONGEST_LINE)
        return self._decoded(line)

    def ahead(self, most: int) -> list[str]:
        """Return the next lines, `most` of them, which will be given again."""
        while len(self._ahead) < most and (line := self._read()):
            self._ahead.append(line)
        return list(islice(self._ahead, most))

    def pieces(self) -> Iterator[str]:
        """Yield the rest in pieces of whatever length; `number` is the line of the last end."""
        while piece := self._ahead.popleft() if self._ahead else self._text.read(LONGEST_LINE):
            yield self._decoded(piece)

    def remarks(self) -> list[Remark]:
        """Return what was remarked since the last call."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def detach(self) -> None:
        """Leave the file open, which isn't ours."""
        self._text.detach()

    def _read(self) -> str:
        return self._text.readline(LONGEST_LINE + 1)

    def _decoded(self, text: str) -> str:
        self.size += len(text)
        if text.isascii() or not self._is_utf_8 or _CHARACTER.search(text):
            return text
        try:
            text = text.encode("utf-8", "surrogateescape").decode("cp1252")
        except UnicodeDecodeError:
            return text
        remark = Remark(self.number, _("This isn't UTF-8, and was read as Windows-1252."))
        self._remarks.append(remark)
        return text


def _beginning(file: BinaryIO) -> bytes:
    """Return the first bytes, without reading them."""
    if isinstance(file, io.BufferedReader):
        return file.peek(2)[:2]
    at = file.tell()
    beginning = file.read(2)
    file.seek(at)
    return beginning


def _encoding(beginning: bytes) -> str:
    if beginning in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    if len(beginning) > 1 and 0 in beginning:
        return "utf-16-be" if beginning[0] == 0 else "utf-16-le"
    return "utf-8-sig"
