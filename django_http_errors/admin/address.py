"""Try an address: what becomes of an error there, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..explaining.explanation import (
    Considered,
    Explanation,
    explain,
    is_in_hidden_area,
    is_own_host,
    request_for,
)
from ..http.csp import csp_nonce
from ..http.urls import bare_host
from ..models import ErrorMessage, HidingRule, PermanenceRule
from ..rules.messages import contributions
from ..rules.rows import PermanenceRow
from ..rules.snapshot import NOTHING, snapshots
from . import advice, hiding, missing_pages
from .answers import Answer
from .forms import TryForm, media_types

if TYPE_CHECKING:
    from .base import BaseRuleAdmin

# What a message can give, as an editor calls it.
GIVEN = {
    "title": gettext_lazy("title"),
    "detail": gettext_lazy("detail"),
    "permanence": gettext_lazy("does it last?"),
    "actions": gettext_lazy("link"),
}

# Anyone who may see one of these may ask, and is shown those.
SEEN = (PermanenceRule, ErrorMessage, HidingRule)

# What a link to the page may leave out.
NOT_SAID = {"status": "404", "method": "GET"}
# What only programs say.
FOR_PROGRAMS = ("method", "accept")


def try_address(rule_admin: BaseRuleAdmin, request: HttpRequest) -> HttpResponse:
    """Show what becomes of an error at an address; for those who may see some of the rows."""
    seen = {model: rule_admin.may_view(request, model) for model in SEEN}
    if not any(seen.values()):
        raise PermissionDenied
    asking = TryForm({**NOT_SAID, **request.GET.dict()} if request.GET else None)
    # The names of views and handlers, other hosts, and what leads elsewhere.
    may_see_site = seen[PermanenceRule] or seen[HidingRule]
    context: dict[str, Any] = {}
    if asking.is_valid():
        asked = asking.cleaned_data
        host = asked["host"] or bare_host(request.get_host())
        address, snapshot = asked["address"] or "/", snapshots.current()
        is_secret = False
        if not seen[HidingRule]:
            # Who may not see hidden areas gets what there is where nothing is: another answer would
            # tell of one.
            is_secret = is_in_hidden_area(request_for(address).path_info)
            snapshot = replace(snapshot, hiding=NOTHING.hiding)
        explanation = explain(
            address,
            status=int(asked["status"]),
            method=asked["method"],
            accept=asked["accept"],
            language=asked["language"],
            host=host,
            nonce=csp_nonce(request),
            snapshot=snapshot,
            as_if_missing=is_secret,
        )
        context = {
            "explanation": explanation,
            "answer": Answer.of(explanation.response),
            "is_answered_otherwise": (
                explanation.match
                or explanation.answered_by
                or explanation.handler
                or explanation.may_set_urlconf
            ),
            "other_host": "" if is_own_host(host) else host,
            "rules": seen[PermanenceRule] and _rules(rule_admin, explanation),
            "words": seen[ErrorMessage] and _words(rule_admin, explanation),
            "hidden_by": seen[HidingRule] and _hidden_by(rule_admin, explanation),
            "offers": list(_offers(rule_admin, request, explanation, asked)),
        }
    return rule_admin.page(
        request,
        "try_address",
        title=_("Try an address"),
        asking=asking,
        media_types=media_types(),
        for_programs=FOR_PROGRAMS,
        asks_as_program=any(
            asking[name].value() not in ("", None, NOT_SAID.get(name)) for name in FOR_PROGRAMS
        ),
        may_see_rules=seen[PermanenceRule],
        may_see_messages=seen[ErrorMessage],
        may_see_site=may_see_site,
        **context,
    )


def _offers(
    rule_admin: BaseRuleAdmin, request: HttpRequest, explanation: Explanation, asked: Any
) -> Iterator[tuple[str, str]]:
    """Yield the forms that are filled in for the address, and what each says, for who may add."""
    path = explanation.request.path_info
    for model, values, label in missing_pages.offers(path, asked["host"]):
        if asked["status"] != "404" and model is not ErrorMessage:
            continue
        if model is ErrorMessage:
            values["status"] = str(explanation.problem.status)
        if url := rule_admin.add_url(request, model, values):
            yield url, label


def _rules(rule_admin: BaseRuleAdmin, explanation: Explanation) -> list[dict[str, Any]]:
    """Return the rules that were considered, in their order, and what became of each."""
    now = timezone.now()
    winner = next((each.rule for each in explanation.rules if each.decides), None)
    return [
        {
            "name": advice.name(each.rule),
            "url": rule_admin.url_of(PermanenceRule, each.rule.pk),
            "answer": advice.answer(each.rule, now),
            "decides": each.decides,
            "outcome": _outcome(each, winner, now, explanation),
        }
        for each in explanation.rules
    ]


def _outcome(
    each: Considered, winner: PermanenceRow | None, now: datetime, explanation: Explanation
) -> str:
    if each.decides:
        return _("decides")
    if each.in_force and winner is None and explanation.answered_by:
        return _("the redirect goes before it")
    return advice.why_not(each.rule, winner, now)


def _hidden_by(rule_admin: BaseRuleAdmin, explanation: Explanation) -> dict[str, Any]:
    """Return the hiding rule that covers the address, {} if none does."""
    pk = explanation.hidden_by
    row = None if pk is None else HidingRule.objects.filter(pk=pk).first()
    if row is None:
        return {}
    url = rule_admin.url_of(HidingRule, row.pk)
    return {"name": row, "url": url, "sentence": hiding.sentence(row)}


def _words(rule_admin: BaseRuleAdmin, explanation: Explanation) -> list[dict[str, Any]]:
    """Return the messages for the error, in their order, and what each gave."""
    rows = ErrorMessage.objects.in_bulk([each.pk for each in explanation.messages])
    return [
        {
            "name": rows.get(message.pk, message.pk),
            "url": rule_admin.url_of(ErrorMessage, message.pk),
            "given": [GIVEN[member] for member in given],
        }
        for message, given in contributions(explanation.messages)
    ]
