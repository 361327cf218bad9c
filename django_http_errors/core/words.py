"""What a person is told of a problem beside its title and its explanation.

All words for visitors, here and elsewhere, have the gettext context "http error": Django and the
project may have others for the same English ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.encoding import uri_to_iri
from django.utils.text import format_lazy
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from ..http.urls import bare_host
from ..problems import Action, Permanence, Problem
from .statuses import STATUSES, error_status, lacks_list
from .way_on import CSRF_FAILED, NOWHERE, TRY_AGAIN_AFTER, WayOn, is_long_wait

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Statuses that stay whatever is done. Where another is permanent, it is the request that has to be
# changed, and its explanation says how.
_LASTING = frozenset({410, 501, 505})

# What keeps the order of letters in a value that is from left to right (Unicode, UAX 9).
_ISOLATES = "\u2068\u2069"

# Statuses from which the home page is the way on: no other request for the address would help,
# or nobody knows which, as where a list is missing. Where a form was refused, the way on is back
# to it.
_HOME_FROM = frozenset({400, 401, 402, 403, 404, 405, 410, 451, 500})

# Statuses that pass so soon that waiting is worth it.
_SOON_OVER = frozenset({429, 502, 503, 504})

# More characters of an address make a link of several lines on a phone.
_LONGEST_ADDRESS = 50

# What is said of an address that a rule expects something at.
EXPECTED_LATER = pgettext_lazy(
    "http error", "This is not available at the moment. It is expected to be available later."
)


def go_to(address: str, host: str = "") -> StrOrPromise:
    """Return the label of a link to what replaces an address, which is named by its own.

    One at another site is named by that alone.

    host: the site's own, in lower case
    """
    parts = urlsplit(address)
    if parts.netloc:
        other = bare_host(parts.netloc.rpartition("@")[2])
        own = parts._replace(scheme="", netloc="").geturl() or "/"
        address = own if other == host else other
    address = uri_to_iri(address)
    if len(address) > _LONGEST_ADDRESS:
        address = address[: _LONGEST_ADDRESS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    # Translators: in a language that is written from right to left, put {address} between
    # the characters U+2068 and U+2069, which keep its slashes in their places.
    return format_lazy(pgettext_lazy("http error", "Go to {address}"), address=address)


def actions(problem: Problem, way_on: WayOn = NOWHERE) -> tuple[Action, ...]:
    """Return what a person can do now, the best first: what the problem says, then the rest."""
    ways = []
    if way_on.try_again:
        # In a part of a page, "" leads to that page.
        address = "" if way_on.is_for_part else way_on.try_again
        ways.append(Action(pgettext("http error", "Try again"), address))
    if way_on.sign_in:
        ways.append(Action(pgettext("http error", "Sign in"), way_on.sign_in))
    if way_on.home and _leads_home(problem):
        ways.append(Action(pgettext("http error", "Go to the home page"), way_on.home))
    return (*problem.actions, *ways)


def _leads_home(problem: Problem) -> bool:
    status = problem.status
    if problem.code == CSRF_FAILED:
        return False
    if status in _HOME_FROM or status not in STATUSES or lacks_list(problem):
        return True
    return status in TRY_AGAIN_AFTER and is_long_wait(problem)


def what_happened(problem: Problem, find_way_on: Callable[[], WayOn]) -> str:
    """Return what a page says of what happened: the detail, unless it asks somebody to sign in.

    problem: translated into the active language
    """
    detail = str(problem.detail)
    if problem.status == 403 and detail == str(STATUSES[403].detail) and find_way_on().sign_in:
        return pgettext(
            "http error",
            "You may have to sign in to see this. If you are not allowed to after that, ask the"
            " people who run this site.",
        )
    return detail


def heading(problem: Problem) -> str:
    """Return what stands over a page: the title, but for that of the status a plainer one."""
    status = error_status(problem.status)
    if not status.heading or str(problem.title) != str(status.title):
        return str(problem.title)
    if problem.code == CSRF_FAILED:
        return pgettext("http error", "This form could not be sent")
    if problem.status == 404 and problem.permanence is Permanence.TEMPORARY:
        status = STATUSES[503]
    return str(status.heading)


def labelled(label: str, value: str) -> str:
    """Return a line of text that names a value."""
    return pgettext("http error", "%(label)s: %(value)s") % {"label": label, "value": value}


def colon() -> str:
    """Return what stands between a label and a value: a space goes before it in French."""
    return labelled("", "").strip(_ISOLATES)


def permanence_note(problem: Problem) -> str:
    """Return the sentence that says whether the situation lasts, "" where that helps nobody."""
    if problem.retry_after:
        return _wait(problem.retry_after)
    if problem.permanence is Permanence.TEMPORARY:
        if problem.status in _SOON_OVER:
            return pgettext("http error", "Try again in a little while.")
        if str(problem.detail) == str(EXPECTED_LATER):
            return ""
        return pgettext("http error", "This is temporary.")
    if problem.permanence is Permanence.PERMANENT and problem.status in _LASTING:
        return pgettext("http error", "This is permanent: trying again later will not help.")
    return ""


def _rounded(seconds: int) -> tuple[str, int]:
    """Return `seconds` in the unit that a person would use, rounded up."""
    if seconds < 100:
        return "second", seconds
    if (minutes := math.ceil(seconds / 60)) < 100:
        return "minute", minutes
    if (hours := math.ceil(seconds / 3600)) < 48:
        return "hour", hours
    return "day", math.ceil(seconds / 86400)


def duration(seconds: int) -> str:
    """Return `seconds` as a person says it ("2 minutes"), rounded up."""
    unit, n = _rounded(seconds)
    match unit:
        case "second":
            words = npgettext("http error", "%(n)d second", "%(n)d seconds", n)
        case "minute":
            words = npgettext("http error", "%(n)d minute", "%(n)d minutes", n)
        case "hour":
            words = npgettext("http error", "%(n)d hour", "%(n)d hours", n)
        case _:
            words = npgettext("http error", "%(n)d day", "%(n)d days", n)
    return words % {"n": n}


def _wait(seconds: int) -> str:
    """Return the sentence that says when to try again.

    It isn't made of `duration`, which many languages have in another case there.
    """
    unit, n = _rounded(seconds)
    match unit:
        case "second":
            words = npgettext(
                "http error",
                "You can try again in %(n)d second.",
                "You can try again in %(n)d seconds.",
                n,
            )
        case "minute":
            words = npgettext(
                "http error",
                "You can try again in %(n)d minute.",
                "You can try again in %(n)d minutes.",
                n,
            )
        case "hour":
            words = npgettext(
                "http error",
                "You can try again in %(n)d hour.",
                "You can try again in %(n)d hours.",
                n,
            )
        case _:
            words = npgettext(
                "http error",
                "You can try again in %(n)d day.",
                "You can try again in %(n)d days.",
                n,
            )
    return words % {"n": n}
