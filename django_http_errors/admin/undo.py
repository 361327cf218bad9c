"""Taking back what an editor did to rows: kept for an hour, in parts that a database can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from django.db import IntegrityError, models, router, transaction
from django.utils import timezone

from ..importing.importer import Report, RowResult, RowStatus
from ..importing.schema import ImportSchema
from ..models import BaseRule, UndoPart, recorded
from . import statements
from .statements import Values

KEPT_FOR = timedelta(hours=1)
# What changes more rows than this can't be taken back, and says so.
MOST_ROWS = 100_000
# Rows of a part: SQLite may take no more than 999 parameters.
PART = 500

T = TypeVar("T")

# What an import has changed.
WRITTEN = (RowStatus.NEW, RowStatus.CHANGED)


class Change(NamedTuple):
    """What became of a row: the values before and after, None where there was no row."""

    pk: Any
    before: Values | None
    after: Values | None


class Undone(NamedTuple):
    """The changes that were taken back, and how many weren't: the rows are others by now.

    names: what the rows are called that were changed, by their keys
    """

    changes: list[Change]
    names: dict[Any, str]
    left: int


def plain(value: object) -> object:
    """Return the `value` of a field as JSON has it, a moment the same wherever it was said."""
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(UTC) if timezone.is_aware(value) else value).isoformat()


def keep(user: object, model: type[models.Model], changes: Iterable[Change]) -> str:
    """Keep `changes` for an hour, and return what they are known by; "" if there are too many.

    user: the primary key of the one who may take them back
    """
    using = router.db_for_write(model)
    parts = UndoPart._base_manager.using(using)
    action, name = uuid4().hex, str(model._meta.model_name)
    with transaction.atomic(using=using):
        parts.filter(made_at__lt=timezone.now() - KEPT_FOR).delete()
        for number, some in enumerate(_portions(changes)):
            if number * PART >= MOST_ROWS:
                parts.filter(action=action).delete()
                return ""
            rows = [[each.pk, _plain(each.before), _plain(each.after)] for each in some]
            parts.create(action=action, model=name, user=str(user), rows=rows)
    return action


def _portions(changes: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(changes)
    while some := list(islice(rest, PART)):
        yield some


def _plain(values: Values | None) -> Values | None:
    return values and {name: plain(value) for name, value in values.items()}


def written(report: Report) -> Iterator[RowResult]:
    """Yield the results of the rows that the import with this `report` made or changed."""
    return (each for status in WRITTEN for each in report.results[status])


def of_import(schema: ImportSchema, report: Report) -> Iterator[Change]:
    """Yield what an import changed, in the order of what it has `written`.

    report: has all of its results
    """
    rows = schema.model._base_manager.using(router.db_for_write(schema.model))
    for some in _portions(written(report)):
        found = rows.filter(**{f"{schema.found_by}__in": {_key(schema, each) for each in some}})
        keys = {row[:-1]: row[-1] for row in found.values_list(*schema.key, "pk")}
        for each in some:
            content = each.before or schema.content
            # With its key, so that a row that is for something else by now isn't as it was left.
            # Not in what it was before: few different values are changed back by few statements.
            after = {name: getattr(each.row, name) for name in (*schema.key, *content)}
            yield Change(keys.get(each.key), each.before or None, after)


def _key(schema: ImportSchema, result: RowResult) -> object:
    return result.key[schema.key.index(schema.found_by)]


def kept(user: object, model: type[models.Model], action: str) -> models.QuerySet[UndoPart]:
    """Return the parts of `action`, none if `user` may not take it back, or not any more."""
    parts = UndoPart._base_manager.using(router.db_for_write(model))
    return parts.filter(
        action=action,
        model=model._meta.model_name,
        user=str(user),
        made_at__gte=timezone.now() - KEPT_FOR,
    ).order_by("pk")


def undo(model: type[models.Model], parts: models.QuerySet[UndoPart]) -> Undone:
    """Take back what `parts` have, where rows are still as the action left them."""
    using = router.db_for_write(model)
    undoing = _Undoing(model, using)

    def take_back() -> None:
        for part in parts.iterator(1):
            undoing.take_back([Change(*row) for row in part.rows])
        parts.delete()

    if issubclass(model, BaseRule):
        recorded(using, undoing.digests, take_back)
    else:
        with transaction.atomic(using=using):
            take_back()
    return Undone(undoing.done, undoing.names, undoing.total - len(undoing.done))


class _Undoing:
    """What was taken back so far.

    digests: those of the rules among it
    """

    def __init__(self, model: type[models.Model], using: str) -> None:
        self._model = model
        self._using = using
        # By the base manager, which records no edits: there is one for all of it.
        self._rows = model._base_manager.using(using)
        self._key = model._meta.pk.attname
        self._names = [field.attname for field in model._meta.concrete_fields]
        self.done: list[Change] = []
        self.names: dict[Any, str] = {}
        self.digests: list[int] = []
        self.total = 0

    def take_back(self, changes: list[Change]) -> None:
        """Take back those of `changes` whose rows are as they were left."""
        self.total += len(changes)
        found = self._rows.filter(pk__in=[each.pk for each in changes]).values(*self._names)
        now = {row[self._key]: row for row in found}
        same = [each for each in changes if _is_as_left(now.get(each.pk), each.after)]
        self._make_again([each for each in same if each.after is None])
        self._delete([each for each in same if each.before is None], now)
        changed = [each for each in same if each.before is not None and each.after is not None]
        # All of an action have the same fields, and of an import as many as each of them changed.
        changed.sort(key=lambda each: [*(each.before or ())])
        for names, group in groupby(changed, key=lambda each: [*(each.before or ())]):
            self._change_back(list(group), names, now)

    def _make_again(self, changes: list[Change]) -> None:
        if not changes:
            return
        # Somebody may have made the same again meanwhile.
        rows = [each.before or {} for each in changes]
        statements.insert(self._model, self._using, rows)
        keys = set(
            self._rows.filter(pk__in=[each.pk for each in changes]).values_list("pk", flat=True)
        )
        for each, row in zip(changes, rows, strict=True):
            if each.pk in keys:
                self._note(each, row)

    def _delete(self, changes: list[Change], now: Mapping[Any, Values]) -> None:
        if changes:
            self._rows.filter(pk__in=[each.pk for each in changes]).delete()
        for each in changes:
            self._note(each, now[each.pk])

    def _change_back(
        self, changes: list[Change], names: list[str], now: Mapping[Any, Values]
    ) -> None:
        also = {"updated_at": timezone.now()} if "updated_at" in self._names else {}
        rows = [{**now[each.pk], **(each.before or {}), **also} for each in changes]
        try:
            with transaction.atomic(using=self._using):
                statements.update(self._model, self._using, rows, [*names, *also])
        except IntegrityError:
            # There is another row for just the same by now, as one of them was.
            if len(changes) > 1:
                for each in changes:
                    self._change_back([each], names, now)
            return
        for each, row in zip(changes, rows, strict=True):
            self._note(each, row)

    def _note(self, change: Change, row: Values) -> None:
        self.done.append(change)
        self.names[change.pk] = statements.named(self._model, row)
        if "digest" in row:
            self.digests.append(row["digest"])


def _is_as_left(row: Values | None, after: Values | None) -> bool:
    if row is None or after is None:
        return row is after
    return all(plain(row[name]) == value for name, value in after.items())
