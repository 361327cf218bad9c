"""What is imported and exported: the import schemas, as resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import Diff, ModelResource
from import_export.results import Result
from import_export.widgets import Widget
from tablib import Dataset

from ..importing.importer import MESSAGES, RULES, ImportSchema, check, repeated, written
from ..models import ErrorMessage, PermanenceRule
from .formats import ERROR, LINE


class Cell(Widget):
    """A cell as `importing` reads and writes it."""

    def __init__(self, schema: ImportSchema, column: str) -> None:
        super().__init__()
        self.schema = schema
        self.column = column

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> object:
        """Return what `value` means; a blank cell means the default."""
        try:
            read = self.schema.value(self.column, value)
        except ValidationError as error:
            # What django-import-export takes for the error of this column.
            raise ValueError(" ".join(error.messages)) from error
        return self.schema.default(self.column) if read is None else read

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


class PlacedResult(Result):
    """A result that says where in the file an invalid row is."""

    def append_invalid_row(
        self, number: int, row: Mapping[str, object], validation_error: ValidationError
    ) -> None:
        super().append_invalid_row(number, row, validation_error)
        self.invalid_rows[-1].number = row.get(LINE, number)


class SchemaResource(ModelResource):
    """A model's rows as files have them; they are found by their key, and checked as in a form.

    A row says all: what it leaves out has its default, also where the database has another value.
    """

    schema: ImportSchema

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> Field:
        return Field(
            attribute=field_name, column_name=field_name, widget=Cell(cls.schema, field_name)
        )

    @classmethod
    def get_result_class(cls) -> type[Result]:
        return PlacedResult

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return Difference

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        """Refuse columns that there are not, and add those that are left out."""
        headers = dataset.headers or []
        for name in headers:
            if name not in (*self.schema.columns, LINE, ERROR):
                raise ValueError(
                    _("There is no column %(name)s. The columns are: %(list)s.")
                    % {"name": name, "list": ", ".join(self.schema.columns)}
                )
        for name in self.schema.columns:
            if name not in headers and dataset.height:
                dataset.append_col([None] * dataset.height, header=name)
        self._seen: dict[tuple[object, ...], str] = {}

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Write the key as the database has it, so that the row is found by it."""
        if row.get(ERROR):
            raise ValidationError(row[ERROR])
        errors: dict[str, Any] = {}
        values = {}
        for name in self.schema.key:
            try:
                values[name] = self.fields[name].clean(row)
            except ValueError as error:
                errors[name] = ValidationError(str(error))
        if errors:
            raise ValidationError(errors)
        keyed = self.schema.model(**values)
        keyed.normalise()
        key = self.schema.key_of(keyed)
        row.update(zip(self.schema.key, key, strict=True))
        place = str(row.get(LINE) or _("row %d") % kwargs["row_number"])
        first = self._seen.setdefault(key, place)
        if first is not place:
            raise ValidationError(repeated(self.schema, first))

    def import_field(
        self, field: Field, instance: Any, row: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Believe what a row says of where it comes from only if it is new."""
        if instance.pk is None or field.column_name not in self.schema.provenance:
            super().import_field(field, instance, row, *args, **kwargs)

    def skip_row(
        self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None
    ) -> bool:
        return (
            not import_validation_errors
            and original.pk is not None
            and self.schema.content_of(instance) == self.schema.content_of(original)
        )

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        # Not `full_clean`: it asks the database half a dozen questions that are answered already.
        check(instance, import_validation_errors)


class PermanenceRuleResource(SchemaResource):
    """Permanence rules: those that an import makes or changes have it as their source."""

    schema = RULES

    class Meta:
        model = PermanenceRule
        fields = RULES.columns
        import_id_fields = RULES.key
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def before_save_instance(self, instance: PermanenceRule, row: Any, **kwargs: Any) -> None:
        if instance.pk is not None:
            instance.source = PermanenceRule.Source.IMPORT
        user = kwargs.get("user")
        instance.author = "" if user is None else user.get_username()


class ErrorMessageResource(SchemaResource):
    """Error messages."""

    schema = MESSAGES

    class Meta:
        model = ErrorMessage
        fields = MESSAGES.columns
        import_id_fields = MESSAGES.key
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
