"""What was meant by an address as other tools write it: a URL, a wildcard, a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .. import validators
from ..http.urls import bare_host
from ..models import MatchType
from .rows import printable

Cells: TypeAlias = Mapping[str, object]

# What is longer is refused anyway, and not looked at before.
LONGEST = 2000

# Nothing in it can mean anything else.
_PLAIN = re.compile(r"/[\w/.~%-]*")
_URL = re.compile(r"https?://[^/]", re.IGNORECASE)
_QUERY = re.compile(r"[?#]")
# Not what makes something optional in a regular expression.
_QUERY_OF_PATH = re.compile(r"(?<![)\]*+])\?|#")
_PARAMETER = re.compile(r"<(?:\w+:)?\w+>")


def understood(cells: Cells) -> tuple[Cells, list[str]]:
    """Return `cells` with the host, the kind and the pattern that were meant, and remarks.

    Raises ValidationError where that isn't clear.
    """
    pattern = cells.get("pattern")
    if not isinstance(pattern, str) or len(pattern) > LONGEST or _PLAIN.fullmatch(pattern):
        return cells, []
    remarks: list[str] = []
    changed = dict(cells)
    text = pattern.strip()
    if _URL.match(text):
        text = _without_query(_split_host(text, changed), _QUERY, remarks)
    elif not text.startswith("^"):
        text = _without_query(text, _QUERY_OF_PATH, remarks)
    _set_kind(text, changed, remarks)
    return changed, remarks


def _split_host(url: str, cells: dict[str, object]) -> str:
    """Return `url` without its host, which becomes a cell."""
    try:
        host = bare_host(urlsplit(url).netloc.rpartition("@")[2])
    except ValueError as error:
        raise ValidationError({"pattern": printable(str(error))}) from error
    named = str(cells.get("host") or "").strip().lower()
    if named not in {"", host}:
        text = _("The host is %(host)s here, and %(named)s in the column host.")
        raise ValidationError({"pattern": text % {"host": host, "named": named}})
    cells["host"] = host
    path = url.partition("//")[2]
    found = re.search(r"[/?#]", path)
    path = path[found.start() :] if found else ""
    return path if path.startswith("/") else f"/{path}"


def _without_query(text: str, mark: re.Pattern[str], remarks: list[str]) -> str:
    found = mark.search(text)
    if not found:
        return text
    path = text[: found.start()]
    if path == "/" and found[0] == "?":
        raise ValidationError(
            {"pattern": _("Only the query string says which page this is: no rule can.")}
        )
    remarks.append(_("The query string or fragment was left out."))
    return path


def _set_kind(text: str, cells: dict[str, object], remarks: list[str]) -> None:
    """Write the pattern, and of which kind it is if `cells` don't say otherwise."""
    cells["pattern"] = text
    kind = str(cells.get("kind") or "").strip().lower()
    meant = validators.meaning(text)
    if not kind and _PARAMETER.search(text):
        tail = "<path:rest>" if meant and meant[0] == "prefix" else ""
        meant = "route", f"{meant[1] if meant else text}{tail}"
    if meant and kind == meant[0] == "exact" and text.startswith("/"):
        # No more than an anchor, which may be a letter: who says the kind knows the address.
        return
    if meant and kind in {"", meant[0]}:
        cells["kind"], cells["pattern"] = meant
        remarks.append(taken_as(text, *meant))


def taken_as(text: str, kind: str, pattern: str) -> str:
    """Return what `text` in a file was taken for, in the words that the kind has in the admin."""
    return f"{text} → {pattern} ({MatchType(kind).label})"
