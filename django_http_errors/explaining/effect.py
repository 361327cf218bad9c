"""What keeps a rule from doing anything, as far as that can be known without a request."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from django.utils.translation import gettext as _

from ..models import MatchType
from ..rules.rows import PermanenceRow
from ..validators import unasked
from .answering import answering, has_several_sites
from .explanation import is_in_hidden_area, view_answering


def no_effect(rules: str) -> str:
    """Return in words that a rule changes nothing, since `rules` go before it."""
    text = _("This rule has no effect, because another one goes before it: %(rules)s.")
    return text % {"rules": rules}


def obstacles(rule: PermanenceRow) -> Iterator[str]:
    """Yield in words why nobody asks for what `rule` covers, or what answers all of it today.

    Nobody knows what is at one host of several. So what answers is for addresses that nothing but a
    rule for just this one covers, at any host; and what is in a hidden area isn't told.
    """
    if text := unasked(rule.pattern):
        yield text
        return
    path = unquote(rule.pattern)
    if rule.kind != MatchType.EXACT or rule.host or is_in_hidden_area(path):
        return
    if text := view_answering(path):
        yield text
    found = list(answering(path))
    if found and not has_several_sites():
        for what in found:
            yield _("Before any rule, this answers here: %s.") % what
