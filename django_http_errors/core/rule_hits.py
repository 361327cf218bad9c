"""How often permanence rules are needed: counted as what visitors don't find is."""

from __future__ import annotations

from contextlib import nullcontext

from django.db import connections, transaction
from django.db.models import Case, DateTimeField, F, PositiveBigIntegerField, Value, When

from ..models import PermanenceRule
from .counting import Count, Counter, batches, moment


class RuleHits(Counter[int]):
    """How often rules decided an answer, and when the last time, by their primary keys."""

    name = "hits"
    model = PermanenceRule
    failure = "How often rules are needed could not be written"

    def save(self, alias: str, counts: dict[int, Count]) -> None:
        """Add `counts`, and put back those of rules that somebody is about to change.

        To wait for them would stall the process for as long as an import takes, and could end it:
        the import may come to rows that this has locked. It may be another process that counts.
        """
        # By the base manager: that a rule was needed is no edit, and no process has to hear of it.
        rules = PermanenceRule._base_manager.using(alias)
        can_skip = connections[alias].features.has_select_for_update_skip_locked
        for some in batches(sorted(counts.items(), key=lambda item: item[0])):
            rows = rules.filter(pk__in=[pk for pk, _each in some])
            hits = [When(pk=pk, then=Value(each.hits)) for pk, each in some]
            last = [When(pk=pk, then=_time(each.last)) for pk, each in some]
            with transaction.atomic(using=alias) if can_skip else nullcontext():
                if can_skip:
                    free = rows.select_for_update(skip_locked=True)
                    keys = set(free.values_list("pk", flat=True))
                    if len(keys) < len(some):
                        # The others are deleted, or locked.
                        there = rows.exclude(pk__in=keys).values_list("pk", flat=True)
                        self.put_back({pk: counts[pk] for pk in there})
                    rows = rules.filter(pk__in=keys)
                rows.update(
                    hits=F("hits") + Case(*hits, default=0, output_field=PositiveBigIntegerField()),
                    last_hit=Case(*last, default=F("last_hit"), output_field=DateTimeField()),
                )


def _time(seconds: float) -> Value:
    return Value(moment(seconds), DateTimeField())


hits = RuleHits()
