"""What is imported and exported: the import schemas, as resources."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import copy
from itertools import chain
from typing import Any

from import_export.fields import Field
from import_export.resources import Diff, ModelResource
from import_export.results import InvalidRow, Result, RowResult
from import_export.widgets import Widget

from ..importing import importer
from ..importing.importer import RowStatus
from ..importing.rows import ParsedRow
from ..importing.schema import MESSAGES, RULES, ImportSchema, written
from ..importing.tables import unknown
from ..models import ErrorMessage, PermanenceRule
from .formats import ParsedFile

# How many rows of a status a preview shows.
MOST_SHOWN = 100

_TYPES = {
    RowStatus.NEW: RowResult.IMPORT_TYPE_NEW,
    RowStatus.CHANGED: RowResult.IMPORT_TYPE_UPDATE,
    RowStatus.SAME: RowResult.IMPORT_TYPE_SKIP,
    RowStatus.INVALID: RowResult.IMPORT_TYPE_INVALID,
}


class Cell(Widget):
    """A cell as `importing` writes it."""

    def render(self, value: object, obj: Any = None, **kwargs: Any) -> object:
        return written(value)


class Difference(Diff):
    """The differences that an editor is shown, where nothing is a blank."""

    def __init__(self, resource: Any, instance: Any, new: bool) -> None:
        super().__init__(resource, instance, new)
        self.left: list[object] = [_blank(value) for value in self.left]

    def compare_with(self, resource: Any, instance: Any) -> None:
        super().compare_with(resource, instance)
        self.right: list[object] = [_blank(value) for value in self.right]


def _blank(value: object) -> object:
    return "" if value is None else value


class SchemaResource(ModelResource):
    """A model's rows as files have them, imported as the shell does it."""

    schema: ImportSchema

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> Field:
        return Field(attribute=field_name, column_name=field_name, widget=Cell())

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return Difference

    def import_data(
        self,
        dataset: Any,
        dry_run: bool = False,
        *,
        rollback_on_validation_errors: bool = False,
        user: Any = None,
        **kwargs: Any,
    ) -> Result:
        """Import a `ParsedFile`, or a data set of tablib's, in one transaction."""
        report = importer.Import(
            self.schema,
            author="" if user is None else user.get_username(),
            dry_run=dry_run,
            skip_invalid=not rollback_on_validation_errors,
            # The log of the admin has each.
            most=MOST_SHOWN if dry_run else None,
        ).run(dataset if isinstance(dataset, ParsedFile) else self._parsed(dataset))
        return self._result(report, with_diff=dry_run)

    def _parsed(self, dataset: Any) -> Iterator[ParsedRow]:
        columns = self.schema.columns
        strange = next((name for name in dataset.headers or () if name not in columns), None)
        error = "" if strange is None else unknown(strange, columns)
        for number, cells in enumerate(dataset.dict, start=1):
            yield ParsedRow(0, cells, number, error)

    def _result(self, report: importer.Report, *, with_diff: bool) -> Result:
        result = Result()
        result.total_rows = sum(report.counts.values())
        result.report = report
        for status, name in _TYPES.items():
            result.totals[name] = report.counts[status]
        written = (RowStatus.NEW, RowStatus.CHANGED)
        found = [each for status in written for each in report.results[status]]
        result.not_shown = sum(report.counts[status] for status in written) - len(found)
        found.sort(key=lambda each: (each.line, each.number))
        invalid = report.results[RowStatus.INVALID]
        # The others would say the same of all rows.
        said = (each.cells for each in invalid) if invalid else map(self._said, found)
        columns = {self.schema.found_by, *chain.from_iterable(said)}
        result.diff_headers = [name for name in self.get_diff_headers() if name in columns]
        for each in found:
            result.append_row_result(self._row_result(each, result.diff_headers * with_diff))
        for each in invalid:
            values = [_printable(each.cells.get(name, "")) for name in result.diff_headers]
            result.invalid_rows.append(InvalidRow(each.place, each.error, values))
        return result

    def _said(self, found: importer.RowResult) -> set[str]:
        """Return the columns in which a row has more than a default."""
        own = (*self.schema.key, *self.schema.content)
        defaults = self.schema.model()
        differs = {name for name in own if getattr(found.row, name) != getattr(defaults, name)}
        return differs | found.before.keys()

    def _row_result(self, found: importer.RowResult, columns: Collection[str]) -> RowResult:
        result = RowResult()
        result.import_type = _TYPES[found.status]
        result.instance = found.row
        result.add_instance_info(found.row)
        if columns:
            before = copy(found.row) if found.before else self.schema.model()
            for name, value in found.before.items():
                setattr(before, name, value)
            diff = self.get_diff_class()(self, before, found.status is RowStatus.NEW)
            diff.compare_with(self, found.row)
            cells = zip(self.get_diff_headers(), diff.as_html(), strict=True)
            result.diff = [cell for name, cell in cells if name in columns]
        return result


def _printable(cell: object) -> str:
    """Return an invalid `cell` as a page can show it, half characters included."""
    return str(cell).encode(errors="replace").decode()


class PermanenceRuleResource(SchemaResource):
    """Permanence rules: those that an import makes or changes have it as their source."""

    schema = RULES

    class Meta:
        model = PermanenceRule
        fields = RULES.columns


class ErrorMessageResource(SchemaResource):
    """Error messages."""

    schema = MESSAGES

    class Meta:
        model = ErrorMessage
        fields = MESSAGES.columns
