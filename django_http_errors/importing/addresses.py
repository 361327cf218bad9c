"""What was meant by an address as other tools write it: a URL, a wildcard, a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .. import validators
from ..http.urls import host_in, without_script_prefix
from ..models import MatchType
from .rows import AS_NAMED, Headings, printable

Cells: TypeAlias = Mapping[str, object]

# What is longer is refused anyway, and not looked at before.
LONGEST = 2000

# Nothing in it can mean anything else.
_PLAIN = re.compile(r"/[\w/.~%-]*")
# A path that begins in the middle: no scheme, no expression, and no words.
_NO_SLASH = re.compile(r"[^\s/:^?#][^\s/:]*(?:[/?#]\S*)?")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_QUERY = re.compile(r"[?#]")
# Not what makes something optional in a regular expression.
_QUERY_OF_PATH = re.compile(r"(?<![)\]*+])\?|#")
# A parameter of a route, and what wildcards are made of: percent-encoded it stands for itself.
_PARAMETER = r"<(?:\w+:)?\w+>"
SIGN = r"[*:()\[\]{}<>|^$\\]|(?<=\.)\+"
_LITERALLY = {
    MatchType.ROUTE.value: re.compile(rf"{_PARAMETER}|({SIGN})"),
    "": re.compile(rf"({SIGN})"),
}


def literally(pattern: str, kind: str) -> str:
    """Return the stored `pattern` as a file has it, so that nothing in it is a wildcard there."""
    if _PLAIN.fullmatch(pattern) or _refused(pattern, kind) is None:
        return pattern
    signs = _LITERALLY.get(kind, _LITERALLY[""])
    return signs.sub(lambda found: quote(found[0], safe="") if found[1] else found[0], pattern)


def _refused(pattern: str, kind: str) -> ValidationError | None:
    try:
        validators.wildcards(pattern, kind)
    except ValidationError as error:
        return error
    return None


def understood(cells: Cells, headings: Headings = AS_NAMED) -> tuple[Cells, list[str]]:
    """Return `cells` with the host, the kind and the pattern that were meant, and remarks.

    headings: what the file calls their columns

    Raises ValidationError where that isn't clear.
    """
    pattern = cells.get("pattern")
    if not isinstance(pattern, str) or len(pattern) > LONGEST or _PLAIN.fullmatch(pattern):
        return cells, []
    changed, left_out, taken = _read(pattern.strip(), cells, headings)
    return changed, [*left_out, *taken]


def offered(cells: Cells, kind: str) -> tuple[Cells, list[str]]:
    """Return what to offer for `cells` that were refused, and remarks on what was left out.

    As `understood`, and where nothing but the first slash is missing, with one: nobody has to take
    what is offered.

    kind: that of the rule, for which another may be offered
    """
    text = str(cells.get("pattern", "")).strip()
    if len(text) > LONGEST:
        return cells, []
    if _NO_SLASH.fullmatch(text) and not validators.names_site(text):
        text = f"/{text}"
    return _read(text, cells, kind=kind)[:2]


def _read(
    text: str, cells: Cells, headings: Headings = AS_NAMED, kind: str = "exact"
) -> tuple[Cells, list[str], list[str]]:
    """Return `cells` with what `text` means, and remarks: on what was left out, and on the rest."""
    changed = dict(cells)
    left_out: list[str] = []
    if validators.names_site(text):
        text = _without_query(_split_host(text, changed, headings), _QUERY, left_out)
    elif not text.startswith("^"):
        text = _without_query(text, _QUERY_OF_PATH, left_out)
    return changed, left_out, _set_kind(text, changed, kind)


def _split_host(url: str, cells: dict[str, object], headings: Headings) -> str:
    """Return `url` without its host, which becomes a cell."""
    if not _SCHEME.match(url):
        url = f"http://{url}"
    try:
        host = host_in(urlsplit(url).netloc)
    except ValueError as error:
        raise ValidationError({"pattern": printable(str(error))}) from error
    named = str(cells.get("host") or "").strip().lower()
    if named not in {"", host}:
        text = _("The host is %(host)s here, and %(named)s in the column %(column)s.")
        names = {"host": host, "named": named, "column": headings.get("host", "host")}
        raise ValidationError({"pattern": text % names})
    cells["host"] = host
    path = url.partition("//")[2]
    found = re.search(r"[/?#]", path)
    path = path[found.start() :] if found else ""
    return without_script_prefix(path if path.startswith("/") else f"/{path}")


def _without_query(text: str, mark: re.Pattern[str], remarks: list[str]) -> str:
    found = mark.search(text)
    if not found:
        return text
    path = text[: found.start()]
    if path in {"", "/"} and found[0] == "?":
        raise ValidationError({"pattern": validators.ONLY_QUERY})
    remarks.append(
        _("What stood behind ? or # is left out: the rule is for whatever stands there.")
    )
    return path


def _set_kind(text: str, cells: dict[str, object], unless: str) -> list[str]:
    """Write the pattern, and of which kind it is if `cells` don't say otherwise; return remarks.

    unless: the kind that it would be of if nothing else were meant
    """
    cells["pattern"] = text
    kind = str(cells.get("kind") or "").strip().lower()
    labels = {str(label).lower(): value for value, label in MatchType.choices}
    kind = labels.get(kind, kind)
    # What lacks the first slash is refused, and so is what no rule can say.
    error = _refused(text, kind or unless) if text.startswith(("/", "^")) else None
    if error is None or error.code != "wildcard" or not error.params:
        return []
    meant = error.params["kind"], error.params["pattern"]
    if kind == meant[0] == "exact" and text.startswith("/"):
        # No more than an anchor, which may be a letter: who says the kind knows the address.
        return []
    if kind in {"", meant[0]}:
        cells["kind"], cells["pattern"] = meant
        below = validators.only_below(meant[1])
        return [taken_as(text, *meant), *([below] if below else [])]
    return []


def taken_as(text: str, kind: str, pattern: str) -> str:
    """Return what `text` in a file was taken for, in the words that the kind has in the admin."""
    return f"{text} → {pattern} ({MatchType(kind).label})"
