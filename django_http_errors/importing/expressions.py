"""Regular expressions of servers as rules: exact ones, prefixes and routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, groupby, product
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .. import validators
from .addresses import taken_as
from .rows import NO_COLUMNS, Headings, Parsed, ParsedRow, Remark

# Longer expressions, deeper ones and those that would need more rules aren't read.
LONGEST = 2000
DEEPEST = 20
MOST_RULES = 50
# How many patterns that are left to the site are compared with those after them; behind more, all
# depend on them.
MOST_LEFT = 200
# How many pairs of them are compared in a file, which takes some ten seconds.
MOST_COMPARED = 5_000_000


class InexpressibleError(Exception):
    """No rule covers what an expression matches."""


class Anchor(Enum):
    """Where an expression has to match."""

    BEGIN = "^"
    END = "$"


class Converter(str):
    """A part that varies, by the name of the converter that takes all of it, and perhaps more."""

    __slots__ = ()


ALL = Converter("path")
ANYTHING = [f"/<{ALL}:rest>"]
Part = str | Converter | Anchor
Parts = tuple[Part, ...]

_QUANTIFIER = re.compile(r"(?:[*+?]|\{(?P<least>\d+)(?:,\d*)?\})[?+]?")
_GROUP = re.compile(r"\((?:\?(?::|P?<\w+>))?(?!\?)")
_SET = re.compile(r"\[(?P<negated>\^?)(?P<within>(?:\\.|[^\]\\])+)\]")
_DIGITS = re.compile(r"(?:0-9|\\d)+")
_WORD = re.compile(r"-?(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9]|\\[dw-]|[A-Za-z0-9_])*-?")
_HEX = r"\[(?:0-9|\\d|a-f|A-F)+\]"
_UUID = re.compile(rf"{_HEX}\{{8\}}(?:-{_HEX}\{{4\}}){{3}}-{_HEX}\{{12\}}")
_CLASSES = {"d": Converter("int"), "w": Converter("slug"), "S": ALL}
# What would be read as something else in a pattern.
_ENCODED = {"%": "%25", "#": "%23", "<": "%3C", ">": "%3E"}
# A parameter, or what would be one decoded.
_BRACKET = re.compile("<|%3C")
# A dot that is meant as any character: nothing else stands there.
_ANY_CHARACTER = re.compile(r"(?<=[\^/])\.\Z")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def rows(
    line: int,
    expression: str,
    cells: Mapping[str, Any],
    number: int = 0,
    *,
    with_host: bool = False,
    is_encoded: bool = False,
    headings: Headings = NO_COLUMNS,
) -> Parsed:
    """Yield the rules for the addresses that `expression` matches, and a remark for each.

    cells: what else a rule says; with_host: the expression begins with the host
    is_encoded: it is for what is percent-encoded
    """
    try:
        ignore_case, found = convert(expression, is_encoded=is_encoded)
        if with_host:
            found = list(map(_split_host, found))
    except InexpressibleError as error:
        text = _("No rule says %(expression)s, left out: %(why)s")
        yield Remark(line, text % {"expression": expression, "why": error}, number)
        return
    more = {"ignore_case": True} if ignore_case else {}
    for rule in found:
        address = f"{rule.get('host', '')}{rule['pattern']}"
        yield Remark(line, taken_as(expression, rule["kind"], address), number)
        yield ParsedRow(line, {**cells, **more, **rule}, number, headings=headings)


def _split_host(rule: Mapping[str, str]) -> dict[str, str]:
    host, _slash, path = rule["pattern"][1:].partition("/")
    if "<" in host:
        raise InexpressibleError(_("the host varies."))
    return {**rule, "host": host, "pattern": f"/{path}"}


def convert(expression: str, *, is_encoded: bool = False) -> tuple[bool, list[dict[str, str]]]:
    """Return whether `expression` ignores case, and kind and pattern of the rules for it.

    It is matched against a decoded path, as servers do it, with the first slash or without;
    is_encoded: against one that is percent-encoded.
    """
    if len(expression) > LONGEST:
        raise InexpressibleError(_("it is too long."))
    bare = expression.removeprefix("(?i)")
    alternatives = _Parser(bare).all()
    found: dict[str, dict[str, str]] = {}
    for kind, written in sorted(chain.from_iterable(map(_rules, alternatives))):
        pattern = _with_escapes(written) if is_encoded else written
        _check(kind, pattern)
        # Both spellings of an address are one; what is below it goes with "this address" too.
        found[pattern.rstrip("/")] = {"kind": kind, "pattern": pattern}
    return bare != expression, list(found.values())


def patterns(expression: str) -> list[str]:
    """Return patterns that cover all that `expression` matches."""
    try:
        return [rule["pattern"] for rule in convert(_ANY_CHARACTER.sub(".*", expression))[1]]
    except InexpressibleError:
        return ANYTHING


def may_meet(one: str, other: str) -> bool:
    """Return whether something may be covered by both patterns, or stand below them."""
    segments = (each.rstrip("/").lower().split("/") for each in (one, other))
    for mine, theirs in zip(*segments, strict=False):
        my_head, my_parameter, _end = mine.partition("<")
        their_head, their_parameter, _end = theirs.partition("<")
        if not (my_parameter or their_parameter):
            if mine != theirs:
                return False
        elif not (my_head.startswith(their_head) or their_head.startswith(my_head)):
            return False
        elif f"<{ALL}:" in mine + theirs:
            return True
    return True


class LeftToTheSite:
    """What the expressions of a file leave to the site, so that none after them says it is gone."""

    def __init__(self) -> None:
        # By pattern: how it is called, and how deep it stands.
        self._left: dict[str, tuple[str, int]] = {}
        self._compared = 0

    def add(self, expression: str, text: str, depth: int = 0) -> None:
        """Note that what `expression` matches is left to the site.

        text: how that is called; depth: in how many blocks it stands, never less than before
        """
        if ANYTHING[0] in self._left:
            return
        found = patterns(expression)
        if len(self._left) + len(found) > MOST_LEFT:
            found = ANYTHING
        for pattern in found:
            self._left.setdefault(pattern, (text, depth))

    def forget(self, depth: int = 0) -> None:
        """Forget what stands so deep, or deeper."""
        self._left = {key: value for key, value in self._left.items() if value[1] < depth}

    def before(self, expression: str) -> str:
        """Return what may leave some of `expression` to the site, "" if nothing does."""
        if anything := self._left.get(ANYTHING[0]):
            return anything[0]
        mine = patterns(expression) if self._left else []
        self._compared += len(mine) * len(self._left)
        if self._left and self._compared > MOST_COMPARED:
            self._left[ANYTHING[0]] = last = next(reversed(self._left.values()))
            return last[0]
        for (theirs, (text, _depth)), pattern in product(self._left.items(), mine):
            if may_meet(pattern, theirs):
                return text
        return ""


def _with_escapes(pattern: str) -> str:
    """Return `pattern` with its percent signs as its expression has them: each begins an escape."""
    pattern = pattern.replace(_ENCODED["%"], "%")
    if _NO_ESCAPE.search(pattern):
        raise InexpressibleError(_("%s isn't known.") % "%")
    return pattern


def _check(kind: str, pattern: str) -> None:
    try:
        validators.wildcards(pattern, kind)
        if kind == "route":
            validators.route(pattern)
    except ValidationError as error:
        raise InexpressibleError(" ".join(error.messages)) from error


def _rules(parts: Parts) -> Iterator[tuple[str, str]]:
    """Yield kind and pattern of the rules for one of the alternatives of an expression."""
    is_open = not parts or parts[-1] is not Anchor.END
    body = [part for part in parts if not isinstance(part, Anchor)]
    if len(parts) - len(body) != (parts[:1] == (Anchor.BEGIN,)) + (not is_open):
        raise InexpressibleError(_("^ or $ stands within it."))
    if parts[:1] != (Anchor.BEGIN,) and body[:1] == ["."] and not is_open:
        body.insert(0, ALL)  # an extension, of whatever
    elif parts[:1] != (Anchor.BEGIN,) and body[:1] != [ALL]:
        raise InexpressibleError(_("it may match anywhere; begin it with ^."))
    if body[:1] != ["/"]:
        body.insert(0, "/")
    takes_rest = body[-1] is ALL
    if takes_rest:
        body.pop()
    stem = _pattern(body)
    has_parameters = any(isinstance(part, Converter) for part in body)
    if takes_rest and (has_parameters or not stem.endswith("/")):
        yield "route", f"{stem}<path:rest>"
        return
    covering = "prefix" if is_open or takes_rest else "exact"
    yield ("route" if has_parameters else covering), stem
    if is_open and f"<{ALL}:" not in stem:
        yield from _going_on(stem, has_parameters=has_parameters)


def _going_on(stem: str, *, has_parameters: bool) -> Iterator[tuple[str, str]]:
    """Yield the route for what goes on behind `stem` if its own rule doesn't cover that."""
    last = stem.rpartition("/")[2]
    if last and not _BRACKET.search(last):
        # A prefix covers whole segments.
        yield "route", f"{stem}<path:rest>"
    elif has_parameters:
        yield "route", f"{stem.rstrip('/')}/<path:rest>"


