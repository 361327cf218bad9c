"""From the records of a file to rows of the database: what each would change, and changing it."""

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

from ..models import ErrorMessage, PermanenceRule, Row
from . import reader as records

T = TypeVar("T")

BATCH = 1000
# How many bad rows are told of; the others are counted.
TOLD = 50

_FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class Verdict(StrEnum):
    """What a row of a file is to the database."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    INVALID = "invalid"


@dataclass(frozen=True)
class Table:
    """How the rows of a model stand in a file.

    A row of a file says all of a row of the database: what it leaves out has its default, also
    where another value is stored.

    key: the columns that tell rows apart; content: what a row says, besides
    provenance: where a row comes from, and when: believed of a row that is new, so that an
    export can be restored as it was, and no reason to change one that is there
    assumed: what is taken for a column that is left out, if that isn't the field's default
    """

    model: type[Row]
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
        stored: Any = self.model._meta.get_field(column)
        return stored.get_default()

    def row(self, cells: Mapping[str, object]) -> Row:
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

    def key_of(self, row: Row) -> tuple[object, ...]:
        return tuple([getattr(row, name) for name in self.key])

    def content_of(self, row: Row) -> tuple[object, ...]:
        return tuple([getattr(row, name) for name in self.content])


RULES = Table(
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
MESSAGES = Table(
    ErrorMessage,
    key=("status", "language", "host", "path_prefix"),
    content=("title", "detail", "permanence", "action_label", "action_url", "enabled"),
)


def check(
    row: Row, errors: Mapping[str, Any] | None = None, unchecked: Collection[str] = ()
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
    """Return a stored `value` as a file has it."""
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
class Item:
    """One row of a file, and what is made of it: a row of the database, or its faults."""

    line: int
    number: int
    end: int
    verdict: Verdict = Verdict.INVALID
    row: Row | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return records.place(self.line, self.number)


@dataclass(slots=True)
class Report:
    """What an import did, or would have done: how many rows of which verdict.

    `bad` holds the first invalid ones; `written` says whether the database was changed.
    """

    counts: Counter[Verdict] = field(default_factory=Counter)
    bad: list[Item] = field(default_factory=list)
    written: bool = False

    @property
    def invalid(self) -> int:
        return self.counts[Verdict.INVALID]

    def add(self, items: Iterable[Item]) -> None:
        for item in items:
            self.counts[item.verdict] += 1
            if item.verdict is Verdict.INVALID and len(self.bad) < TOLD:
                self.bad.append(item)


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
    """Import the permanence rules of `file`, in one transaction; one bad row stops them all.

    Raises `records.FileError` where the file can't be read, and then imports nothing either.

    file: gives lines in UTF-8; format: "csv" or "json", left out for what it looks like
    author: the name to record with the rules that are new or changed
    dry_run: change nothing; skip_invalid: leave bad rows out, and import the others
    progress: called now and then with the number of bytes that were read so far
    """
    using = router.db_for_write(RULES.model)
    report = Report()
    items = _checked(records.read(file, RULES.columns, format))
    with transaction.atomic(using=using):
        for batch in _batches(items, batch_size):
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


def _checked(found: Iterable[records.Record]) -> Iterator[Item]:
    """Yield an item for each record, invalid or not compared yet."""
    seen: dict[tuple[object, ...], tuple[int, int]] = {}
    for record in found:
        item = Item(record.line, record.number, record.end)
        if record.fault:
            item.faults.append(record.fault)
        else:
            try:
                row = RULES.row(record.cells)
            except ValidationError as error:
                item.faults.extend(faults(error))
            else:
                here = (record.line, record.number)
                first = seen.setdefault(RULES.key_of(row), here)
                if first is here:
                    item.row = row
                else:
                    item.faults.append(repeated(RULES, records.place(*first)))
        yield item


def repeated(table: Table, first: str) -> str:
    """Return what is wrong with a row whose key the one at `first` has already."""
    told = _("%(place)s has the same %(key)s already.")
    return told % {"place": first[:1].upper() + first[1:], "key": ", ".join(table.key)}


def faults(error: ValidationError) -> Iterator[str]:
    """Yield what `error` says, each with the column that it says it of."""
    for column, messages in error.message_dict.items():
        for message in messages:
            yield message if column == NON_FIELD_ERRORS else f"{column}: {message}"


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _compare(items: Iterable[Item], using: str) -> None:
    """Give the verdict on the valid ones of `items`."""
    valid = [(item, item.row) for item in items if item.row is not None]
    stored = _stored([row for _item, row in valid], using)
    for item, row in valid:
        content = stored.get(RULES.key_of(row))
        if content is None:
            item.verdict = Verdict.NEW
        elif content == RULES.content_of(row):
            item.verdict = Verdict.SAME
        else:
            item.verdict = Verdict.CHANGED


def _stored(rows: Iterable[Any], using: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Return the contents of the stored rows that have the keys of `rows`, and of some more."""
    most = connections[using].features.max_query_params or BATCH
    names = (*RULES.key, *RULES.content)
    found = {}
    for patterns in _batches({row.pattern for row in rows}, most):
        stored = RULES.model.objects.using(using).filter(pattern__in=patterns)
        for values in stored.values_list(*names):
            found[values[: len(RULES.key)]] = values[len(RULES.key) :]
    return found


def _write(items: Iterable[Item], author: str, using: str) -> None:
    """Store the new and the changed ones of `items`, and nothing if there are none."""
    now = timezone.now()
    rows: list[Any] = []
    for item in items:
        row: Any = item.row
        if item.verdict is Verdict.CHANGED:
            row.source = PermanenceRule.Source.IMPORT
            row.updated_at = now
        elif item.verdict is not Verdict.NEW:
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
