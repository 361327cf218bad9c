"""What keeps a rule from doing anything, as far as that can be known without a request."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from django.urls import ResolverMatch
from django.utils.translation import gettext as _

from ..hiding.policies import POLICY
from ..http.urls import path_key
from ..models import MatchType
from ..rules.rows import PermanenceRow
from .answering import answering, has_several_sites
from .explanation import is_in_hidden_area
from .routes import view_at


def obstacles(rule: PermanenceRow) -> Iterator[str]:
    """Yield in words what answers today, before `rule` is asked, all that it covers.

    Of a view with parameters nobody knows for which of their values it is a 404, nor of one that
    hides, nor what is at one host of several. So it is for addresses that nothing but a rule for
    just this one covers, at any host; and what is in a hidden area isn't told.
    """
    path = unquote(rule.pattern)
    if rule.kind != MatchType.EXACT or rule.host or is_in_hidden_area(path):
        return
    match = view_at(path)
    if match and _is_for_one_address(match, path) and not hasattr(match.func, POLICY):
        yield (
            _("The view %s answers here today: the rule counts only where that is a 404.")
            % match.view_name
        )
    found = list(answering(path))
    if found and not has_several_sites():
        for what in found:
            yield _("Before any rule, this answers here: %s.") % what


def _is_for_one_address(match: ResolverMatch, path: str) -> bool:
    if match.args or getattr(match, "captured_kwargs", None):
        return False
    below = view_at(f"{path_key(path)}/~a/")
    return below is None or below.route != match.route
