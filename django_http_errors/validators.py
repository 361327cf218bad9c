"""What editors may write; each function raises ValidationError, saying what to write instead."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote, unquote, urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_script_prefix
from django.urls.converters import get_converters
from django.urls.resolvers import RoutePattern
from django.utils.translation import gettext_lazy as _

from .http.urls import INVISIBLE, ascii_host, path_key, web_address, without_script_prefix

PLACEHOLDERS = ("path", "method", "status", "host", "request_id", "retry_after")

# And lone surrogates, which are half a character and can't be sent or saved.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_STATUS = re.compile(r"[45](?:[0-9][0-9]|xx)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}|\[[0-9A-Fa-f:.]+\]")
# The beginning of an address with the name of its site: www.example.com, example.com/, a:8000/.
# With the scheme left out, what ends like a file is none.
SITE = (
    r"https?://[^/]|www\.[\w-]+\."
    r"|(?:[\w-]+\.)+(?:xn--[\w-]+|(?!(?:php|html?|aspx?|jsp|cgi)[/:])[^\W\d_]{2,})(?::[0-9]+)?/"
    r"|[\w.-]+:[0-9]+(?:/|\Z)"
)
_SITE = re.compile(SITE, re.IGNORECASE)
_WHOLE_URL = re.compile(
    r"(?:https?://|(?!https?://))(?P<host>[^/?#:@]+)(?::[0-9]*)?(?P<path>/[^?#]*)?[?#]?.*",
    re.IGNORECASE,
)
# Without one of these an address would be one below the page that it is shown on.
_LINK = re.compile(r"/|https?://.|mailto:.", re.IGNORECASE)
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def no_control(value: str) -> None:
    """Refuse control characters, the ends of lines among them."""
    if _CONTROL.search(value):
        raise ValidationError(_("Control characters are not allowed here."), code="control")


def lines(value: str) -> None:
    """Refuse control characters, except for what a text of several lines is made with."""
    for line in _NEWLINE.split(value):
        no_control(line.replace("\t", " "))


def words(value: str) -> None:
    """Refuse control characters, and placeholders that aren't on the list."""
    lines(value)
    for braces in _BRACES.finditer(value):
        if braces[1] not in PLACEHOLDERS:
            raise ValidationError(
                _("%(found)s is no placeholder. There are: %(list)s."),
                code="placeholder",
                params={
                    "found": braces[0],
                    "list": ", ".join(f"{{{each}}}" for each in PLACEHOLDERS),
                },
            )


def status(value: str) -> None:
    """Refuse what is no error status and no class of them."""
    if not _STATUS.fullmatch(value):
        raise ValidationError(
            _("%(value)s is no error. Write a status from 400 to 599, 4xx, 5xx, or nothing."),
            code="status",
            params={"value": value},
        )


def language(value: str) -> None:
    """Refuse what is no language tag (RFC 5646)."""
    if not _LANGUAGE.fullmatch(value):
        raise ValidationError(
            _("Write a language tag such as de or pt-br."), code="language", params={"value": value}
        )


def host(value: str) -> None:
    """Refuse what is no host name by itself."""
    sent = ascii_host(value)
    if sent != value and _HOST.fullmatch(sent):
        raise ValidationError(
            _("Browsers ask for this host by another name. Write %(host)s"),
            code="host",
            params={"host": sent},
        )
    if not _HOST.fullmatch(value):
        raise ValidationError(
            _("Write the name of the host alone, without scheme, port and path: www.example.com"),
            code="host",
        )


def names_site(address: str) -> bool:
    """Return whether `address` begins with the name of a site, with a scheme or without."""
    return _SITE.match(address) is not None


