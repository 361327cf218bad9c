"""What `snapshot` asks the database, and in which portions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, cast

from django.db import DataError, connections
from django.db.models import Exists, Field, Q, QuerySet
from django.utils import timezone

from .. import models
from .matching import report_once
from .rows import (
    ANNOUNCED_FIELDS,
    HIDING_FIELDS,
    MESSAGE_FIELDS,
    PERMANENCE_FIELDS,
    AnnouncedRow,
    HidingRow,
    MessageRow,
    PermanenceRow,
)

# A page is read in a millisecond or two, and holds up nobody who wants to write.
PAGE = 200

# A portion of the digests is read in some 10 ms.
PORTION = 20_000


class Version(NamedTuple):
    """What has been committed so far.

    number: the generation
    pending: the keys of edits that have no number yet, and perhaps never will: the process that
        made them may have died
    """

    number: int
    pending: tuple[int, ...] = ()


def version(alias: str) -> Version:
    """Return how far the database `alias` is; one query, and one more while edits are pending."""
    rows = models.Generation._base_manager.using(alias).filter(pk=models.Generation.ROW)
    pending = models.Edit.pending(alias)
    while found := rows.values_list("number", Exists(pending)).first():
        number, are_pending = found
        keys = _keys(pending) if are_pending else ()
        if bool(keys) == are_pending:
            return Version(number, keys)
        # They got their number between the two queries: ask for that.
    return Version(0, _keys(pending))


def _keys(edits: QuerySet[models.Edit]) -> tuple[int, ...]:
    return tuple(edits.order_by("pk").values_list("pk", flat=True)[: models.Edit.KEPT])


def new_digests(alias: str, known: Version, now: Version) -> frozenset[int] | None:
    """Return the digests of the rules that were written since a version was `known`.

    None if those are too many, or if it isn't noted any more which they are.
    """
    if not known.number <= now.number <= known.number + models.Edit.KEPT:
        return None  # The first: a backup was restored.
    edits = models.Edit._base_manager.using(alias)
    recent = edits.filter(Q(number__gt=known.number) | Q(number=None))
    noted = list(recent.values_list("number", "digests")[: MOST_EDITS + 1])
    numbers = {number for number, _digests in noted}
    found: set[int] = set()
    for _number, digests in noted:
        if digests is None:
            return None
        found.update(digests)
    is_complete = numbers.issuperset(range(known.number + 1, now.number + 1))
    return frozenset(found) if is_complete and len(noted) <= MOST_EDITS else None


# More are not looked into: then all digests are read anew.
MOST_EDITS = 200


def digests(alias: str, after: int | None) -> list[int]:
    """Return the next portion of the digests of the enabled rules, in order; [] at the end.

    after: the last one of the portion before, None for the first
    """
    rows = rules(alias).order_by("digest")
    if after is not None:
        rows = rows.filter(digest__gt=after)
    query = rows.values_list("digest", flat=True)[:PORTION].query
    # A queryset takes half as long again, and these are integers in any database.
    with connections[alias].cursor() as cursor:
        cursor.execute(*query.get_compiler(alias).as_sql())
        return [digest for (digest,) in cursor.fetchall()]


def rules(alias: str) -> models.PermanenceRuleQuerySet:
    """Return the enabled rules of the database `alias`, older ones first."""
    rows = models.PermanenceRule.objects.using(alias).enabled().order_by("pk")
    return cast("models.PermanenceRuleQuerySet", rows)


def are_more(alias: str, count: int) -> bool:
    """Return whether there are more enabled rules than `count`, by the index alone."""
    digests = rules(alias).order_by("digest").values_list("digest", flat=True)
    return bool(digests[count : count + 1])


def read(rows: models.PermanenceRuleQuerySet) -> list[PermanenceRow]:
    """Return `rows` as a snapshot has them."""
    return [rule(row) for row in values(rows, PERMANENCE_FIELDS)]


# What a value raises that can't be read, such as a date that there isn't.
_UNREADABLE = (DataError, OverflowError, TypeError, ValueError)


def values(rows: QuerySet[Any], fields: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return the `fields` of `rows`; a row that can't be read is left out, and logged once."""
    try:
        return list(rows.values_list(*fields))
    except _UNREADABLE:
        # One by one, to find out which of them it is.
        found = []
        for pk in list(rows.values_list("pk", flat=True)):
            row = rows.model._base_manager.using(rows.db).filter(pk=pk)
            try:
                found += row.values_list(*fields)
            except _UNREADABLE as error:
                report_once(f"{rows.model._meta.object_name} {pk}", repr(error))
        return found


