"""A permanence rule in words: what it does, what state it is in, and what editors get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import filterfalse, islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from django.db.models import TextChoices
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..explaining.answering import answering, redirected_today
from ..explaining.effect import no_effect
from ..explaining.explanation import (
    handler_of_the_site,
    is_in_hidden_area,
    is_own_host,
    request_for,
)
from ..explaining.routes import routes_below, view_at
from ..http.urls import path_key
from ..models import MatchType, PermanenceRule
from ..rules import permanence
from ..rules.permanence import PermanenceRules
from ..rules.rows import PermanenceRow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Answer = PermanenceRule.Answer

# Of many, this many are named in a warning.
NAMED = 3

# By kind and permanence: what happens, with a place for when.
_SENTENCES = {
    (MatchType.EXACT, Answer.PERMANENT): gettext_lazy(
        "Visitors of %(pattern)s are told %(when)s that it is gone for good (410)."
    ),
    (MatchType.PREFIX, Answer.PERMANENT): gettext_lazy(
        "Visitors of %(pattern)s and everything below are told %(when)s that it is gone for good"
        " (410)."
    ),
    (MatchType.ROUTE, Answer.PERMANENT): gettext_lazy(
        "Visitors of all addresses like %(pattern)s are told %(when)s that they are gone for good"
        " (410)."
    ),
    (MatchType.EXACT, Answer.TEMPORARY): gettext_lazy(
        "Visitors of %(pattern)s are told %(when)s that it is not there yet, or back later (404)."
    ),
    (MatchType.PREFIX, Answer.TEMPORARY): gettext_lazy(
        "Visitors of %(pattern)s and everything below are told %(when)s that it is not there yet,"
        " or back later (404)."
    ),
    (MatchType.ROUTE, Answer.TEMPORARY): gettext_lazy(
        "Visitors of all addresses like %(pattern)s are told %(when)s that they are not there yet,"
        " or back later (404)."
    ),
}

# By whether the rule has a beginning that is still to come, and an end.
_WHEN = {
    (False, False): gettext_lazy("from now on"),
    (True, False): gettext_lazy("from %(begin)s on"),
    (False, True): gettext_lazy("until %(end)s"),
    (True, True): gettext_lazy("from %(begin)s until %(end)s"),
}

_ANSWERS = {
    Answer.PERMANENT: gettext_lazy("gone for good (410)"),
    Answer.TEMPORARY: gettext_lazy("back later (404)"),
}


class State(TextChoices):
    """Whether a rule does anything at present."""

    LIVE = "live", gettext_lazy("in force")
    SHADOWED = "shadowed", gettext_lazy("overridden")
    PENDING = "pending", gettext_lazy("not yet valid")
    EXPIRED = "expired", gettext_lazy("expired")
    DISABLED = "disabled", gettext_lazy("switched off")


def date(moment: datetime) -> str:
    """Return `moment` as the editor writes it, without the time where that is midnight."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    is_midnight = (local.hour, local.minute) == (0, 0)
    return formats.date_format(local, "DATE_FORMAT" if is_midnight else "DATETIME_FORMAT")


