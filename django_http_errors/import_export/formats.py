"""The files of `importing`, as the data sets of django-import-export."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from import_export.formats import base_formats
from tablib import Dataset

from ..importing import reader
from ..importing.rows import FileError, ParsedRow, Remark
from ..importing.tables import escaped

# A file that is uploaded is kept in memory, and so are its rows, which may need much more.
LARGEST_UPLOAD = 20_000_000
MOST_ROWS = 500_000


class ParsedFile(list[ParsedRow | Remark]):
    """The rows of a file and the remarks on it, in the place of a data set."""

    def __init__(self, found: Iterable[ParsedRow | Remark] = ()) -> None:
        super().__init__()
        for each in found:
            if len(self) >= MOST_ROWS:
                text = _("The file has more than %d rows: use manage.py import_permanence_rules.")
                raise FileError(each.line, text % MOST_ROWS)
            self.append(each)


class FileFormat(base_formats.Format):
    """A format that `importing.reader` reads, by its name there; "" is recognised."""

    name = ""
    columns: Collection[str] = ()

    def __init__(self, encoding: str | None = None) -> None:
        pass

    def get_title(self) -> str:
        return str(reader.FORMATS[self.name].title) if self.name else _("recognise it")

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> ParsedFile:
        """Return the rows of a file; raise `FileError` if it isn't one."""
        if len(in_stream) > LARGEST_UPLOAD:
            text = _("The file is larger than %d MB: use manage.py import_permanence_rules.")
            raise FileError(1, text % (LARGEST_UPLOAD // 1_000_000))
        return ParsedFile(reader.Reader(BytesIO(in_stream), self.columns, self.name))

    def can_import(self) -> bool:
        return True


class CSV(base_formats.CSV):
    """Comma-separated values, none of them a formula."""

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        rows = [[escaped(cell) for cell in row] for row in dataset]
        text: str = super().export_data(Dataset(*rows, headers=dataset.headers), **kwargs)
        return text


def formats(columns: Collection[str]) -> list[type[FileFormat]]:
    """Return the formats for files that have `columns`, the one that is recognised first."""
    return [
        type(FileFormat.__name__, (FileFormat,), {"name": name, "columns": columns})
        for name in ("", *reader.formats(columns))
    ]
