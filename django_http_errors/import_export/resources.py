"""What is imported and exported: the import schemas, as resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import InvalidRow, Result, RowResult
from import_export.widgets import Widget

from ..importing import importer
from ..importing.importer import RowStatus
from ..importing.rows import ParsedRow
from ..importing.schema import MESSAGES, RULES, ImportSchema, cell_of, written
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
    """A cell of a column, as `importing` writes it."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self._column = column

    def render(self, value: object, obj: Any = None, **kwargs: Any) -> object:
        return cell_of(self._column, value, getattr(obj, "kind", ""))


class SchemaResource(ModelResource):
    """A model's rows as files have them, imported as the shell does it."""

    schema: ImportSchema
    # The fields that a preview has of each new row.
    always_shown: tuple[str, ...] = ()
    # The rows of the file that shows how one is written.
    examples: tuple[Mapping[str, object], ...] = ()

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> Field:
        return Field(attribute=field_name, column_name=field_name, widget=Cell(field_name))

    @classmethod
    def headings(cls) -> Iterator[tuple[str, str]]:
        """Yield what each column is called by the admin and, if that differs, by the file."""
        for column in cls.schema.columns:
            label = capfirst(str(cls.schema.field(column).verbose_name))
            yield label if label.lower() == column else f"{label} ({column})", column

    def import_data(
        self,
        dataset: Any,
        dry_run: bool = False,
        *,
        confirmed: bool = True,
        rollback_on_validation_errors: bool = False,
        user: Any = None,
        **kwargs: Any,
    ) -> Result:
        """Import a `ParsedFile`, or a data set of tablib's, in one transaction.

        confirmed: whether to import what an editor would have to confirm in its form
        """
        report = importer.Import(
            self.schema,
            author="" if user is None else user.get_username(),
            confirmed=confirmed,
            dry_run=dry_run,
            skip_invalid=not rollback_on_validation_errors,
            # The log of the admin has each.
            most=MOST_SHOWN if dry_run else None,
        ).run(dataset if isinstance(dataset, ParsedFile) else self._parsed(dataset))
        result = self._result(report, with_diff=dry_run)
        result.is_unconfirmed = bool(report.doubts) and not confirmed
        return result

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
        # What has to be confirmed is said where that is asked.
        is_asked = not report.invalid
        result.remarks = [
            (text, places)
            for text, places in report.remarks.items()
            if not (is_asked and text in report.doubts)
        ]
        field = self.schema.field(self.schema.found_by)
        result.found_by = capfirst(str(field.verbose_name))
        for status, name in _TYPES.items():
            result.totals[name] = report.counts[status]
        written = (RowStatus.NEW, RowStatus.CHANGED)
        found = [each for status in written for each in report.results[status]]
        result.not_shown = sum(report.counts[status] for status in written) - len(found)
        found.sort(key=lambda each: (each.line, each.number))
        for each in found:
            result.append_row_result(self._row_result(each, with_changes=with_diff))
        for each in report.results[RowStatus.INVALID]:
            result.invalid_rows.append(self._invalid_row(each))
        return result

    def _invalid_row(self, found: importer.RowResult) -> InvalidRow:
        values = [_printable(found.cells.get(self.schema.found_by, ""))]
        error = {
            heading or NON_FIELD_ERRORS: messages
            for heading, messages in found.errors_by_heading.items()
        }
        return InvalidRow(found.place, ValidationError(error), values)

    def _row_result(self, found: importer.RowResult, *, with_changes: bool) -> RowResult:
        result = RowResult()
        result.import_type = _TYPES[found.status]
        result.instance = found.row
        result.add_instance_info(found.row)
        if with_changes:
            result.place = found.place
            result.called = self.called(found.row)
            result.changes = list(self._changes(found))
        return result

    def called(self, row: Any) -> str:
        """Return what an editor takes `row` for."""
        return str(row)

    def _changes(self, found: importer.RowResult) -> Iterator[tuple[str, str, str]]:
        """Yield the fields that get another value: what each is called, the old and the new one.

        Of a new row those that have more than a default, and those that are always said.
        """
        defaults = self.schema.model()
        for name in self.schema.content:
            field, new = self.schema.field(name), getattr(found.row, name)
            is_new = not found.before
            old = getattr(defaults, name) if is_new else found.before.get(name, new)
            if old != new or (is_new and name in self.always_shown):
                label = capfirst(str(field.verbose_name))
                yield label, "" if is_new else _shown(field, old), _shown(field, new)


def _shown(field: Any, value: object) -> str:
    """Return the `value` of a field as a preview shows it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(dict(field.flatchoices).get(value, "" if value is None else written(value)))


def _printable(cell: object) -> str:
    """Return an invalid `cell` as a page can show it, half characters included."""
    return str(cell).encode(errors="replace").decode()


class PermanenceRuleResource(SchemaResource):
    """Permanence rules: those that an import makes or changes have it as their source."""

    schema = RULES
    examples = (
        {"kind": "exact", "pattern": "/lamps/7/", "reason": "We no longer sell this lamp."},
        {"kind": "prefix", "pattern": "/old-shop/", "replacement": "/shop/"},
    )

    always_shown = ("permanence",)

    def called(self, row: Any) -> str:
        return f"{row} ({row.get_kind_display()})"

    class Meta:
        model = PermanenceRule
        fields = RULES.columns


class ErrorMessageResource(SchemaResource):
    """Error messages."""

    schema = MESSAGES
    examples = ({"status": "404", "path_prefix": "/shop/", "title": "This is sold out"},)

    class Meta:
        model = ErrorMessage
        fields = MESSAGES.columns
