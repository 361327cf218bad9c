"""What visitors don't find: one row for each address, and nothing that is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from fnmatch import translate
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connections
from django.db.models import Case, QuerySet, Value, When
from django.db.models import Count as CountOf
from django.http import HttpRequest
from django.http.request import validate_host
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils import timezone
from django.utils.translation import get_language_from_path, override

from ..conf import http_errors
from ..hiding.policies import POLICY
from ..models import MissingPage
from ..rules.snapshot import UNREAD, HidingRules, snapshots
from .counting import Count, Counter, batches, moment
from .request_info import RequestInfo

# Rows in the database, without those that editors ignore, of which there may be as many again.
# Of more, first those go that nobody has asked for in so long, then the rarest and oldest. The
# newest stay at first: a page that comes into a full list has to be counted before it is rare.
MOST_KEPT = 10_000
NEWEST_KEPT = 1_000
UNSEEN_FOR = timedelta(days=90)
LONGEST = 500
LONGEST_HOST = 253

# What scanners look for at every site, each kind counted as one.
NOISE = (
    "*.php*",
    "*/.env*",
    "*/.git/*",
    "*/.aws/*",
    "*/.well-known/*",
    "*/wp-admin/*",
    "*/wp-content/*",
    "*/wp-includes/*",
    "*/cgi-bin/*",
    "*/vendor/*",
    "*.asp",
    "*.aspx",
    "*.jsp",
    "*.sql",
    "*.zip",
    "*.tar.gz",
    "*.bak",
)

# Its host and its path.
Place = tuple[str, str]


class MissingPages(Counter[Place]):
    """How often pages were asked for that aren't there, by host and path."""

    name = "counter"
    model = MissingPage
    failure = "What visitors didn't find could not be written"

    def count(self, response: HttpResponseBase, request: HttpRequest, schema: str = "") -> None:
        """Count that nothing was found for `request`, which `response` tells."""
        path = request.path_info
        # Whether it is one of the site's is seen when it is written: that takes longer than all
        # the rest of this.
        host = request.META.get("HTTP_HOST")
        if host is None or http_errors.has_forwarded_hosts:
            host = request._get_raw_host()  # type: ignore[attr-defined]
        # An asterisk is for the patterns of editors, and no visitor may add one.
        if len(host) > LONGEST_HOST or len(path) > LONGEST or "*" in path:
            return
        referrer = request.META.get("HTTP_REFERER", "")
        if referrer:
            referrer = referrer[:LONGEST]
            page = _page(referrer) if getattr(request, "urlconf", None) else None
            if page and _is_own(page[1]):
                referrer = ""  # By another URLconf than the request's, nobody knows what is hidden.
        self.add(response, (host, path), schema, referrer)

    def save(self, alias: str, counts: dict[Place, Count]) -> None:
        snapshot = snapshots.current(from_memory=True)
        if snapshot is UNREAD:
            return  # What must not be listed isn't known.
        own = MissingPage.objects.using(alias).filter(path__contains="*")
        patterns = [*own.values_list("host", "path"), *(("", each) for each in NOISE)]
        # In one order everywhere, so that no two processes wait for each other's rows.
        for some in batches(_folded(counts, patterns, snapshot.hiding)):
            _add(alias, some)
        _drop_rarest(alias)


def _folded(
    counts: dict[Place, Count], patterns: Iterable[Place], hiding: HidingRules
) -> list[tuple[Place, Count]]:
    """Return what is to be written, in order: valid, nothing hidden, noise by its pattern.

    patterns: each with the host that it is for, "" for all; of those that match, the first counts
    """
    matchers = [(each, _matcher(each[1])) for each in dict.fromkeys(patterns)]
    hosts = {raw: _site_host(raw) for raw, _path in counts}
    found: dict[Place, Count] = {}
    for (raw, path), counted in counts.items():
        host = hosts[raw]
        if not host or not path.isprintable() or hiding.may_cover(path):
            continue
        count = counted._replace(referrer=shown_referrer(counted.referrer, hiding))
        place = next(
            (each for each, matches in matchers if each[0] in ("", host) and matches(path)),
            (host, path),
        )
        found[place] = found[place].with_(count) if place in found else count
    return sorted(found.items(), key=lambda item: item[0])


