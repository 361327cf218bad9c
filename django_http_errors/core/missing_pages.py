"""What visitors don't find: one row for each address, and nothing that is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from fnmatch import translate
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import (
    Case,
    F,
    QuerySet,
    Value,
    When,
)
from django.db.models import Count as CountOf
from django.http import HttpRequest
from django.http.request import validate_host
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import get_language_from_path, override

from ..conf import http_errors
from ..hiding.policies import POLICY
from ..http.urls import bare_host, without_script_prefix
from ..models import MissingPage
from ..rules.snapshot import UNREAD, HidingRules, snapshots
from ..validators import no_control
from .counting import Count, Counter, add, batches, locked, moment
from .request_info import RequestInfo

# Rows in the database, without those that editors ignore, of which there may be as many again.
# Of more, first those go that nobody has asked for in so long, then the rarest and oldest. The
# newest stay at first: a page that comes into a full list has to be counted before it is rare.
MOST_KEPT = 10_000
NEWEST_KEPT = 1_000
UNSEEN_FOR = timedelta(days=90)
LONGEST = 500
LONGEST_HOST = 253

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
            if page and _is_own(page[1], None):
                referrer = ""  # By another URLconf than the request's, nobody knows what is hidden.
        self.add(response, (host, path), schema, referrer)

    def save(self, alias: str, counts: dict[Place, Count]) -> None:
        """Add `counts`, and put back those of rows that an editor or another process holds."""
        snapshot = snapshots.current(from_memory=True)
        if snapshot is UNREAD:
            return  # What must not be listed isn't known.
        own = MissingPage.objects.using(alias).filter(path__contains="*")
        # The narrower first, which are those for one host, and the longer ones.
        patterns = sorted(
            own.values_list("host", "path"), key=lambda each: (not each[0], -len(each[1]))
        )
        # In one order everywhere, so that no two processes wait for each other's new rows.
        folded = _folded(counts, patterns, snapshot.hiding)
        for some in batches(sorted(folded.items(), key=lambda item: item[0])):
            places = [place for place, _each in some]
            hosts, paths = zip(*places, strict=True)
            rows = MissingPage.objects.using(alias).filter(host__in=hosts, path__in=paths)
            with locked(rows) as (free, others):
                busy = set(others.values_list("host", "path")).intersection(places)
                known = {
                    (host, path): pk for host, path, pk in free.values_list("host", "path", "pk")
                }
                there = {known[place]: each.total for place, each in some if place in known}
                if there:
                    referrers = [
                        When(pk=pk, then=Value(each.referrer))
                        for pk, each in there.items()
                        if each.referrer
                    ]
                    add(
                        MissingPage.objects.using(alias).filter(pk__in=there),
                        there,
                        "last_seen",
                        referrer=Case(*referrers, default=F("referrer")),
                    )
            self.put_back({key: counts[key] for place in busy for key in folded[place].keys})
            # Who adds a row waits for others that add it, and must hold none meanwhile.
            found = busy | known.keys()
            new = [(place, each.total) for place, each in some if place not in found]
            if new:
                _add(alias, new)
        _drop_rarest(alias)


class Folded(NamedTuple):
    """What is to be written of a place: its count, and the keys of those that it is the sum of."""

    total: Count
    keys: list[Place]


def _folded(
    counts: dict[Place, Count], patterns: Iterable[Place], hiding: HidingRules
) -> dict[Place, Folded]:
    """Return what is to be written: valid, nothing hidden, what matches a pattern by that.

    patterns: each with the host that it is for, "" for all; of those that match, the first counts
    """
    matchers = [(each, _matcher(each[1])) for each in patterns]
    hosts = {raw: _site_host(raw) for raw, _path in counts}
    known = frozenset(hosts.values())
    found: dict[Place, Folded] = {}
    for (raw, path), counted in counts.items():
        host = hosts[raw]
        if not host or not _is_listable(path) or hiding.may_cover(path):
            continue
        count = counted._replace(referrer=shown_referrer(counted.referrer, hiding, known))
        place = next(
            (each for each, matches in matchers if each[0] in ("", host) and matches(path)),
            (host, path),
        )
        if place in found:
            total, keys = found[place]
            keys.append((raw, path))
            found[place] = Folded(total.with_(count), keys)
        else:
            found[place] = Folded(count, [(raw, path)])
    return found


def _site_host(raw: str) -> str:
    """Return the host of a request as it is listed, "" if it isn't one of the site's.

    raw: as Django takes it from the header that the site trusts
    """
    request = HttpRequest()
    request.META = {"HTTP_HOST": raw}
    return RequestInfo("").host(request)


def _is_listable(text: str) -> bool:
    """Return whether a list can show `text`: no control characters; blanks of all kinds may be."""
    try:
        no_control(text)
    except ValidationError:
        return False
    return True


def _matcher(pattern: str) -> Callable[[str], Any]:
    # Many asterisks take no longer in its expressions. Of its signs, they alone are one here.
    escaped = re.sub(r"[?[]", r"[\g<0>]", pattern)
    return re.compile(translate(escaped), re.IGNORECASE).match


def shown_referrer(referrer: str, hiding: HidingRules, hosts: Collection[str] | None = None) -> str:
    """Return `referrer` without its query string, "" if it is no page that may be listed.

    hosts: those that the site is known to have, of all that ``ALLOWED_HOSTS = ["*"]`` allows; None
        if that isn't known: then each of these is taken for the site's. At others, a page of no
        view that is known may be listed
    """
    page = _page(referrer)
    if page is None:
        return ""
    origin, host, path = page
    is_own = _is_own(host, hosts)
    # Behind a proxy the site may be asked for at a host that it doesn't know.
    may_be_own = is_own or "*" in settings.ALLOWED_HOSTS
    if may_be_own and _may_be_hidden(path, hiding, is_own=is_own):
        return ""
    return f"{origin}{path}"[:LONGEST]


def _page(referrer: str) -> tuple[str, str, str] | None:
    """Return the origin, the host and the path of `referrer`, None if it is no page.

    The origin is as it was sent, without a user; the host is as the site knows its own.
    """
    try:
        parts = urlsplit(referrer)
        parts.port  # noqa: B018 - raises for what is none
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or not _is_listable(referrer):
        return None
    site = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{site}", bare_host(site), parts.path or "/"


def _is_own(host: str, hosts: Collection[str] | None) -> bool:
    """Return whether `host` is the site's; see `shown_referrer`."""
    if hosts is None:
        return validate_host(host, settings.ALLOWED_HOSTS)
    named = [each for each in settings.ALLOWED_HOSTS if each != "*"]
    return host in hosts or validate_host(host, named)


def _may_be_hidden(path: str, hiding: HidingRules, *, is_own: bool) -> bool:
    """Return whether a page is in a hiding scope, or of the site and of no view that is known.

    By the URLconf of the settings: that of the thread may be what another request has brought.

    path: as it stands in an address; rules and URLconfs have it decoded, and without the prefix
    is_own: whether it is surely one of the site's
    """
    path = "/" + without_script_prefix(unquote(path)).lstrip("/")
    if hiding.may_cover(path):
        return True
    try:
        with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
            return hasattr(resolve(path, settings.ROOT_URLCONF).func, POLICY)
    except Resolver404:
        return is_own


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
    """Add `rows` to those in the database, or their counts to rows that others have just added.

    In one statement, by hand: Django's `bulk_create` writes over what is there, and can't add to
    it.
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
                with locked(rows.filter(pk__in=keys)) as (free, _others):
                    free.delete()


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
