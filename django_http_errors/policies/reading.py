"""What `store` asks the database, and in which portions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from .. import models
from . import hiding, messages, permanence

CHUNK = 5000

# A page is read in a millisecond or two, and holds up nobody who answers or wants to write.
PAGE = 200

# Puts a question to the rules that are enabled; the answer is None where that can't be done.
Ask = Callable[[Callable[[models.PermanenceRuleQuerySet], list[Any]]], list[Any] | None]


def rules(alias: str) -> models.PermanenceRuleQuerySet:
    """Return the enabled rules of the database `alias`, older ones first."""
    rows = models.PermanenceRule.objects.using(alias).enabled().order_by("pk")
    return cast("models.PermanenceRuleQuerySet", rows)


def read(rows: models.PermanenceRuleQuerySet) -> list[permanence.Rule]:
    """Return `rows` as a snapshot has them."""
    return [rule(row) for row in rows.values_list(*permanence.FIELDS)]


def rule(row: tuple[Any, ...]) -> permanence.Rule:
    """Return the rule with the values `row` of `permanence.FIELDS`."""
    pk, kind, pattern, host, lasting, *rest = row
    # Of these few words there is one object each, not one for every rule.
    words = sys.intern(kind), pattern, sys.intern(host), sys.intern(lasting)
    return permanence.Rule(pk, *words, *rest)


def changed(alias: str, since: int, most: int) -> list[tuple[str, str]]:
    """Return kind and pattern of the rules that edits after the generation `since` wrote.

    most: no more than these are returned, and one that says that there are more
    """
    # Naming the kinds lets the database go by its index of kind and generation.
    rows = rules(alias).filter(kind__in=models.Kind.values, generation__gt=since).order_by()
    return list(rows.values_list("kind", "pattern")[: most + 1])


def pages(ask: Ask, fields: Iterable[str], **condition: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the `fields` of the rules that meet `condition`, a page at a time.

    fields: the first of them is the primary key
    """

    def after(last: int) -> list[tuple[Any, ...]] | None:
        wanted = {"pk__gt": last, **condition}
        return ask(lambda rows: list(rows.filter(**wanted).values_list(*fields)[:PAGE]))

    last = 0
    while page := after(last):
        yield page
        last = page[-1][0]


def error_messages(alias: str) -> Iterator[messages.Message]:
    """Yield the messages of the database `alias`."""
    rows = models.ErrorMessage.objects.using(alias).enabled().order_by("pk")
    for row in rows.values_list(*messages.FIELDS).iterator(chunk_size=CHUNK):
        yield messages.Message(*row)


def hiding_rules(alias: str) -> Iterator[hiding.Rule]:
    """Yield the hiding rules of the database `alias`."""
    rows = models.HidingRule.objects.using(alias).enabled().order_by("pk")
    for row in rows.values_list(*hiding.FIELDS).iterator(chunk_size=CHUNK):
        yield hiding.Rule(*row)