def day(moment: datetime) -> str:
    """Return the day of `moment`, for where there is little room."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return formats.date_format(local, "DATE_FORMAT")


def name(rule: PermanenceRow) -> str:
    """Return `rule` as it is called in a sentence."""
    return f"{rule.host}{rule.pattern} ({MatchType(rule.kind).label})"


def names(rules: Iterable[PermanenceRow], *, may_view: bool = True) -> str:
    """Return the first few of `rules` as they are called in a sentence, "" if there are none."""
    found = [name(rule) for rule in islice(rules, NAMED + 1)]
    if found and not may_view:
        return _("a rule that you may not see")
    return ", ".join(found[:NAMED]) + (_(", and others") if len(found) > NAMED else "")


def answer(rule: PermanenceRow, now: datetime) -> str:
    """Return what `rule` answers, in a few words."""
    parts = [str(_ANSWERS[Answer(rule.permanence)])]
    if rule.expected_at is not None:
        parts.append(_("expected %(date)s") % {"date": day(rule.expected_at)})
    if rule.valid_from is not None and now < rule.valid_from:
        parts.append(_("from %(date)s") % {"date": day(rule.valid_from)})
    if rule.valid_until is not None:
        parts.append(_("until %(date)s") % {"date": day(rule.valid_until)})
    return ", ".join(parts)


def sentence(rule: PermanenceRow, now: datetime, *, enabled: bool = True) -> str:
    """Return what `rule` does, in one sentence or a few."""
    return " ".join(map(with_one_stop, _sentences(rule, now, enabled=enabled)))


def with_one_stop(text: str) -> str:
    """Return `text` without a second full stop at its end: "6 p.m." brings one of its own."""
    return text[:-1] if text.endswith("..") else text


def _sentences(rule: PermanenceRow, now: datetime, *, enabled: bool) -> Iterator[str]:
    begin, end = rule.valid_from, rule.valid_until
    if end is not None and end <= now:
        yield _("This rule ended on %(end)s and changes nothing any more.") % {"end": date(end)}
        return
    if not enabled:
        yield _("This rule is switched off and changes nothing. When it is switched on:")
    if begin is not None and begin <= now:
        begin = None
    when = str(_WHEN[begin is not None, end is not None]) % {
        "begin": begin and date(begin),
        "end": end and date(end),
    }
    key = MatchType(rule.kind), Answer(rule.permanence)
    yield str(_SENTENCES[key]) % {"pattern": rule.pattern, "when": when}
    if rule.host:
        yield _("Only at %(host)s.") % {"host": rule.host}
    if rule.expected_at is not None:
        text = (
            _("Visitors are told to wait until %(date)s.")
            if permanence.seconds_to_wait(rule, now)
            else _("Visitors are told no date: %(date)s is past, or more than a year away.")
        )
        yield text % {"date": date(rule.expected_at)}
    if rule.replacement:
        yield _("Visitors are offered %(address)s instead.") % {"address": rule.replacement}


def state(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, *, enabled: bool
) -> tuple[State, PermanenceRow | None]:
    """Return the state of `rule` among `rules`, and the rule that shadows it."""
    if not enabled:
        return State.DISABLED, None
    if rule.valid_until is not None and rule.valid_until <= now:
        return State.EXPIRED, None
    if not rule.is_valid(now):
        return State.PENDING, None
    shadow = next(_going_before(rule, rules, now), None)
    return (State.SHADOWED if shadow else State.LIVE), shadow


def _going_before(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime
) -> Iterator[PermanenceRow]:
    for other, is_before in permanence.covering(rule, rules):
        if is_before and other.is_valid(now):
            yield other


def warnings(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, *, may_view: bool = True
) -> list[str]:
    """Return what may be wrong with `rule`, a valid one, if it is added to `rules`.

    may_view: whether the reader may see rules; who may not is told of none by name, nor what
        answers at an address
    """
    return [text for step in _WARNINGS for text in step(rule, rules, now, may_view)]


def _everything(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if permanence.covers_everything(rule):
        yield everything(rule)


def everything(rule: PermanenceRow) -> str:
    """Return that `rule` is for all that isn't found."""
    if rule.host:
        text = _("This rule is for every address of %(host)s that is not found.")
        return text % {"host": rule.host}
    return _("This rule is for every address of the site that is not found.")


