"""How often permanence rules are needed: counted as what visitors don't find is."""

from __future__ import annotations

from ..models import PermanenceRule
from .counting import Count, Counter, add, batches, locked


class RuleHits(Counter[int]):
    """How often rules decided an answer, and when the last time, by their primary keys."""

    name = "hits"
    model = PermanenceRule
    failure = "How often rules are needed could not be written"

    def save(self, alias: str, counts: dict[int, Count]) -> None:
        """Add `counts`, and put back those of rules that somebody is about to change."""
        # By the base manager: that a rule was needed is no edit, and no process has to hear of it.
        rules = PermanenceRule._base_manager.using(alias)
        for some in batches(sorted(counts.items(), key=lambda item: item[0])):
            with locked(rules.filter(pk__in=[pk for pk, _each in some])) as (free, others):
                busy = others.values_list("pk", flat=True)
                self.put_back({pk: counts[pk] for pk in busy})
                add(free, dict(some), "last_hit")


hits = RuleHits()
