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

KEPT_FOR = timedelta(hours=1)
# What changes more rows than this can't be taken back, and says so.
MOST_ROWS = 100_000
# Rows of a part: SQLite may take no more than 999 parameters.
PART = 500

Values = Mapping[str, object]
T = TypeVar("T")

# What an import has changed.
WRITTEN = (RowStatus.NEW, RowStatus.CHANGED)


class Change(NamedTuple):
    """What became of a row: the values before and after, None where there was no row."""

    pk: Any
    before: Values | None
    after: Values | None


class Undone(NamedTuple):
    """The changes that were taken back, and how many weren't: the rows are others by now."""

    changes: list[Change]
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
    changes: list[Change] = []
    digests: list[int] = []
    total = 0

    def take_back() -> None:
        nonlocal total
        for part in parts.iterator(1):
            total += len(part.rows)
            changes.extend(_take_back(model, using, [Change(*row) for row in part.rows], digests))
        parts.delete()

    if issubclass(model, BaseRule):
        recorded(using, digests, take_back)
    else:
        with transaction.atomic(using=using):
            take_back()
    return Undone(changes, total - len(changes))


def _take_back(
    model: type[models.Model], using: str, changes: list[Change], digests: list[int]
) -> Iterator[Change]:
    """Yield what was taken back of `changes`; adds the digests of the rules to `digests`."""
    # By the base manager, which records no edits: there is one for all of it.
    rows = model._base_manager.using(using)
    names = [field.attname for field in model._meta.concrete_fields]
    found = rows.filter(pk__in=[each.pk for each in changes]).values(*names)
    now = {row[model._meta.pk.attname]: row for row in found}
    digests.extend(row["digest"] for row in now.values() if "digest" in row)
    same = [each for each in changes if _is_as_left(now.get(each.pk), each.after)]
    deleted = [each for each in same if each.after is None]
    made = [each for each in same if each.before is None]
    changed = [each for each in same if each.before is not None and each.after is not None]
    yield from _make_again(model, rows, deleted, digests)
    if made:
        rows.filter(pk__in=[each.pk for each in made]).delete()
        yield from made
    # Most rows had one of few values: an UPDATE for each of them.
    changed.sort(key=lambda each: repr(each.before))
    for _values, group in groupby(changed, key=lambda each: repr(each.before)):
        yield from _change_back(model, rows, list(group))


def _is_as_left(row: Values | None, after: Values | None) -> bool:
    if row is None or after is None:
        return row is after
    return all(plain(row[name]) == value for name, value in after.items())


def _make_again(
    model: type[models.Model], rows: Any, changes: list[Change], digests: list[int]
) -> list[Change]:
    if not changes:
        return []
    made = [model(**_values(model, each.before or {})) for each in changes]
    # Somebody may have made the same again meanwhile.
    rows.bulk_create(made, ignore_conflicts=True)
    keys = set(rows.filter(pk__in=[each.pk for each in changes]).values_list("pk", flat=True))
    digests.extend(row.digest for row in made if hasattr(row, "digest"))
    return [each for each in changes if each.pk in keys]


def _change_back(model: type[models.Model], rows: Any, changes: list[Change]) -> list[Change]:
    values = _values(model, changes[0].before or {})
    if any(field.name == "updated_at" for field in model._meta.concrete_fields):
        values["updated_at"] = timezone.now()
    try:
        with transaction.atomic(using=rows.db):
            rows.filter(pk__in=[each.pk for each in changes]).update(**values)
    except IntegrityError:
        # There is another row for just the same by now, as one of them was.
        if len(changes) == 1:
            return []
        return [done for each in changes for done in _change_back(model, rows, [each])]
    return changes


def _values(model: type[models.Model], kept: Values) -> dict[str, Any]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {name: fields[name].to_python(value) for name, value in kept.items() if name in fields}
