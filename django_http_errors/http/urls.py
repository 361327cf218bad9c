"""Addresses: which are the same, which are well formed, and which may be linked to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit
from zlib import crc32

from django.conf import settings
from django.urls import get_script_prefix

if TYPE_CHECKING:
    from django.http import HttpRequest

# What RFC 3986 lets stand in a URI reference: everything else is percent-encoded, so that an
# address can't break out of a header field or an attribute.
_URI_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# The percent signs of the escapes of "%", "?" and "#".
_KEPT = re.compile(r"%(?=25|3[Ff]|23)")
# What can't be seen, and is pasted along with a text: marks of direction, hyphens and spaces
# without a width. Not the joiners (U+200C, U+200D): words of some languages need them.
INVISIBLE = r"\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
# What can't be seen, and bytes that aren't UTF-8.
_UNSEEN = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029\udc80-\udcff{INVISIBLE}]|\s+\Z")
# What is longer, and isn't all ASCII, isn't normalised: that may take the square of the length,
# and a millisecond at this one. No pattern is longer.
LONGEST_NORMALISED = 512
# How a byte that isn't UTF-8 stands in a decoded path: as itself, and as no character.
_BYTES = "surrogateescape"
_LONE_BYTES = re.compile(r"[\udc80-\udcff]+")
_CHARACTERS = re.compile(r"[^\udc80-\udcff]+")
# The escapes of bytes that aren't ASCII, as Django writes them.
_ESCAPES = re.compile(r"(?:%[89A-F][0-9A-F])+")
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


def path_as_asked(request: HttpRequest) -> str:
    """Return the path as it was sent, in Latin-1, "" where the server doesn't say it.

    ASGI has `raw_path`; gunicorn, and servers after CGI, have a variable of their own for WSGI.
    """
    scope = getattr(request, "scope", None)
    if scope is not None:
        raw: bytes = scope.get("raw_path") or b""
        return raw.decode("latin-1")
    target = request.META.get("RAW_URI") or request.META.get("REQUEST_URI") or ""
    return str(target).partition("?")[0]


def exact_path(request: HttpRequest) -> str:
    """Return the decoded path of `request`, without the script prefix, and nothing of it lost.

    A byte that isn't UTF-8 is a lone surrogate in it (PEP 383). Django writes an escape or U+FFFD
    in its place, which other paths have too.
    """
    path = request.path_info
    if "%" not in path and "\ufffd" not in path:
        return path
    is_asgi = hasattr(request, "scope")
    as_django_has_it = _with_replacements if is_asgi else _with_escapes
    raw = unquote_to_bytes(path_as_asked(request).encode("latin-1", "replace"))
    prefix = request.path.removesuffix(path)
    for each in (raw, raw.removeprefix(prefix.encode(errors="replace"))):
        if as_django_has_it(each) == path:
            return each.decode("utf-8", _BYTES)
    # The server doesn't say it, or somebody has given the request another path than it came with.
    # An escape is more likely one that Django has written than one that was escaped itself.
    return path if is_asgi else _ESCAPES.sub(_unescaped_bytes, path)


def _with_escapes(path: bytes) -> str:
    return _LONE_BYTES.sub(_quoted, path.decode("utf-8", _BYTES))


def _with_replacements(path: bytes) -> str:
    return path.decode("utf-8", "replace")


def _unescaped_bytes(escapes: re.Match[str]) -> str:
    """Return `escapes` decoded, but for those of whole characters, which Django doesn't write."""
    return _CHARACTERS.sub(_quoted, unquote(escapes[0], errors=_BYTES))


def _quoted(found: re.Match[str]) -> str:
    return quote(found[0], errors=_BYTES)


def path_key(path: str) -> str:
    """Return what all spellings of the decoded `path` have in common.

    That is Unicode's NFC, without the trailing slash; the root is "".
    """
    return _normalised("NFC", path).rstrip("/")