def path(value: str) -> None:
    """Refuse what is no path by itself, and what can't be seen in one."""
    no_control(value)
    if found := _INVISIBLE.search(value):
        raise ValidationError(
            _(
                "There is something in it that cannot be seen (%(character)s). Write it anew, or,"
                " if that is part of the address, %(encoded)s"
            ),
            code="invisible",
            params={
                "character": f"U+{ord(found[0]):04X}",
                "encoded": _INVISIBLE.sub(lambda each: quote(each[0]), value),
            },
        )
    whole = names_site(value) and _WHOLE_URL.fullmatch(value)
    if whole:
        raise ValidationError(
            _("Write the host %(host)s in its own field, and here only %(path)s"),
            code="url",
            params={
                "host": whole["host"].lower(),
                "path": without_script_prefix(whole["path"] or "/"),
            },
        )
    if not value.startswith("/"):
        try:
            meant = meaning(value)
        except ValidationError:
            meant = None
        raise ValidationError(
            _("An address begins with a slash: /%(value)s"),
            code="slash",
            params={"value": meant[1][1:] if meant else value},
        )
    if value.startswith("/?"):
        raise ValidationError(ONLY_QUERY, code="query")
    found = re.search(r"[?#]", value)
    if found:
        raise ValidationError(
            _("What stands behind %(mark)s is not compared. Write only %(path)s"),
            code="query",
            params={"mark": found[0], "path": value[: found.start()]},
        )


_SEVERAL = re.compile(r"(?:[,;]|/)\s+/")
_DOTS = re.compile(r"/\.\.?(?=/|\Z)")


def unasked(pattern: str) -> str:
    """Return why nobody asks for what `pattern`, a `decoded_path`, is for; "" if somebody may."""
    if _SEVERAL.search(pattern):
        return str(_("These are several addresses. Write a rule for each."))
    if _DOTS.search(pattern):
        meant = urlsplit(urljoin("http://a/", f"/{pattern.lstrip('/')}")).path
        return str(_("Browsers resolve “.” and “..” and ask for %(path)s") % {"path": meant})
    meant = without_script_prefix(pattern)
    if meant != pattern:
        text = _("What the site is below (%(prefix)s) is left out here. Write %(path)s")
        return str(text % {"prefix": get_script_prefix(), "path": meant})
    return ""


# Of an address that is the front page without its query string.
ONLY_QUERY = _("Only what stands behind ? says which page this is, and that is not compared.")


# A wildcard of other tools, at the end of a path or alone: all that is below it.
_ALL_BELOW = re.compile(
    r"(?:/|\A)(?:\*{1,2}|\.[*+]|\(\.[*+]\)|:splat|\*\*/\*|\[\.{3}\w++\]|\[\[\.{3}\w++\]\])/?\Z"
)
# What varies in a regular expression, and how often.
_REPEATED = r"(?:[*+]|\{\d+(?:,\d*)?\})"
_SOME = (
    rf"(?:\\[dwsS]{_REPEATED}?|\[(?:\^\\?/|[^\[\]/]*+)\]{_REPEATED}|\.\*|\.\+(?=[/\\)]|\Z)|\*"
    rf"|\((?:\?:)?(?:\[\^\\?/\]{_REPEATED}|[^()/*+|{{]*+{_REPEATED}[^()/|]*+)\))++"
)
# A wildcard within a path, or a regular expression. A parameter as other frameworks write it has a
# name. Nothing is looked at twice: what has no end is known by the next beginning.
_WILDCARD = re.compile(
    r"\\(?P<escaped>[^\w\s])|(?<=[/.-]):(?P<name>[A-Za-z_]\w*+)"
    r"|\{(?P<braces>[A-Za-z_]\w*+)(?::(?P<converter>int|str|slug|uuid|path))?\}"
    r"|(?<=/)\[(?P<brackets>[A-Za-z_]\w*+)\](?=/|\Z)|(?<=/)\[\.{3}(?P<segments>[A-Za-z_]\w*+)\](?=/)"
    rf"|\(\?P?<(?P<group>\w++)>(?P<within>[^()|]*+)\)|(?P<some>{_SOME})"
    r"|(?P<choice>\([^()|]*+\|[^()]*+\))|(?P<other>[\\\[\](){}+?|^$])"
)
_NAMES = ("name", "braces", "brackets", "segments", "group")
_DIGITS = re.compile(rf"(?:\((?:\?:)?)?(?:(?:\\d|\[(?:0-9|\\d)+\]){_REPEATED}?)+\)?")
_BEGIN, _END = re.compile(r"\A/?\^\\?/?"), re.compile(r"(?:(?<=/)\?)?\$\Z")
_ESCAPED = re.compile(r"\\[^\w\s]")
# What belongs to the wildcard that a parameter was made of: how often, or another pair of brackets.
_BESIDE = re.compile(r"\{(?=<\w)|\((?=<\w+:any\d+>)|(?<=\w>)[?+{}]")


