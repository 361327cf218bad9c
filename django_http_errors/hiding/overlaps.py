"""What stands in the way of hiding: rules and messages for a part of what a scope covers.

They are decided by the address alone, so that an address that only the hidden has, and a rule or
a message of its own, can be told from its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .. import validators
from ..http.urls import path_key
from ..models import MatchType
from ..rules.permanence import literal
from ..rules.rows import MessageRow, PermanenceRow
from ..rules.snapshot import Snapshot
from .policies import POLICY

Place = tuple[str, str]

# An editor reads no more than that.
MOST_NAMED = 50


def place_of(row: PermanenceRow | MessageRow) -> Place:
    """Return the host of a rule or a message, and the longest path that covers all it is for."""
    if isinstance(row, MessageRow):
        return row.host, row.path_prefix
    if row.kind == MatchType.ROUTE:
        # The part before the first parameter, up to its last slash.
        return row.host, row.pattern.partition("<")[0].rpartition("/")[0]
    return row.host, row.pattern


def within(rule: Any, snapshot: Snapshot) -> Iterator[PermanenceRow | MessageRow]:
    """Yield the rules and messages that are for a part of what the hiding `rule` covers.

    rule: a `HidingRule`, or one as the snapshot has it
    """
    rules = snapshot.rules.below(literal(rule.pattern))
    rows: Iterator[PermanenceRow | MessageRow] = chain(rules, snapshot.messages)
    for row in rows:
        host, path = place_of(row)
        if rule.host and host not in ("", rule.host):
            continue
        narrower = path_key(path) != path_key(rule.pattern) or (host and not rule.host)
        if path and narrower and validators.covers(rule.kind, rule.pattern, path):
            yield row


def within_views(snapshot: Snapshot) -> Iterator[PermanenceRow | MessageRow]:
    """Yield the rules and messages for single addresses of views under `hide_forbidden`."""
    rows: Iterator[PermanenceRow | MessageRow] = chain(snapshot.rules, snapshot.messages)
    for row in rows:
        path = place_of(row)[1]
        if _is_route(row) or not path:
            continue
        if any(_is_hiding_view(each) for each in (path, f"{path_key(path)}/")):
            yield row


def _is_route(row: PermanenceRow | MessageRow) -> bool:
    return isinstance(row, PermanenceRow) and row.kind == MatchType.ROUTE


def _is_hiding_view(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    # An address without a parameter is all that its scope has: nothing in it is narrower.
    return hasattr(match.func, POLICY) and bool(match.args or match.kwargs)


def admin_page() -> str:
    """Return the path of Django's admin, "" if it isn't routed."""
    try:
        return reverse("admin:index")
    except NoReverseMatch:
        return ""


def warnings(rule: Any, snapshot: Snapshot) -> list[Promise]:
    """Return what somebody should know who is about to save the `HidingRule` `rule`.

    snapshot: the messages and rules of the site
    """
    found: list[Promise] = []
    if rule.kind != MatchType.PREFIX:
        found.append(
            _(
                "This covers few other spellings of its addresses, and a view may answer at more of"
                " them. Only a rule for an address and everything below it covers every spelling."
            )
        )
    admin = admin_page()
    if admin and validators.covers(rule.kind, rule.pattern, admin):
        found.append(
            format_lazy(
                _(
                    "This covers the admin, {admin}: who is not signed in is no longer sent"
                    " from there to the login page, and signs in at {login}."
                ),
                admin=admin,
                login=f"{admin}login/",
            )
        )
    for row in islice(within(rule, snapshot), MOST_NAMED):
        words = (
            _("The message for {place} is for a part of this only, and tells that part apart.")
            if isinstance(row, MessageRow)
            else _("The rule for {place} is for a part of this only, and tells that part apart.")
        )
        own = row.path_prefix if isinstance(row, MessageRow) else row.pattern
        found.append(format_lazy(words, place=f"{row.host}{own}"))
    return found
