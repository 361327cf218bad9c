"""From the parsed rows of a file to rows in the database: what each would change, and doing so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connections, router, transaction
from django.http.request import validate_host
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import PermanenceRule
from .rows import AS_NAMED, NO_COLUMNS, Headings, ParsedRow, Remark, place, printable
from .schema import ImportSchema

T = TypeVar("T")

# How many rows are compared and written at a time.
BATCH = 1000
# How many rows of a status, and how many remarks, are kept to be shown; the others are counted.
MOST_SHOWN = 50
# How many places a remark names.
MOST_PLACES = 3


class RowStatus(StrEnum):
    """What importing a row changes."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    INVALID = "invalid"


@dataclass(slots=True)
class RowResult:
    """One row of a file, and what is made of it: a row of the database, or its errors.

    cells: as the file has them; given: their values, without those of the key
    headings: what the file calls columns; written: the pattern, before it was decoded
    before: the values of the known row that these would replace; row: what they make of it
    """

    line: int
    number: int = 0
    status: RowStatus = RowStatus.INVALID
    cells: Mapping[str, object] = field(default_factory=dict)
    headings: Headings = field(default_factory=lambda: AS_NAMED)
    written: str = ""
    key: tuple[object, ...] = ()
    given: dict[str, object] = field(default_factory=dict)
    before: dict[str, object] = field(default_factory=dict)
    row: Any = None
    error: ValidationError | None = None

    @property
    def place(self) -> str:
        """Say where in the file it is."""
        return place(self.line, self.number)

    @property
    def errors_by_heading(self) -> dict[str, list[str]]:
        """What is wrong, by the headings of the columns that it is wrong in; "" for none."""
        by_heading: dict[str, list[str]] = {}
        for column, messages in (self.error.message_dict if self.error else {}).items():
            heading = "" if column == NON_FIELD_ERRORS else self.headings.get(column, column)
            by_heading.setdefault(heading, []).extend(messages)
        return by_heading

    @property
    def errors(self) -> list[str]:
        """What is wrong, each with the heading of the column that it is wrong in."""
        return [
            f"{heading}: {message}" if heading else message
            for heading, messages in self.errors_by_heading.items()
            for message in messages
        ]

    @property
    def changed(self) -> list[str]:
        """The fields that get another value, but for those that are emptied."""
        return [name for name in self.before if not _is_blank(getattr(self.row, name))]

    @property
    def emptied(self) -> list[str]:
        return [name for name in self.before if _is_blank(getattr(self.row, name))]


def _is_blank(value: object) -> bool:
    return value is None or value == ""