def _without_parameter(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if rule.kind == MatchType.ROUTE and "<" not in rule.pattern:
        yield _("Nothing varies in this pattern: it is for %(address)s alone.") % {
            "address": rule.pattern
        }


def _unknown_host(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if rule.host and not is_own_host(rule.host):
        yield _("The site does not answer at %(host)s: it is not in ALLOWED_HOSTS.") % {
            "host": rule.host
        }


def _answered_today(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if not may_view:
        return
    only_then = _("The rule counts only where that answer is a 404.")
    for path in dict.fromkeys((_own_address(rule), permanence.sample(rule))):
        match = view_at(path)
        if match and not is_in_hidden_area(path):
            text = (
                _("%(address)s has an answer today, from the view %(view)s.")
                if path == rule.pattern
                else _("Addresses that this rule covers have an answer today, from %(view)s.")
            )
            yield f"{text % {'address': path, 'view': match.view_name}} {only_then}"
            return
    if rule.kind == MatchType.PREFIX:
        below = dict.fromkeys(routes_below(rule.pattern))
        routes = list(islice(filterfalse(is_in_hidden_area, below), NAMED + 1))
        if routes:
            more = _(", and others") if len(routes) > NAMED else ""
            text = _("The site has views below %(address)s: %(routes)s.") % {
                "address": rule.pattern,
                "routes": ", ".join(routes[:NAMED]) + more,
            }
            yield f"{text} {only_then}"


def _answered_by_others(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if not may_view:
        return
    if rule.kind != MatchType.ROUTE:
        path = unquote(rule.pattern)
        request = request_for("/", host=rule.host) if rule.host else None
        others = () if is_in_hidden_area(path) else answering(path, request)
        for each in others:
            yield _("%(address)s is answered by %(what)s before any rule is asked.") % {
                "address": rule.pattern,
                "what": each,
            }
        if rule.kind == MatchType.EXACT and (text := redirected_today(path)):
            yield text
    handler = handler_of_the_site(404)
    if handler:
        yield _(
            "The site has a handler of its own for what is not found, %(handler)s. Where that"
            " answers, no rule is asked."
        ) % {"handler": handler}


def _own_address(rule: PermanenceRow) -> str:
    return permanence.sample(rule) if rule.kind == MatchType.ROUTE else rule.pattern


def _covered_already(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    others = [each for each in permanence.covering(rule, rules) if each[0].is_valid(now)]
    before = names((other for other, is_before in others if is_before), may_view=may_view)
    after = names((other for other, is_before in others if not is_before), may_view=may_view)
    if before:
        yield no_effect(before)
    if after:
        yield _("Another rule covers this already, and this one goes before it: %(rules)s.") % {
            "rules": after
        }


def _covers_others(
    rule: PermanenceRow, rules: PermanenceRules, now: datetime, may_view: bool
) -> Iterator[str]:
    if rule.kind == MatchType.EXACT:
        return  # It covers none but its own other spelling, and that one covers it too.
    others = list(islice(permanence.covered(rule, rules), 2 * NAMED))
    shadowed = names((other for other, is_before in others if is_before), may_view=may_view)
    kept = names((other for other, is_before in others if not is_before), may_view=may_view)
    if shadowed:
        yield _("This rule goes before others, which have no effect any more: %(rules)s.") % {
            "rules": shadowed
        }
    if kept:
        yield _("This rule covers addresses of others, which go before it: %(rules)s.") % {
            "rules": kept
        }


_Step = Callable[[PermanenceRow, PermanenceRules, datetime, bool], Iterator[str]]
_WARNINGS: tuple[_Step, ...] = (
    _everything,
    _without_parameter,
    _unknown_host,
    _answered_today,
    _answered_by_others,
    _covered_already,
    _covers_others,
)


# Why of two rules that cover an address the first goes before the second; the first that holds.
_PRECEDENCE: tuple[tuple[Callable[[PermanenceRow, PermanenceRow], bool], StrOrPromise], ...] = (
    (
        lambda first, second: first.kind == MatchType.EXACT != second.kind,
        gettext_lazy("a rule for just this address goes first"),
    ),
    (
        lambda first, second: first.kind == MatchType.PREFIX != second.kind,
        gettext_lazy("one for everything below goes before a pattern"),
    ),
    (
        lambda first, second: (
            first.kind == MatchType.PREFIX and path_key(first.pattern) != path_key(second.pattern)
        ),
        gettext_lazy("the one that is more exact goes first"),
    ),
    (
        lambda first, second: first.host != second.host,
        gettext_lazy("a rule for this host goes before one for any host"),
    ),
    (lambda first, second: True, gettext_lazy("an older rule goes first")),
)


def why_not(rule: PermanenceRow, winner: PermanenceRow | None, now: datetime) -> str:
    """Return why `rule`, which covers an address, doesn't decide there."""
    if rule.valid_until is not None and rule.valid_until <= now:
        return _("ended on %(date)s") % {"date": date(rule.valid_until)}
    if rule.valid_from is not None and now < rule.valid_from:
        return _("not valid before %(date)s") % {"date": date(rule.valid_from)}
    if winner is None:
        return _("rules are asked for a 404 only")
    return str(next(text for holds, text in _PRECEDENCE if holds(winner, rule)))
