"""What keeps a rule from doing anything, as far as that can be known without a request."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from django.urls import ResolverMatch
from django.utils.translation import gettext as _

from ..hiding.policies import POLICY
from ..http.urls import path_key
from ..models import MatchType
from ..rules.permanence import literal, sample
from ..rules.rows import PermanenceRow
from .answering import answering
from .explanation import handler_of_the_site
from .routes import routes_below, view_at


def obstacles(rule: PermanenceRow) -> Iterator[str]:
    """Yield in words what answers today, before `rule` is asked, all that it covers.

    Of a view with parameters nobody knows for which of their values it is a 404, nor of one that
    hides. So it is for addresses that nothing but a rule for just this one covers.
    """
    match = view_at(sample(rule))
    if rule.kind == MatchType.EXACT:
        path = unquote(rule.pattern)
        if match and _is_for_one_address(match, path) and not hasattr(match.func, POLICY):
            yield (
                _("The view %s answers here today: the rule counts only where that is a 404.")
                % match.view_name
            )
        for what in answering(path):
            yield _("Before any rule, this answers here: %s.") % what
    elif any(True for _route in routes_below(literal(rule.pattern))):
        return  # A view there may answer 404 by itself, for which no handler is asked.
    handler = "" if match else handler_of_the_site(404)
    if handler:
        yield _(
            "The site has a handler of its own for what is not found, %(handler)s. Where that"
            " answers, no rule is asked."
        ) % {"handler": handler}


def _is_for_one_address(match: ResolverMatch, path: str) -> bool:
    if match.args or getattr(match, "captured_kwargs", None):
        return False
    below = view_at(f"{path_key(path)}/~a/")
    return below is None or below.route != match.route