@dataclass(slots=True)
class Places:
    """Where something was remarked: how often, and the first places."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, remark: Remark) -> None:
        self.count += 1
        if len(self.first) < MOST_PLACES:
            self.first.append(remark.place)

    def __str__(self) -> str:
        text = ", ".join(self.first)
        more = self.count - len(self.first)
        return _("%(places)s and %(n)d more") % {"places": text, "n": more} if more else text


@dataclass(slots=True)
class Report:
    """What an import did, or would have done.

    most: how many results of each status are kept, and remarks; None: all
    doubts: those of the remarks that an editor would have to confirm
    written: how many rows of the database were made or changed
    """

    most: int | None = MOST_SHOWN
    counts: Counter[RowStatus] = field(default_factory=Counter)
    results: dict[RowStatus, list[RowResult]] = field(
        default_factory=lambda: {status: [] for status in RowStatus}
    )
    remarks: dict[str, Places] = field(default_factory=dict)
    doubts: dict[str, Places] = field(default_factory=dict)
    other_remarks: int = 0
    written: int = 0

    @property
    def invalid(self) -> int:
        return self.counts[RowStatus.INVALID]

    def add(self, result: RowResult) -> None:
        self.counts[result.status] += 1
        if self.most is None or self.counts[result.status] <= self.most:
            self.results[result.status].append(result)

    def remark(self, remark: Remark) -> None:
        text = printable(remark.text)
        places = self.remarks.get(text)
        if places is None:
            if self.most is not None and len(self.remarks) >= self.most:
                self.other_remarks += 1
                return
            places = self.remarks[text] = Places()
        places.add(remark)

    def doubt(self, remark: Remark) -> None:
        self.remark(remark)
        # Of few texts, one a host.
        self.doubts.setdefault(printable(remark.text), Places()).add(remark)


class _Seen:
    """What a row of the file gives, for those after it of the same key.

    rest: a hash of all but whether capitals matter
    result: None when it has been written
    """

    __slots__ = ("ignores_case", "line", "number", "rest", "result")

    def __init__(self, result: RowResult, ignores_case: bool, rest: int) -> None:
        self.line, self.number = result.line, result.number
        self.ignores_case, self.rest = ignores_case, rest
        self.result: RowResult | None = result


class Import:
    """One import of the rows of a schema, in one transaction; one invalid row stops them all.

    author: the name to record with the rules that are new or changed
    confirmed: whether to import what an editor would have to confirm; else that stops them all too
    dry_run: change nothing; skip_invalid: leave invalid rows out, and import the others
    batch: commit after so many rows; what was committed before an invalid row stays
    report: up to date at any time
    """

    def __init__(
        self,
        schema: ImportSchema,
        *,
        author: str = "",
        confirmed: bool = True,
        dry_run: bool = False,
        skip_invalid: bool = False,
        batch: int | None = None,
        most: int | None = MOST_SHOWN,
    ) -> None:
        self.report = Report(most)
        self._schema = schema
        self._author = author
        self._confirmed = confirmed
        self._dry_run = dry_run
        self._skip_invalid = skip_invalid
        self._batch = batch
        self._using = router.db_for_write(schema.model)
        # A file says the same in many rows. Without it an import takes a tenth longer.
        self._value = lru_cache(maxsize=1024, typed=True)(schema.value)
        # It is given one key after the other, to be written as the database has it.
        self._normalised: Any = schema.model()
        # Of all fields: with arguments by position a row is made in a third of the time.
        self._defaults = {
            field.attname: schema.assumed.get(field.name, field.get_default())
            for field in schema.model._meta.concrete_fields
        }
        self._seen: dict[tuple[object, ...], _Seen] = {}
        self._allowed: dict[object, bool] = {"": True}

    def run(
        self, found: Iterable[ParsedRow | Remark], progress: Callable[[], object] = lambda: None
    ) -> Report:
        """Import the rows that were `found`, and return the report.

        progress: called now and then
        """
        results = self._checked(found)
        groups: Iterable[Iterable[RowResult]] = [results]
        if self._batch is not None:
            groups = _batches(results, self._batch)
        for group in groups:
            with transaction.atomic(using=self._using):
                written = 0
                for some in _batches(group, BATCH):
                    written += self._import(some)
                    progress()
                if self._is_stopped:
                    transaction.set_rollback(True, using=self._using)
            self.report.written += 0 if self._is_stopped else written
        return self.report

    @property
    def _is_stopped(self) -> bool:
        is_doubted = self.report.doubts and not self._confirmed
        is_invalid = self.report.invalid and not self._skip_invalid
        return self._dry_run or bool(is_doubted or is_invalid)

    def _import(self, results: list[RowResult]) -> int:
        """Compare and write, and return how many were written."""
        self._compare(results)
        for result in results:
            self.report.add(result)
            if seen := self._seen.get(result.key):
                seen.result = None
        return 0 if self._is_stopped else self._write(results)

    # One by one

    def _checked(self, found: Iterable[ParsedRow | Remark]) -> Iterator[RowResult]:
        """Yield a result for each parsed row, invalid or not compared yet."""
        for each in found:
            if isinstance(each, Remark):
                self.report.remark(each)
                continue
            result = RowResult(each.line, each.number, cells=each.cells, headings=each.headings)
            try:
                if each.error:
                    raise ValidationError({NON_FIELD_ERRORS: each.error})
                cells, remarks = self._schema.understood(each.cells, each.headings)
                for text in remarks:
                    self.report.remark(Remark(each.line, text, each.number))
                result.written = str(cells.get("pattern", "")).strip()
                result.given = self._given(cells)
                result.key = tuple([result.given.pop(name) for name in self._schema.key])
                self._check_host(result)
                self._check_repetition(result)
            except ValidationError as error:
                result.error = error
            yield result

    def _given(self, cells: Mapping[str, object]) -> dict[str, object]:
        """Return the valid values that `cells` and the key have, as the database has them."""
        given: dict[str, object] = {}
        errors: dict[str, Any] = {}
        for name in {**dict.fromkeys(self._schema.key), **cells}:
            cell = cells.get(name)
            # An address is there once. A list, which is no value anyway, can't be remembered.
            is_hashable = cell is None or isinstance(cell, (str, bool, int))
            seen_before = is_hashable and name != self._schema.found_by
            try:
                given[name] = (self._value if seen_before else self._schema.value)(name, cell)
            except ValidationError as error:
                errors[name] = error
        if errors:
            raise ValidationError(errors)
        row = self._normalised
        for name in self._schema.key:
            setattr(row, name, given[name])
        row.normalise()
        for name in self._schema.key:
            value = getattr(row, name)
            if value != given[name]:
                # It may have become longer.
                try:
                    given[name] = self._schema.field(name).clean(value, None)
                except ValidationError as error:
                    raise ValidationError({name: error}) from error
        return given

    def _check_host(self, result: RowResult) -> None:
        host: Any = result.key[self._schema.key.index("host")]
        if host not in self._allowed:
            allowed = settings.ALLOWED_HOSTS or [".localhost", "127.0.0.1", "[::1]"]
            self._allowed[host] = validate_host(host, allowed)
        if not self._allowed[host]:
            text = _("The site isn't served at %s: ALLOWED_HOSTS doesn't have it.") % host
            self.report.remark(Remark(result.line, text, result.number))

    def _check_repetition(self, result: RowResult) -> None:
        """Refuse a row that says something else than one before it of the same key.

        A file without columns can only say otherwise whether capitals matter, as a server's does:
        of such rows, the one for which they don't covers the other too.
        """
        given = dict(result.given)
        ignores_case = result.headings is NO_COLUMNS and bool(given.pop("ignore_case", False))
        here = _Seen(result, ignores_case, hash(frozenset(given.items())))
        before = self._seen.setdefault(result.key, here)
        if before is here:
            return
        is_same = before.rest == here.rest
        if is_same and before.ignores_case == ignores_case:
            result.status = RowStatus.SAME
            return
        text = _("%(place)s has the same %(key)s already.")
        first = place(before.line, before.number)
        # What has no heading is called by its name: there may be no columns at all.
        key = ", ".join(result.headings.get(name) or name for name in self._schema.key)
        text %= {"place": first[:1].upper() + first[1:], "key": key}
        if not is_same:
            raise ValidationError({NON_FIELD_ERRORS: text})
        self.report.remark(Remark(result.line, text, result.number))
        if ignores_case and before.result is None:
            self._seen[result.key] = here  # It changes the row that was written.
            return
        result.status = RowStatus.SAME
        if ignores_case and before.result:
            before.ignores_case = before.result.given["ignore_case"] = True

    # Many at a time

    def _compare(self, results: Iterable[RowResult]) -> None:
        """Set the status of those that aren't invalid, and the row that they would make."""
        compared = [
            each for each in results if each.error is None and each.status is not RowStatus.SAME
        ]
        known = self._known(compared)
        for result in compared:
            try:
                self._set_row(result, known.get(result.key))
            except ValidationError as error:
                result.error, result.status = error, RowStatus.INVALID
        self._remark_on_new(compared)

    def _remark_on_new(self, results: Iterable[RowResult]) -> None:
        """Say which new rows may be of no use; at a known one somebody has been told."""
        new = [each for each in results if each.status is RowStatus.NEW]
        rows = [each.row for each in new]
        for find, note in (
            (self._schema.doubts, self.report.doubt),
            (self._schema.remarks, self.report.remark),
        ):
            for index, text in find(rows):
                note(Remark(new[index].line, text, new[index].number))

    def _known(self, results: Iterable[RowResult]) -> dict[tuple[object, ...], dict[str, object]]:
        """Return what is in the database by the keys of `results`, and some more."""
        schema = self._schema
        most = connections[self._using].features.max_query_params or BATCH
        at = schema.key.index(schema.found_by)
        objects = schema.model._default_manager.using(self._using)
        found = {}
        for values in _batches({result.key[at] for result in results}, most):
            rows = objects.filter(**{f"{schema.found_by}__in": values})
            for row in rows.values_list(*schema.key, *schema.content):
                key, content = row[: len(schema.key)], row[len(schema.key) :]
                found[key] = dict(zip(schema.content, content, strict=True))
        return found

    def _set_row(self, result: RowResult, known: dict[str, object] | None) -> None:
        schema = self._schema
        key = dict(zip(schema.key, result.key, strict=True))
        if known is None:
            result.status = RowStatus.NEW
            values = result.given
        else:
            given = {name: result.given[name] for name in schema.content if name in result.given}
            result.before = {name: known[name] for name in given if known[name] != given[name]}
            if not result.before:
                result.status = RowStatus.SAME
                return
            result.status = RowStatus.CHANGED
            values = {**known, **given}
            if schema.provenance:
                values |= {"source": PermanenceRule.Source.IMPORT, "updated_at": timezone.now()}
        model: Any = schema.model
        result.row = model(*{**self._defaults, **key, **values}.values())
        # A pattern that is stored isn't refused for what looks like a wildcard, nor is an escape.
        result.row._state.adding = known is None
        result.row.written = result.written
        result.row.clean()

    def _write(self, results: Iterable[RowResult]) -> int:
        """Save the new and the changed ones of `results`, and nothing if there are none."""
        made: list[Any] = [
            result.row for result in results if result.status in {RowStatus.NEW, RowStatus.CHANGED}
        ]
        if not made:
            return 0
        marks: tuple[str, ...] = ()
        if self._schema.provenance:
            marks = ("source", "author", "updated_at")
            for row in made:
                row.author = self._author
        # Somebody else may have made the same row since it was looked for.
        self._schema.model.objects.using(self._using).upsert(
            made, self._schema.key, (*self._schema.content, *marks)
        )
        return len(made)


def _batches(found: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(found)
    while batch := list(islice(rest, size)):
        yield batch
