"""Addresses: which are the same, which are well formed, and which may be linked to."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, urlsplit

# What RFC 3986 lets stand in a URI reference: everything else is percent-encoded, so that an
# address can't break out of a header field or an attribute.
_URI_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# The percent signs of the escapes of "%", "?" and "#".
_KEPT = re.compile(r"%(?=25|3[Ff]|23)")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|\s+\Z")
_LINKED_SCHEMES = frozenset({"", "http", "https", "mailto"})


def web_address(value: object) -> str:
    """Return `value` as a URI reference that is safe to link to, or "" if it isn't one.

    Addresses without a scheme and http, https and mailto ones pass; all else
    (``javascript:``, ``data:``, an unparsable one) doesn't.
    """
    address = str(value).strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme not in _LINKED_SCHEMES:
        return ""
    return quote(address, safe=_URI_CHARACTERS, errors="replace")


def path_key(path: str) -> str:
    """Return what all spellings of the decoded `path` have in common.

    That is Unicode's NFC, without the trailing slash; the root is "".
    """
    if not path.isascii():
        path = unicodedata.normalize("NFC", path)
    return path.rstrip("/")


def decoded_path(path: str) -> str:
    """Return `path`, as a person may have typed or pasted it, percent-decoded and in NFC.

    What would mean something else if it weren't encoded stays so ("%", "?" and "#"), and so does
    what can't be seen: it is a path still, and the same path when it is decoded again.
    """
    if path.isascii() and "%" not in path and path.isprintable() and not path.endswith(" "):
        return path
    escaped = _NO_ESCAPE.sub("%25", path)
    decoded = unicodedata.normalize("NFC", unquote(_KEPT.sub("%25", escaped)))
    return _UNSEEN.sub(lambda found: quote(found[0]), decoded)


def pattern_key(pattern: str) -> str:
    """Return the key of the paths that `pattern` stands for, which is a `decoded_path`."""
    return path_key(unquote(pattern))


_SLASHES = re.compile(r"/{2,}")
# A route's parameters: their names and types stay as they are written.
_PARAMETER = re.compile(r"(<[^<>]*>)")


# What Python leaves out around a number.
_AROUND_NUMBERS = "+" + "".join(filter(str.isspace, map(chr, range(0x3001))))


def lenient_key(path: str) -> str:
    """Return what many spellings of the decoded `path` have in common, for rules that hide."""
    return _joined_segments(_SLASHES.sub("/", unicodedata.normalize("NFKC", path).casefold()))


def _joined_segments(path: str) -> str:
    return "/".join(map(_lenient_segment, path.split("/"))).rstrip("/")


def _lenient_segment(segment: str) -> str:
    """Return `segment` without blanks and plus signs around it; a number as Python reads it."""
    segment = segment.strip(_AROUND_NUMBERS)
    digits = segment.replace("_", "")
    if not digits.isdecimal():
        return segment
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(each)) for each in digits)
    return digits.lstrip("0") or "0"


def lenient_pattern_key(pattern: str) -> str:
    """Return the `lenient_key` of the paths that `pattern` stands for, a `decoded_path`."""
    parts = _PARAMETER.split(unquote(pattern))
    parts[::2] = [
        _SLASHES.sub("/", unicodedata.normalize("NFKC", each).casefold()) for each in parts[::2]
    ]
    return _joined_segments("".join(parts))


def spellings(key: str) -> tuple[str, str]:
    """Return the patterns whose `pattern_key` is `key`, as rows are written."""
    pattern = decoded_path(quote(key))
    return pattern, f"{pattern}/"


def bare_host(host: str) -> str:
    """Return `host` in lower case, without its port and the final dot of a rooted name."""
    host = host.lower()
    if not host.endswith("]"):  # an IPv6 address without a port
        host = host.rpartition(":")[0] or host
    return host.removesuffix(".")