def _normalised(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Return `text` in a normal form of Unicode's; as it is, if it is too long for that."""
    if text.isascii() or len(text) > LONGEST_NORMALISED:
        return text
    return unicodedata.normalize(form, text)


def decoded_path(path: str) -> str:
    """Return `path`, as a person may have typed or pasted it, percent-decoded and in NFC.

    What would mean something else if it weren't encoded stays so ("%", "?" and "#"), and so does
    what can't be seen or isn't UTF-8: it is a path still, and the same path when it is decoded
    again.
    """
    if path.isascii() and "%" not in path and path.isprintable() and not path.endswith(" "):
        return path
    escaped = _NO_ESCAPE.sub("%25", path)
    decoded = _normalised("NFC", unquote(_KEPT.sub("%25", escaped), errors=_BYTES))
    return _UNSEEN.sub(_quoted, decoded)


def pattern_key(pattern: str) -> str:
    """Return the key of the paths that `pattern` stands for, which is a `decoded_path`."""
    return path_key(unquote(pattern, errors=_BYTES))


# What is deeper is found by its first segments.
DEEPEST = 32


def head(key: str, *, is_route: bool = False) -> str:
    """Return by what a rule is found: the literal part of its pattern, in whole segments.

    Of an exact rule and a prefix that is all of it. In lower case, since a rule may ignore case.

    key: the `pattern_key` of the pattern
    is_route: whether it has parameters, such as ``<int:year>``
    """
    if is_route and "<" in key:
        key = key.partition("<")[0].rpartition("/")[0]
    return upper_part(key.casefold(), DEEPEST)


def upper_part(key: str, most: int) -> str:
    """Return the first segments of `key`, no more than `most`."""
    if key.count("/") <= most:
        return key
    return "/".join(key.split("/", most + 1)[: most + 1])


def above(key: str, most: int) -> Iterator[str]:
    """Yield `key` and what is above it, the longest first, none of more than `most` segments."""
    key = upper_part(key, most)
    while key:
        yield key
        key = key.rpartition("/")[0]
    yield ""


# A digest has so many bits for what is below the first segment, and 24 for that segment.
BITS_BELOW = 40


def section(head: str) -> int:
    """Return the upper bits of the digests of all heads with the first segment of `head`.

    Nearly all addresses that nothing is at have a first segment that no rule has: it is cheap to
    see that.
    """
    first = head[1:].partition("/")[0].encode("utf-8", "surrogatepass")
    return (crc32(first) & 0xFFFFFF) - 2**23


def digest(head: str) -> int:
    """Return 64 bits that stand for `head`, as a signed number."""
    return (section(head) << BITS_BELOW) + _bits_below(head)


def _bits_below(head: str) -> int:
    # No more than a checksum: it takes a sixth of what a hash takes, and who makes an address with
    # the digest of another has the database asked once.
    encoded = head.encode("utf-8", "surrogatepass")
    return crc32(encoded) << 8 | len(encoded) & 0xFF


# Where a route goes on with a number, its digest is that of its head with this: else a database
# would be asked for everything that is beside the articles of a year.
_NUMBER = "/<int>"
_GOES_ON_WITH_NUMBER = re.compile(r"/<int:\w+>(?:/|$)")


def digest_of_rule(key: str, *, is_route: bool) -> int:
    """Return the digest that a rule is found by.

    key: the `pattern_key` of its pattern
    """
    found = head(key, is_route=is_route)
    literal = key.partition("<")[0].rpartition("/")[0]
    # One that was cut off at DEEPEST, or that is for everything, is found by that alone.
    is_whole = found != "" and found == literal.casefold()
    if is_route and is_whole and _GOES_ON_WITH_NUMBER.match(key, len(literal)):
        found += _NUMBER
    return digest(found)


def digests_of_path(key: str) -> list[int]:
    """Return the digests that rules for a path can have, those of the longest heads first.

    The last is that of the rules for everything.

    key: the `path_key` of the path
    """
    key = key.casefold()
    upper = section(key) << BITS_BELOW
    each = upper_part(key, DEEPEST)
    following = key[len(each) + 1 :].partition("/")[0]
    found = []
    while each:
        if following.isdecimal() and following.isascii():
            found.append(upper + _bits_below(each + _NUMBER))
        found.append(upper + _bits_below(each))
        each, _slash, following = each.rpartition("/")
    found.append(ROOT)
    return found


# The digest of the rules for everything, and of routes that begin with a parameter.
ROOT = digest("")

_SLASHES = re.compile(r"/{2,}")
# A route's parameters: their names and types stay as they are written.
_PARAMETER = re.compile(r"(<[^<>]*>)")


# What Python leaves out around a number.
_AROUND_NUMBERS = "+" + "".join(filter(str.isspace, map(chr, range(0x3001))))


def beginning(path: str) -> str:
    """Return so much of the decoded `path`, in whole segments, as its keys are exact for.

    That is all of it, but for one that is too long to be normalised.
    """
    if path.isascii() or len(path) <= LONGEST_NORMALISED:
        return path
    return path[:LONGEST_NORMALISED].rpartition("/")[0]


def lenient_key(path: str) -> str:
    """Return what many spellings of the decoded `path` have in common, for rules that hide."""
    return _joined_segments(_folded(path))


def folded_key(path: str) -> str:
    """Return what spellings of the decoded `path` in other letters have in common."""
    return _folded(path).rstrip("/")


def _folded(text: str) -> str:
    text = _normalised("NFKC", text)
    # The two letters that a case-insensitive expression takes for an "i", and `casefold` doesn't.
    text = text.replace("\u0130", "i").replace("\u0131", "i")
    return _SLASHES.sub("/", text.casefold())


# What is further down stays as it is: no pattern has as many segments, and no route is compared
# with a path that has.
_MOST_LENIENT = 2048


def _joined_segments(path: str) -> str:
    segments = path.split("/", _MOST_LENIENT)
    return "/".join(map(_lenient_segment, segments)).rstrip("/")


def _lenient_segment(segment: str) -> str:
    """Return `segment` without blanks and plus signs around it; a number as Python reads it."""
    segment = segment.strip(_AROUND_NUMBERS)
    digits = segment.replace("_", "")
    if not digits.isdecimal():
        return segment
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(each)) for each in digits)
    return digits.lstrip("0") or "0"


