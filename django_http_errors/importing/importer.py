"""From the parsed rows of a file to rules in the database: what each would change, and doing so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, partial
from itertools import islice
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connections, models, router, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import BaseRule, ErrorMessage, PermanenceRule
from . import reader

T = TypeVar("T")

BATCH = 1000
# How many invalid rows are reported; the others are counted.
MOST_REPORTED = 50

_FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class RowStatus(StrEnum):
    """What importing a row changes."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    INVALID = "invalid"


@dataclass(frozen=True)
class ImportSchema:
    """How the rows of a model stand in a file.

    A row of a file says all of a row of the database: what it leaves out has its default, also
    where the database has another value.

    key: the columns that no two rows have in common; content: what a row says, besides
    provenance: where a row comes from, and when: believed of a row that is new, so that an
    export can be restored as it was, and no reason to change one that is there
    assumed: what is taken for a column that is left out, if that isn't the field's default
    """

    model: type[BaseRule]
    key: tuple[str, ...]
    content: tuple[str, ...]
    provenance: tuple[str, ...] = ()
    assumed: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.key + self.content + self.provenance

    @cached_property
    def _fields(self) -> set[str]:
        return {each.name for each in self.model._meta.fields}

    @cached_property
    def _readers(self) -> dict[str, Callable[[object], object]]:
        return {name: _reader(self.model._meta.get_field(name)) for name in self.columns}

    def value(self, column: str, cell: object) -> object:
        """Return what `cell` means, None if it is blank; raise ValidationError for nonsense."""
        return None if cell is None or cell == "" else self._readers[column](cell)

    def default(self, column: str) -> object:
        """Return what a blank cell of `column` means."""
        if column in self.assumed:
            return self.assumed[column]
        field: Any = self.model._meta.get_field(column)
        return field.get_default()

    def row(self, cells: Mapping[str, object]) -> BaseRule:
        """Return the row that `cells` describe; raise ValidationError by column if there is none.

        It isn't looked up in the database.
        """
        values = dict(self.assumed)
        errors: dict[str, ValidationError] = {}
        for column, cell in cells.items():
            try:
                value = self.value(column, cell)
            except ValidationError as error:
                errors[column] = error
            else:
                if value is not None:
                    values[column] = value
        row = self.model(**values)
        # A default needs no check, unless a blank is none.
        check(row, errors, self._fields - values.keys() - set(self.key))
        return row

    def key_of(self, row: BaseRule) -> tuple[object, ...]:
        return tuple([getattr(row, name) for name in self.key])

    def content_of(self, row: BaseRule) -> tuple[object, ...]:
        return tuple([getattr(row, name) for name in self.content])


RULES = ImportSchema(
    PermanenceRule,
    key=("kind", "pattern", "host"),
    content=(
        "permanence",
        "reason",
        "replacement",
        "expected_at",
        "valid_from",
        "valid_until",
        "enabled",
        "note",
    ),
    provenance=("source", "created_at", "updated_at"),
    assumed={"source": PermanenceRule.Source.IMPORT.value},
)
MESSAGES = ImportSchema(
    ErrorMessage,
    key=("status", "language", "host", "path_prefix"),
    content=("title", "detail", "permanence", "action_label", "action_url", "enabled"),
)


def check(
    row: BaseRule, errors: Mapping[str, Any] | None = None, unchecked: Collection[str] = ()
) -> None:
    """Raise ValidationError for what is wrong with `row`, and for the `errors` known already.

    Unlike `full_clean` alone it asks the database nothing.

    unchecked: the fields that can't be wrong
    """
    found: dict[str, Any] = dict(errors or {})
    try:
        row.full_clean(
            exclude={*found, *unchecked}, validate_unique=False, validate_constraints=False
        )
    except ValidationError as error:
        found = error.update_error_dict(found)
    if found:
        raise ValidationError(found)


def written(value: object) -> object:
    """Return the `value` of a field as a file has it."""
    if isinstance(value, datetime):
        return (value if timezone.is_naive(value) else value.astimezone(UTC)).isoformat()
    return value


def _reader(column: Any) -> Callable[[object], object]:
    if isinstance(column, models.BooleanField):
        return _flag
    if isinstance(column, models.DateTimeField):
        return _moment
    if isinstance(column, models.TextField) or column.name in _VERBATIM:
        return _text
    if column.choices:
        # Django doesn't check what isn't to be edited.
        return _word if column.editable else partial(_choice, column)
    return _stripped


# Texts that are kept to the letter; of the others, no space at the ends is meant.
_VERBATIM = frozenset({"replacement", "title", "action_label", "action_url"})


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)  # {"status": 404}
    raise ValidationError(_("A text is expected here."))


def _stripped(cell: object) -> str | None:
    return _text(cell).strip() or None


def _word(cell: object) -> str | None:
    return _text(cell).strip().lower() or None


def _choice(column: Any, cell: object) -> str | None:
    word = _word(cell)
    if word is not None and word not in dict(column.flatchoices):
        raise ValidationError(column.error_messages["invalid_choice"] % {"value": word})
    return word


def _flag(cell: object) -> bool | None:
    if isinstance(cell, bool):
        return cell
    word = _text(cell).strip().lower()
    if word and word not in _FLAGS:
        raise ValidationError(_("Write true or false here, and not %s.") % cell)
    return _FLAGS.get(word)


def _moment(cell: object) -> datetime | None:
    """Return the time that an ISO 8601 text means, in the current time zone if it names none."""
    if isinstance(cell, datetime):
        return cell
    text = _text(cell).strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if settings.USE_TZ:
            aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
            return aware.astimezone(UTC)
        return moment if timezone.is_naive(moment) else timezone.make_naive(moment)
    except (ValueError, OverflowError) as error:
        raise ValidationError(
            _("%s is no date. Write it as 2030-12-31 or as 2030-12-31T18:00:00+01:00.") % text
        ) from error