def wildcards(value: str, kind: str = "route") -> None:
    """Refuse the wildcards of other tools, which would stand for themselves here.

    The error says which kind of rule and which pattern were meant: `params` has "kind" and
    "pattern". Where there is no such pattern, it is that of `route`.

    kind: that of the rule, since a parameter (``<int:year>``) is one in routes alone
    """
    meant = meaning(value, kind)
    if meant is None:
        return
    if meant[0] == "route":
        route(meant[1])
    text = _("“%(value)s” would be taken literally. Choose “%(label)s”, and write %(pattern)s")
    below = only_below(meant[1])
    raise ValidationError(
        f"{text}. {below}" if below else text,
        code="wildcard",
        params={"value": value, "kind": meant[0], "pattern": meant[1], "label": _LABELS[meant[0]]},
    )


_LABELS = {
    "exact": _("this address"),
    "prefix": _("this address and everything below it"),
    "route": _("addresses that match a pattern"),
}


# A route has no end that stands for all below an address but a path, which isn't empty.
_REST = "/<path:rest>"
_ONLY_BELOW = _(
    "This covers only what is below the address. For the address itself, write another rule."
)


def only_below(pattern: str) -> str:
    """Return what to say of the route `pattern` if it leaves out an address, "" if it doesn't."""
    return str(_ONLY_BELOW) if pattern.endswith(_REST) else ""


def meaning(value: str, kind: str = "route") -> tuple[str, str] | None:
    """Return the kind and the pattern that `value`, with another tool's wildcards, stands for.

    None if there are no wildcards in it. Raises ValidationError for what no pattern can say.

    kind: that of the rule
    """
    plain = _END.sub("", _BEGIN.sub("/", value))
    is_expression = plain != value or _ESCAPED.search(value) is not None
    covers_below = _ALL_BELOW.search(plain) is not None
    if covers_below:
        plain = _ALL_BELOW.sub("/", plain)
    reader = _Reader()
    pattern = _WILDCARD.sub(reader.read, plain)
    unknown = "".join(reader.others)
    if unknown and (is_expression or ("\\" in unknown and pattern != value)):
        raise _no_pattern(_UNKNOWN % unknown[0])
    beside = reader.count and _BESIDE.search(pattern)
    if beside:
        raise _no_pattern(_UNKNOWN % beside[0])
    taken = meant = "exact"
    if _CONVERTER.search(pattern):
        taken, meant = kind, "route"
        if (covers_below or kind == "prefix") and "<path:" not in pattern:
            pattern = pattern.rstrip("/") + _REST
    elif covers_below:
        meant = "prefix"
    if (meant, pattern) == (taken, value):
        return None
    return meant, pattern if pattern.startswith("/") else f"/{pattern}"


class _Reader:
    """Makes parameters of wildcards, and remembers the signs of expressions that it can't read.

    count: how many parameters it has made
    """

    def __init__(self) -> None:
        self.others: list[str] = []
        self.count = 0

    def read(self, found: re.Match[str]) -> str:
        if found["escaped"]:
            # Again it would be a wildcard, or the end of the path.
            return quote(found[0][1:], safe="/!&'+,;=@")
        if found["other"]:
            self.others.append(found[0])
            return found[0]
        if found["choice"]:
            raise ValidationError(
                _(
                    "“%(part)s” would be taken for a choice. Write a rule for each, or, if it is"
                    " part of the address, %(encoded)s"
                ),
                code="route",
                params={"part": found[0], "encoded": quote(found[0], safe="/!&'+,;=@")},
            )
        self.count += 1
        name = next(filter(None, map(found.group, _NAMES)), f"any{self.count}")
        is_number = _DIGITS.fullmatch(found["within"] or found["some"] or "")
        kind = "path" if found["segments"] else "int" if is_number else "str"
        return f"<{found['converter'] or kind}:{name}>"


_UNKNOWN = _("%s isn't known.")


def _no_pattern(error: object) -> ValidationError:
    return ValidationError(
        _("This is no pattern: %(error)s"), code="route", params={"error": error}
    )


_CONVERTER = re.compile(r"<(?:(\w+):)?\w+>")
# What a converter takes that takes any number of slashes.
_SLASHED = ("a/b", "a/b/c", "1/2/3", "a-1/b-2/c-3", "/a/")
# What takes characters that no other converter could take in its place.
_DEFINITE = frozenset({"int", "uuid"})
_NO_DIGIT = re.compile(r"[^0-9]")


