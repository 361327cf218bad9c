"""Statements for very many rows at once.

Django composes a statement for each batch of them, and prepares every value: for 100,000 rows that
takes some ten seconds, which nobody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.db import connections, models
from django.db.models.constants import OnConflict

from ..core.statements import insertion

Values = Mapping[str, Any]


def named(model: type[models.Model], values: Values) -> str:
    """Return what a row is called that has `values` in all of its columns."""
    # Of an instance that is made by itself: most of the time would go to its __init__.
    row = model.__new__(model)
    row.__dict__.update(values)
    return str(row)


def insert(model: type[models.Model], using: str, rows: Sequence[Values]) -> None:
    """Insert `rows`, one at least, but for those that are there already.

    rows: all with the same fields, which have values as JSON has them
    """
    connection = connections[using]
    fields = _fields(model, rows[0])
    statement = insertion(connection, model, fields, OnConflict.IGNORE)
    with connection.cursor() as cursor:
        cursor.executemany(statement, _parameters(connection, fields, rows))


def update(
    model: type[models.Model], using: str, rows: Sequence[Values], names: Iterable[str]
) -> None:
    """Give the fields `names` of each of `rows` the values that it has.

    rows: with their keys, and no more than the database takes parameters
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    fields = _fields(model, [*names, model._meta.pk.attname])
    *changes, where = (quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    statement = f"UPDATE {table} SET {' = %s, '.join(changes)} = %s WHERE {where}"  # noqa: S608
    # Most rows get one of few values, and few rows one of their own.
    alike: dict[tuple[Any, ...], list[Any]] = {}
    for *values, key in _parameters(connection, fields, rows):
        alike.setdefault(tuple(values), []).append(key)
    singles = [(*same, *keys) for same, keys in alike.items() if len(keys) == 1]
    with connection.cursor() as cursor:
        for same, keys in alike.items():
            if len(keys) > 1:
                places = ", ".join(["%s"] * len(keys))
                cursor.execute(f"{statement} IN ({places})", [*same, *keys])
        if singles:
            cursor.executemany(f"{statement} = %s", singles)


def _fields(model: type[models.Model], names: Iterable[str]) -> list[Any]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return [fields[name] for name in names if name in fields]


def _parameters(
    connection: Any, fields: Iterable[Any], rows: Sequence[Values]
) -> list[tuple[Any, ...]]:
    columns = (
        map(_prepared(field, connection), map(itemgetter(field.attname), rows)) for field in fields
    )
    return list(zip(*columns, strict=True))


def _prepared(field: Any, connection: Any) -> Callable[[object], object]:
    """Return what makes of a value of `field`, or of what JSON has of one, what the database takes.

    Most rows have the same in most fields.
    """

    @lru_cache(maxsize=1000, typed=True)
    def prepared(value: object) -> object:
        return field.get_db_prep_save(field.to_python(value), connection)

    return prepared
