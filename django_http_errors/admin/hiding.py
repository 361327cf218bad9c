"""The admin of hiding rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import validators
from ..explaining.explanation import is_own_host
from ..hiding import overlaps
from ..http.urls import web_address
from ..models import BaseRule, ErrorMessage, HidingRule, MatchType, PermanenceRule
from ..rules import permanence
from ..rules.snapshot import NOTHING, snapshots
from .answers import beside
from .base import PathRuleAdmin
from .forms import ConfirmedForm, PathRuleForm

Exempt = HidingRule.Exempt

# By kind, and whether every client error is hidden: what looks like a 404.
_HIDDEN = {
    (MatchType.EXACT, False): gettext_lazy(
        "Whatever is forbidden at %(pattern)s looks like what isn't there"
    ),
    (MatchType.PREFIX, False): gettext_lazy(
        "Whatever is forbidden at %(pattern)s and everything below looks like what isn't there"
    ),
    (MatchType.ROUTE, False): gettext_lazy(
        "Whatever is forbidden at all addresses like %(pattern)s looks like what isn't there"
    ),
    (MatchType.EXACT, True): gettext_lazy(
        "Every error from 400 to 499 at %(pattern)s looks like what isn't there"
    ),
    (MatchType.PREFIX, True): gettext_lazy(
        "Every error from 400 to 499 at %(pattern)s and everything below looks like what isn't"
        " there"
    ),
    (MatchType.ROUTE, True): gettext_lazy(
        "Every error from 400 to 499 at all addresses like %(pattern)s looks like what isn't there"
    ),
}

_EXEMPT = {
    Exempt.NOBODY: gettext_lazy("the real error is shown to nobody"),
    Exempt.AUTHENTICATED: gettext_lazy("anyone who has signed in is shown the real error"),
    Exempt.STAFF: gettext_lazy("staff are shown the real error"),
}


def sentence(row: HidingRule) -> str:
    """Return what `row` does, in one sentence or a few."""
    return " ".join(_sentences(row))


def _sentences(row: HidingRule) -> Iterator[str]:
    if not row.enabled:
        yield _("This rule is switched off and hides nothing. When it is switched on:")
    what = str(_HIDDEN[MatchType(row.kind), row.fold_client_errors])
    yield _("%(what)s; %(who)s.") % {
        "what": what % {"pattern": row.pattern},
        "who": _EXEMPT[Exempt(row.exempt)],
    }
    if row.host:
        yield _("Only at %(host)s.") % {"host": row.host}


# What is said of a row that its reader may not see, in the place of what names it.
_UNSEEN = {
    PermanenceRule: gettext_lazy(
        "A rule that you may not see is for a part of this only, and tells that part apart."
    ),
    ErrorMessage: gettext_lazy(
        "A message that you may not see is for a part of this only, and tells that part apart."
    ),
}


def warnings(row: HidingRule, may_view: Callable[[type[BaseRule]], bool]) -> list[str]:
    """Return what may be wrong with `row`, a valid one.

    may_view: returns whether the reader may see the rows of a model
    """
    found = list(_overlaps(row, may_view))
    if row.host and not is_own_host(row.host):
        found.append(
            _("The site does not answer at %(host)s: it is not in ALLOWED_HOSTS.")
            % {"host": row.host}
        )
    return found


def _overlaps(row: HidingRule, may_view: Callable[[type[BaseRule]], bool]) -> Iterator[str]:
    snapshot = snapshots.current()
    rules = replace(snapshot, messages=NOTHING.messages)
    messages = replace(snapshot, rules=NOTHING.rules)
    seen = replace(
        snapshot,
        rules=snapshot.rules if may_view(PermanenceRule) else NOTHING.rules,
        messages=snapshot.messages if may_view(ErrorMessage) else NOTHING.messages,
    )
    yield from map(str, overlaps.warnings(row, seen))
    for model, rows in ((PermanenceRule, rules), (ErrorMessage, messages)):
        if not may_view(model) and any(overlaps.within(row, rows)):
            yield str(_UNSEEN[model])


class HidingRuleForm(ConfirmedForm, PathRuleForm):
    """The fields, and that an editor means it where a rule hides the front or the login page."""


class HidingRuleAdmin(PathRuleAdmin):
    """Hiding rules: for which addresses, what they hide, and from whom."""

    form = HidingRuleForm
    intro = gettext_lazy(
        "What is refused here looks like what isn't there, to all who may not see it. It locks"
        " nothing: who may see what is decided by permissions and logins."
    )
    if_empty = gettext_lazy(
        "Nothing is hidden by address. Hide an area that nobody should know of who may not see it,"
        " and ask a developer first: single things can be hidden better than addresses."
    )
    # Nothing is edited in the list: there is no room there to confirm it.
    list_display = ("address", "kind", "hidden", "exempt", "enabled")
    list_filter = ("enabled", "kind", "exempt", "fold_client_errors")
    search_fields = ("pattern", "host", "note")
    radio_fields = {"kind": admin.VERTICAL, "exempt": admin.VERTICAL}
    fieldsets = (
        (gettext_lazy("Which addresses"), {"fields": ("pattern", "kind", "host")}),
        (
            gettext_lazy("What is hidden, and from whom"),
            {"fields": ("exempt", "fold_client_errors", "enabled")},
        ),
        (gettext_lazy("For editors"), {"fields": ("note",)}),
    )
    widget_attrs = {"pattern": {"placeholder": "/vault/"}, "note": {"rows": "3"}}
    asks = ("language",)

    @admin.display(description=gettext_lazy("hidden"), ordering="fold_client_errors")
    def hidden(self, row: HidingRule) -> str:
        if row.fold_client_errors:
            return _("every error from 400 to 499")
        return _("what is refused (401 and 403)")

    def warnings_of(self, request: HttpRequest, row: HidingRule) -> list[str]:
        return warnings(row, partial(self.may_view, request))

    # The preview

    def preview_of(
        self, request: HttpRequest, row: Any, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        if row.kind == MatchType.ROUTE:
            try:
                validators.route(row.pattern)
            except ValidationError as error:  # Somebody made the row by hand.
                return {"errors": error.messages}
        address = permanence.sample(row) if row.kind == MatchType.ROUTE else row.pattern
        answers = beside(
            web_address(address),
            host=row.host or asked["site_host"],
            language=asked.get("language") or "",
            nonce=asked["nonce"],
        )[1]
        return {
            "summary": sentence(row),
            "warnings": self.warnings_of(request, row),
            "answers": answers,
        }