def _pattern(body: Sequence[Part]) -> str:
    has_parameters = any(isinstance(part, Converter) for part in body)
    text, count = "", 0
    for part, equals in groupby(body):
        if isinstance(part, Converter):
            count += 1
            text += f"<{part}:any{count}>"
        elif has_parameters and part in {"<", ">"}:
            raise InexpressibleError(_("it has an angle bracket."))
        elif part == "?":
            raise InexpressibleError(_("it asks for a query string."))
        else:
            text += _ENCODED.get(str(part), str(part)) * len(list(equals))
    return text


class _Parser:
    """The alternatives of an expression, each as a sequence of characters, converters, anchors."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def all(self) -> list[Parts]:
        found = self._alternatives()
        if self._at < len(self._text):
            raise InexpressibleError(_("a bracket is closed that wasn't opened."))
        return found

    def _alternatives(self) -> list[Parts]:
        found = self._sequence()
        while self._text.startswith("|", self._at):
            self._at += 1
            found += self._sequence()
        return found

    def _sequence(self) -> list[Parts]:
        found: list[Parts] = [()]
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            following = self._quantified(self._atom())
            goes_on = self._text[self._at :].strip(")$")
            if goes_on and following == [(), (ALL,)] and all(map(self._ends_segment, found)):
                # Nothing at all isn't meant: "/.php" isn't by "/.*\.php".
                del following[0]
            if len(found) * len(following) > MOST_RULES:
                raise InexpressibleError(_("it would take too many rules."))
            found = [(*before, *after) for before in found for after in following]
        return found

    def _ends_segment(self, parts: Parts) -> bool:
        return parts[-1] in {"/", Anchor.BEGIN} if parts else self._depth == 0

    def _quantified(self, atom: list[Parts]) -> list[Parts]:
        found = _QUANTIFIER.match(self._text, self._at)
        if not found:
            return atom
        self._at = found.end()
        if found[0][0] != "?":
            varies = len(atom) == 1 and len(atom[0]) == 1 and isinstance(atom[0][0], Converter)
            if not varies and (atom, found[0][0]) != ([("/",)], "+"):
                raise InexpressibleError(_("something is repeated with %s.") % found[0])
        may_be_missing = found[0][0] in "?*" or found["least"] == "0"
        return [(), *atom] if may_be_missing else atom

    def _atom(self) -> list[Parts]:
        character = self._text[self._at]
        if character == "(":
            return self._group()
        if character == "[":
            return self._set()
        self._at += 1
        if character in "^$":
            return [(Anchor(character),)]
        if character == "\\":
            return [(self._escaped(),)]
        if character in "*+?{":
            raise InexpressibleError(_("%s stands where it repeats nothing.") % character)
        # A dot that was meant as such: nobody writes a backslash before each.
        repeated = self._text[self._at : self._at + 1]
        return [(ALL if character == "." and repeated in {"*", "+", "{"} else character,)]

    def _escaped(self) -> Part:
        character = self._text[self._at : self._at + 1]
        self._at += 1
        if character in _CLASSES:
            return _CLASSES[character]
        if not character or character.isalnum():
            raise InexpressibleError(_("%s isn't known.") % f"\\{character}")
        return character

    def _group(self) -> list[Parts]:
        opened = _GROUP.match(self._text, self._at)
        self._depth += 1
        if not opened:
            raise InexpressibleError(_("%s isn't known.") % self._text[self._at : self._at + 3])
        if self._depth > DEEPEST:
            raise InexpressibleError(_("there are too many brackets in brackets."))
        self._at = opened.end()
        found = self._alternatives()
        if not self._text.startswith(")", self._at):
            raise InexpressibleError(_("a bracket isn't closed."))
        self._at += 1
        self._depth -= 1
        return found

    def _set(self) -> list[Parts]:
        if found := _UUID.match(self._text, self._at):
            self._at = found.end()
            # Django's has no capitals.
            return [(Converter("str" if "A-F" in found[0] else "uuid"),)]
        found = _SET.match(self._text, self._at)
        if not found:
            raise InexpressibleError(_("a bracket isn't closed."))
        self._at = found.end()
        within = found["within"]
        if found["negated"]:
            return [(Converter("str") if "/" in within else ALL,)]
        if _DIGITS.fullmatch(within):
            return [(Converter("int"),)]
        characters = re.sub(r"\\(\W)", r"\1", within)
        if "-" not in within[1:-1] and "\\" not in characters and not self._is_repeated():
            return [(each,) for each in characters]
        if _WORD.fullmatch(within):
            return [(Converter("slug"),)]
        return [(ALL if "/" in within else Converter("str"),)]

    def _is_repeated(self) -> bool:
        return self._text[self._at : self._at + 1] in {"*", "+", "{"}
