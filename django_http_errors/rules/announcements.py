"""What live answers say of a rule that isn't valid yet: that what is there will go."""

from __future__ import annotations

from datetime import datetime

from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import http_date

from ..http.urls import web_address
from .matching import Index
from .rows import AnnouncedRow

HEADERS = ("Sunset", "Deprecation")


def announced(
    rules: Index[AnnouncedRow], path: str, host: str, now: datetime
) -> AnnouncedRow | None:
    """Return the rule that will be valid first of those for the decoded `path` at `host`."""
    coming = [rule for rule in rules.covering(path, host) if rule.valid_from > now]
    return min(coming, key=lambda rule: rule.valid_from, default=None)


def announce(response: HttpResponseBase, rule: AnnouncedRow) -> None:
    """Set Sunset (RFC 8594), Deprecation (RFC 9745) and Link on `response`, for `rule`.

    What the view has set of the first two stays.
    """
    response.headers.setdefault("Sunset", http_date(_seconds(rule.valid_from)))
    # What is announced is deprecated since it is. RFC 9745, section 4: not later than the sunset.
    if rule.created_at <= rule.valid_from:
        response.headers.setdefault("Deprecation", f"@{_seconds(rule.created_at)}")
    address = web_address(rule.replacement)
    if address:
        links = (response.headers.get("Link"), f'<{address}>; rel="successor-version"')
        response.headers["Link"] = ", ".join(filter(None, links))


def _seconds(moment: datetime) -> int:
    return int((timezone.make_aware(moment) if timezone.is_naive(moment) else moment).timestamp())
