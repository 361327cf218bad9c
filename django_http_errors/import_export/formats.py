"""The files of `importing.reader`, as the data sets of django-import-export."""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO
from typing import Any

from import_export.formats import base_formats
from tablib import Dataset

from ..importing import reader

# Columns that a data set has besides those of the file: where a row stands there, and what is
# wrong with it. No column of a file can have such names.
LINE = "(line)"
ERROR = "(error)"


class _Format:
    """A format whose files are read by `importing.reader`, from bytes."""

    FORMAT: str
    columns: Collection[str] = ()

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Dataset:
        """Return the rows of a file; raise `reader.FileError` if it isn't one."""
        found = list(reader.read(BytesIO(in_stream), self.columns, self.FORMAT))
        names = list(dict.fromkeys(name for row in found for name in row.cells))
        dataset = Dataset(headers=[*names, LINE, ERROR])
        for row in found:
            cells = [row.cells.get(name) for name in names]
            if row.error:
                cells = [_shown(cell) for cell in cells]
            dataset.append([*cells, row.place, row.error])
        return dataset


def _shown(cell: object) -> object:
    """Return a broken `cell` as a page can show it."""
    return cell.encode(errors="replace").decode() if isinstance(cell, str) else cell


class CSV(_Format, base_formats.CSV):
    """Comma-separated values."""

    FORMAT = "csv"


class JSON(_Format, base_formats.JSON):
    """A list of objects."""

    FORMAT = "json"


def formats(columns: Collection[str]) -> list[type]:
    """Return the formats for files that have `columns`."""
    return [type(each.__name__, (each,), {"columns": columns}) for each in (CSV, JSON)]
