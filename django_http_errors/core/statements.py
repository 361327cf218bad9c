"""Statements that Django would compose anew for each batch of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.db.models.constants import OnConflict


def insertion(
    connection: Any,
    model: type[Model],
    fields: Sequence[Any],
    otherwise: OnConflict,
    *,
    updated: Sequence[str] = (),
    unique: Sequence[str] = (),
) -> str:
    """Return the statement that inserts a row of `model`, for `executemany`.

    fields: those of the model that the parameters are for, in that order
    otherwise: what is done about a row that is there already
    updated, unique: the columns that it is updated in, and is known by
    """
    quote = connection.ops.quote_name
    columns = ", ".join(quote(each.column) for each in fields)
    places = ", ".join(["%s"] * len(fields))
    parts = (
        connection.ops.insert_statement(on_conflict=otherwise),
        quote(model._meta.db_table),
        f"({columns}) VALUES ({places})",
        # MySQL and MariaDB can't name the constraint, and take any.
        connection.ops.on_conflict_suffix_sql(fields, otherwise, updated, unique),
    )
    return " ".join(parts)