def _site_host(raw: str) -> str:
    """Return the host of a request as it is listed, "" if it isn't one of the site's.

    raw: as Django takes it from the header that the site trusts
    """
    request = HttpRequest()
    request.META = {"HTTP_HOST": raw}
    return RequestInfo("").host(request)


def _matcher(pattern: str) -> Callable[[str], Any]:
    # Many asterisks take no longer in its expressions. Of its signs, they alone are one here.
    return re.compile(translate(re.sub(r"[?[]", r"[\g<0>]", pattern))).match


def shown_referrer(referrer: str, hiding: HidingRules) -> str:
    """Return `referrer` without its query string, "" if it is no page that may be listed."""
    page = _page(referrer)
    if page is None:
        return ""
    scheme, host, path = page
    if _is_own(host) and _may_be_hidden(path, hiding):
        return ""
    return f"{scheme}://{host}{path}"[:LONGEST]


def _page(referrer: str) -> tuple[str, str, str] | None:
    """Return the scheme, the host and the path of `referrer`, None if it is no page."""
    try:
        parts = urlsplit(referrer)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or not referrer.isprintable():
        return None
    return parts.scheme, host, parts.path or "/"


def _is_own(host: str) -> bool:
    return validate_host(host, settings.ALLOWED_HOSTS)


def _may_be_hidden(path: str, hiding: HidingRules) -> bool:
    """Return whether a page of the site is in a hiding scope, or of no view that is known.

    path: as it stands in an address; rules and URLconfs have it decoded, and without the prefix
    """
    path = "/" + unquote(path).removeprefix(get_script_prefix()).removeprefix("/")
    if hiding.may_cover(path):
        return True
    try:
        with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
            return hasattr(resolve(path).func, POLICY)
    except Resolver404:
        return True


_ON_CONFLICT = """
    ON CONFLICT (host, path) DO UPDATE SET
    hits = {table}.hits + excluded.hits, last_seen = excluded.last_seen,
    referrer = CASE excluded.referrer WHEN '' THEN {table}.referrer ELSE excluded.referrer END
"""
_ON_DUPLICATE_KEY = """
    ON DUPLICATE KEY UPDATE
    referrer = CASE VALUES(referrer) WHEN '' THEN referrer ELSE VALUES(referrer) END,
    hits = hits + VALUES(hits), last_seen = VALUES(last_seen)
"""


def _add(alias: str, rows: Sequence[tuple[Place, Count]]) -> None:
    """Add the counts of `rows` to those in the database, in one statement.

    By hand, since Django's `bulk_create` writes over what is there, and can't add to it.
    """
    connection = connections[alias]
    table = connection.ops.quote_name(MissingPage._meta.db_table)
    adapt = connection.ops.adapt_datetimefield_value
    values: list[Any] = []
    for (host, path), count in rows:
        times = adapt(moment(count.first)), adapt(moment(count.last))
        values += [host, path, count.hits, *times, count.referrer, False]
    places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(rows))
    conflict = _ON_DUPLICATE_KEY if connection.vendor == "mysql" else _ON_CONFLICT
    statement = (
        f"INSERT INTO {table} (host, path, hits, first_seen, last_seen, referrer, ignored)"  # noqa: S608
        f" VALUES {places} {conflict.format(table=table)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _drop_rarest(alias: str) -> None:
    # The patterns of editors stay, and fill no place of another's.
    rows = MissingPage.objects.using(alias).exclude(path__contains="*")
    counts = rows.order_by().values_list("ignored").annotate(CountOf("pk"))
    for ignored, number in counts:
        if number > MOST_KEPT:
            rarest = _rarest(rows.filter(ignored=ignored), number - MOST_KEPT)
            for keys in batches(rarest):
                rows.filter(pk__in=keys).delete()


def _rarest(rows: QuerySet[MissingPage], count: int) -> list[int]:
    """Return the keys of so many of `rows`, of which there are more, in the order they go."""
    times = rows.order_by("-last_seen").values_list("last_seen", flat=True)
    older = times[NEWEST_KEPT:].first()
    if older is None:  # Somebody has cleared the list meanwhile.
        return []
    turn = Case(
        When(last_seen__gt=older, then=Value(2)),
        When(last_seen__gt=timezone.now() - UNSEEN_FOR, then=Value(1)),
        default=Value(0),
    )
    return list(rows.order_by(turn, "hits", "last_seen").values_list("pk", flat=True)[:count])


counter = MissingPages()