def rule(row: tuple[Any, ...]) -> PermanenceRow:
    """Return the rule with the values `row` of `PERMANENCE_FIELDS`."""
    pk, kind, pattern, host, lasting, *rest = row
    # Of these few words there is one object each, not one for every rule.
    words = sys.intern(kind), pattern, sys.intern(host), sys.intern(lasting)
    return PermanenceRow(pk, *words, *rest)


def under(alias: str, digests: list[int], hosts: tuple[str, ...]) -> list[PermanenceRow]:
    """Return the enabled rules that have one of `digests`, and are for one of `hosts`.

    This is what a hit asks, by a statement of its own: for a queryset to make one takes twice as
    long as all the rest, the database included.
    """
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            statement = _statement(alias, len(digests), len(hosts))
            cursor.execute(statement, (True, *digests, *hosts))
            found = [list(row) for row in cursor.fetchall()]
        for place, field in enumerate(_fields() if found else ()):
            column = field.cached_col
            # As a queryset makes of a column's value the field's.
            for convert in (
                *connection.ops.get_db_converters(column),
                *column.get_db_converters(connection),
            ):
                for row in found:
                    row[place] = convert(row[place], column, connection)
    except _UNREADABLE:
        return read(rules(alias).filter(digest__in=digests, host__in=hosts))
    return [rule(tuple(row)) for row in found]


@lru_cache
def _statement(alias: str, digests: int, hosts: int) -> str:
    """Return a SELECT of `PERMANENCE_FIELDS`, for so many digests and hosts."""
    quote = connections[alias].ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in _fields())
    table = quote(models.PermanenceRule._meta.db_table)
    return (
        f"SELECT {columns} FROM {table} WHERE {quote('enabled')} = %s"  # noqa: S608 - names alone
        f" AND {quote('digest')} IN ({_places(digests)})"
        f" AND {quote('host')} IN ({_places(hosts)})"
    )


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


@lru_cache
def _fields() -> tuple[Field[Any, Any], ...]:
    meta = models.PermanenceRule._meta
    return (meta.pk, *map(meta.get_field, PERMANENCE_FIELDS[1:]))  # type: ignore[arg-type]


def below(alias: str, beginning: str) -> Iterator[PermanenceRow]:
    """Yield the enabled rules whose pattern has this `beginning`, reading a page at a time."""
    # Those that aren't enabled too: to leave them out, SQLite would sort all the others for a page.
    rows = models.PermanenceRule.objects.using(alias).order_by("pk")
    if beginning:
        rows = rows.filter(pattern__startswith=beginning)
    last = 0
    while page := values(rows.filter(pk__gt=last)[:PAGE], (*PERMANENCE_FIELDS, "enabled")):
        yield from (rule(row[:-1]) for row in page if row[-1])
        last = page[-1][0]


# More aren't announced; nobody plans to remove so many pages, each by a rule of its own.
MOST_ANNOUNCED = 2000


def announced(alias: str) -> Iterator[AnnouncedRow]:
    """Yield the rules of the database `alias` that are announced, those first that come first."""
    coming = rules(alias).filter(announce=True, valid_from__gt=timezone.now())
    first = coming.order_by("valid_from", "pk")[:MOST_ANNOUNCED]
    return (AnnouncedRow(*row) for row in values(first, ANNOUNCED_FIELDS))


def error_messages(alias: str) -> Iterator[MessageRow]:
    """Yield the messages of the database `alias`."""
    rows = models.ErrorMessage.objects.using(alias).enabled().order_by("pk")
    return (MessageRow(*row) for row in values(rows, MESSAGE_FIELDS))


def hiding_rules(alias: str) -> Iterator[HidingRow]:
    """Yield the hiding rules of the database `alias`."""
    rows = models.HidingRule.objects.using(alias).enabled().order_by("pk")
    return (HidingRow(*row) for row in values(rows, HIDING_FIELDS))
