"""What a person is told of a problem beside its title and its explanation.

All words for visitors, here and elsewhere, have the gettext context "http error": Django and the
project may have others for the same English ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from ..problems import Permanence, Problem
from .statuses import error_status

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Statuses that stay whatever is done. Where another is permanent, it is the request that has to be
# changed, and its explanation says how.
_LASTING = frozenset({410, 501, 505})

# What leads on.
HOME = pgettext_lazy("http error", "Go to the home page")
SIGN_IN = pgettext_lazy("http error", "Sign in")
TRY_AGAIN = pgettext_lazy("http error", "Try again")


def go_to(address: str) -> StrOrPromise:
    """Return the label of a link to what replaces an address, which is named by its own."""
    # Translators: in a language that is written from right to left, put {address} between
    # the characters U+2068 and U+2069, which keep its slashes in their places.
    return format_lazy(pgettext_lazy("http error", "Go to {address}"), address=address)


def heading(problem: Problem) -> str:
    """Return what stands over a page: the title, but for that of the status a plainer one."""
    status = error_status(problem.status)
    if status.heading and str(problem.title) == str(status.title):
        return str(status.heading)
    return str(problem.title)


def permanence_note(problem: Problem) -> str:
    """Return the sentence that says whether the situation lasts, "" where that helps nobody."""
    if problem.retry_after:
        return _wait(problem.retry_after)
    if problem.permanence is Permanence.TEMPORARY:
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
                "http error", "Try again in %(n)d second.", "Try again in %(n)d seconds.", n
            )
        case "minute":
            words = npgettext(
                "http error", "Try again in %(n)d minute.", "Try again in %(n)d minutes.", n
            )
        case "hour":
            words = npgettext(
                "http error", "Try again in %(n)d hour.", "Try again in %(n)d hours.", n
            )
        case _:
            words = npgettext(
                "http error", "Try again in %(n)d day.", "Try again in %(n)d days.", n
            )
    return words % {"n": n}