@dataclass(slots=True)
class RowResult:
    """One row of a file, and what is made of it: a row of the database, or its errors."""

    line: int
    number: int
    end: int
    status: RowStatus = RowStatus.INVALID
    row: BaseRule | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return reader.place(self.line, self.number)


@dataclass(slots=True)
class Report:
    """What an import did, or would have done: how many rows of which status.

    `invalid_rows` holds the first invalid ones; `written` says whether the database was changed.
    """

    counts: Counter[RowStatus] = field(default_factory=Counter)
    invalid_rows: list[RowResult] = field(default_factory=list)
    written: bool = False

    @property
    def invalid(self) -> int:
        return self.counts[RowStatus.INVALID]

    def add(self, results: Iterable[RowResult]) -> None:
        for result in results:
            self.counts[result.status] += 1
            if result.status is RowStatus.INVALID and len(self.invalid_rows) < MOST_REPORTED:
                self.invalid_rows.append(result)


def import_rules(
    file: Iterable[bytes],
    *,
    format: str = "",
    author: str = "",
    dry_run: bool = False,
    skip_invalid: bool = False,
    batch_size: int = BATCH,
    progress: Callable[[int], object] = int,
) -> Report:
    """Import the permanence rules of `file`, in one transaction; one invalid row stops them all.

    Raises `reader.FileError` where the file can't be read, and then imports nothing either.

    file: gives lines in UTF-8; format: "csv" or "json", left out for what it looks like
    author: the name to record with the rules that are new or changed
    dry_run: change nothing; skip_invalid: leave invalid rows out, and import the others
    progress: called now and then with the number of bytes that were read so far
    """
    using = router.db_for_write(RULES.model)
    report = Report()
    results = _checked(reader.read(file, RULES.columns, format))
    with transaction.atomic(using=using):
        for batch in _batches(results, batch_size):
            _compare(batch, using)
            report.add(batch)
            accepted = skip_invalid or not report.invalid
            if accepted and not dry_run:
                _write(batch, author, using)
            progress(batch[-1].end)
        if report.invalid and not skip_invalid:
            transaction.set_rollback(True, using=using)
        else:
            report.written = not dry_run
    return report


def _checked(found: Iterable[reader.ParsedRow]) -> Iterator[RowResult]:
    """Yield a result for each parsed row, invalid or not compared yet."""
    seen: dict[tuple[object, ...], tuple[int, int]] = {}
    for parsed in found:
        result = RowResult(parsed.line, parsed.number, parsed.end)
        if parsed.error:
            result.errors.append(parsed.error)
        else:
            try:
                row = RULES.row(parsed.cells)
            except ValidationError as error:
                result.errors.extend(error_texts(error))
            else:
                here = (parsed.line, parsed.number)
                first = seen.setdefault(RULES.key_of(row), here)
                if first is here:
                    result.row = row
                else:
                    result.errors.append(repeated(RULES, reader.place(*first)))
        yield result


def repeated(schema: ImportSchema, first: str) -> str:
    """Return what is wrong with a row whose key the one at `first` has already."""
    text = _("%(place)s has the same %(key)s already.")
    return text % {"place": first[:1].upper() + first[1:], "key": ", ".join(schema.key)}


def error_texts(error: ValidationError) -> Iterator[str]:
    """Yield what `error` says, each with the column that it says it of."""
    for column, messages in error.message_dict.items():
        for message in messages:
            yield message if column == NON_FIELD_ERRORS else f"{column}: {message}"


def _batches(results: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(results)
    while batch := list(islice(rest, size)):
        yield batch


def _compare(results: Iterable[RowResult], using: str) -> None:
    """Set the status of the valid ones of `results`."""
    valid = [(result, result.row) for result in results if result.row is not None]
    contents = _contents([row for _result, row in valid], using)
    for result, row in valid:
        content = contents.get(RULES.key_of(row))
        if content is None:
            result.status = RowStatus.NEW
        elif content == RULES.content_of(row):
            result.status = RowStatus.SAME
        else:
            result.status = RowStatus.CHANGED


def _contents(rows: Iterable[Any], using: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Return the contents of the rules that have the keys of `rows`, and of some more, by key."""
    most = connections[using].features.max_query_params or BATCH
    names = (*RULES.key, *RULES.content)
    found = {}
    for patterns in _batches({row.pattern for row in rows}, most):
        rules = RULES.model.objects.using(using).filter(pattern__in=patterns)
        for values in rules.values_list(*names):
            found[values[: len(RULES.key)]] = values[len(RULES.key) :]
    return found


def _write(results: Iterable[RowResult], author: str, using: str) -> None:
    """Save the new and the changed ones of `results`, and nothing if there are none."""
    now = timezone.now()
    rows: list[Any] = []
    for result in results:
        row: Any = result.row
        if result.status is RowStatus.CHANGED:
            row.source = PermanenceRule.Source.IMPORT
            row.updated_at = now
        elif result.status is not RowStatus.NEW:
            continue
        row.author = author
        rows.append(row)
    if not rows:
        return
    # MySQL and MariaDB have no way to name the constraint, and take any.
    named = connections[using].features.supports_update_conflicts_with_target
    # Somebody else may have made the same rule since it was looked for.
    RULES.model.objects.using(using).bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=RULES.key if named else None,
        update_fields=(*RULES.content, "source", "author", "updated_at"),
    )