def ambiguity(value: str) -> str:
    """Return what in the route `value` could be read in many ways, "" if nothing could.

    An expression that tries all of them takes seconds for an address that was made for it.
    """
    known = get_converters()
    names = [each for each in _CONVERTER.findall(value) if each in known]
    slashed = [each for each in names if _takes_slashes(known[each].regex)]
    if len(slashed) > 1:
        own = [each for each in slashed if each != "path"]
        if not own:
            return str(_("There can be one path converter."))
        text = _("“%(name)s” could be read in too many ways. Use another converter.")
        return str(text % {"name": own[-1]})
    for segment in value.split("/"):
        within = list(_CONVERTER.finditer(segment))
        greedy = [each for each in within if each[1] not in _DEFINITE]
        if len(greedy) > 1 or any(
            _is_ambiguous(one, segment[one.end() : other.start()], other)
            for one, other in pairwise(within)
        ):
            return str(_("There can be one parameter in “%(part)s”.") % {"part": segment})
    return ""


@lru_cache(maxsize=100)
def _takes_slashes(regex: str) -> bool:
    return any(re.fullmatch(regex, each) for each in _SLASHED)


def _is_ambiguous(one: re.Match[str], between: str, other: re.Match[str]) -> bool:
    """Return whether what stands between two parameters may be a part of both.

    One of them takes digits alone, and ends with them. "uuid" has a length of its own.
    """
    if "uuid" in (one[1], other[1]):
        return not between
    # As rules that hide are compared: "²" is a digit then.
    return _NO_DIGIT.search(unicodedata.normalize("NFKC", between)) is None


def route(value: str) -> None:
    """Refuse what Django's `path()` doesn't take, and what could be read in many ways."""
    error: object = ambiguity(value)
    try:
        pattern = RoutePattern(value.removeprefix("/"), is_endpoint=True)
        pattern.regex  # noqa: B018 - compiles it
        # A bracket too many, or a regular expression: Django only warns of them.
        error = error or next((warning.msg for warning in pattern.check()), None)
    except (ImproperlyConfigured, re.error) as raised:
        error = raised
    if error:
        raise _no_pattern(error)


def covers(kind: str, pattern: str, path: str) -> bool:
    """Return whether a rule of `kind` for `pattern` covers the decoded `path`."""
    key = path_key(path)
    if kind == "route":
        route_of = RoutePattern(pattern.removeprefix("/"), is_endpoint=True)
        spellings = (key.removeprefix("/"), f"{key}/".removeprefix("/"))
        return any(route_of.match(each) for each in spellings)
    mine = path_key(pattern)
    return key == mine or (kind == "prefix" and key.startswith(f"{mine}/"))


def login_page() -> str:
    """Return the decoded path of the site's login page, "" if it has none of its own."""
    try:
        return unquote(urlsplit(resolve_url(settings.LOGIN_URL)).path)
    except (NoReverseMatch, ValueError):
        return ""


def hiding(kind: str, pattern: str) -> None:
    """Refuse to hide the front page, the page where one says who one is, and what nobody asks for.

    Somebody who means it confirms it: see `HidingRule.confirmed`.
    """
    if text := unasked(pattern):
        raise ValidationError(text, code="no_effect")
    if covers(kind, pattern, "/"):
        raise ValidationError(
            _(
                "This covers the front page%(all)s: no visitor would be asked any more to sign in,"
                " or why something is refused."
            ),
            code="covers_all",
            params={"all": _(" and everything else") if kind == "prefix" else ""},
        )
    login = login_page()
    if login and covers(kind, pattern, login):
        raise ValidationError(
            _(
                "This covers the login page, %(login)s: a form that expired would be answered as"
                " if the page were not there."
            ),
            code="covers_login",
            params={"login": login},
        )


def link(value: str) -> None:
    """Refuse what a page must not link to."""
    no_control(value)
    if value.strip().startswith("//"):
        raise ValidationError(
            _("This leads to another site. If you mean that, write https:%(value)s"),
            code="other_site",
            params={"value": value.strip()},
        )
    if not _LINK.match(web_address(value)):
        raise ValidationError(
            _(
                "Write an address on this site that begins with a slash, or one with http, https or"
                " mailto."
            ),
            code="link",
        )
