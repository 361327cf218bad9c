"""What `snapshot` asks the database, and in which portions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django.db import DataError
from django.db.models import QuerySet

from .. import models
from .matching import report_once
from .rows import (
    HIDING_FIELDS,
    MESSAGE_FIELDS,
    PERMANENCE_FIELDS,
    HidingRow,
    MessageRow,
    PermanenceRow,
)

# A page is read in a millisecond or two, and holds up nobody who answers or wants to write.
PAGE = 200

# Puts a question to the rules that are enabled; the answer is None where that can't be done.
Ask = Callable[[Callable[[models.PermanenceRuleQuerySet], list[Any]]], list[Any] | None]


def rules(alias: str) -> models.PermanenceRuleQuerySet:
    """Return the enabled rules of the database `alias`, older ones first."""
    rows = models.PermanenceRule.objects.using(alias).enabled().order_by("pk")
    return cast("models.PermanenceRuleQuerySet", rows)


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


def changed(alias: str, since: int, most: int) -> list[tuple[str, str]]:
    """Return kind and pattern of the rules that edits after the generation `since` wrote.

    most: no more than these are returned, and one that says that there are more
    """
    # Naming the kinds lets the database go by its index of kind and generation.
    rows = rules(alias).filter(kind__in=models.MatchType.values, generation__gt=since).order_by()
    return list(rows.values_list("kind", "pattern")[: most + 1])


def pages(ask: Ask, fields: Iterable[str], **condition: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the `fields` of the rules that meet `condition`, a page at a time.

    fields: the first of them is the primary key
    """

    def after(last: int) -> list[tuple[Any, ...]] | None:
        wanted = {"pk__gt": last, **condition}
        return ask(lambda rows: values(rows.filter(**wanted)[:PAGE], fields))

    last = 0
    while page := after(last):
        yield page
        last = page[-1][0]


def error_messages(alias: str) -> Iterator[MessageRow]:
    """Yield the messages of the database `alias`."""
    rows = models.ErrorMessage.objects.using(alias).enabled().order_by("pk")
    return (MessageRow(*row) for row in values(rows, MESSAGE_FIELDS))


def hiding_rules(alias: str) -> Iterator[HidingRow]:
    """Yield the hiding rules of the database `alias`."""
    rows = models.HidingRule.objects.using(alias).enabled().order_by("pk")
    return (HidingRow(*row) for row in values(rows, HIDING_FIELDS))