def lenient_pattern_key(pattern: str, *, is_route: bool = False) -> str:
    """Return the `lenient_key` of the paths that `pattern` stands for, a `decoded_path`."""
    pattern = unquote(pattern, errors=_BYTES)
    if not is_route:
        return lenient_key(pattern)
    parts = _PARAMETER.split(pattern)
    parts[::2] = map(_folded, parts[::2])
    return _joined_segments("".join(parts))


def ascii_host(host: str) -> str:
    """Return `host` as a browser asks for it: in lower case, "bücher" is "xn--bcher-kva".

    By hand, as browsers do it today: the codec "idna" of Python makes "ss" of "ß".
    """
    if host.isascii() or len(host) > LONGEST_NORMALISED:
        return host
    labels = _normalised("NFKC", host.lower()).split(".")
    return ".".join(
        each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels
    )


def bare_host(host: str) -> str:
    """Return `host` in lower case, without its port and the final dot of a rooted name."""
    host = host.lower()
    if not host.endswith("]"):  # an IPv6 address without a port
        host = host.rpartition(":")[0] or host
    return host.removesuffix(".")


def host_in(netloc: str) -> str:
    """Return the host in the `netloc` of a URL as a browser asks for it, without user and port."""
    return ascii_host(bare_host(netloc.rpartition("@")[2]))


def without_script_prefix(path: str) -> str:
    """Return `path`, decoded or not, as patterns have it: without what the site is below.

    That is SCRIPT_NAME, or FORCE_SCRIPT_NAME; a management command knows only the latter.
    """
    prefix = get_script_prefix().removesuffix("/")
    if prefix:
        for each in (prefix, quote(prefix)):
            if f"{path}/".startswith(f"{each}/"):
                return path.removeprefix(each) or "/"
    return path


def default_host() -> str:
    """Return the host that a request which nobody made is for, "" if the settings name none.

    It is the first of ALLOWED_HOSTS, or the first domain that is there with all below it.
    """
    allowed = sorted(settings.ALLOWED_HOSTS, key=lambda each: each.startswith("."))
    return next((each.lstrip(".") for each in allowed if each != "*"), "")
