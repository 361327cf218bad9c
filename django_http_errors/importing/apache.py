"""Configurations of Apache: what mod_alias and mod_rewrite answer with 410."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from . import expressions
from .lines import LONGEST_LINE, Lines
from .rows import GONE, NO_COLUMNS, Parsed, ParsedRow, Remark, depends_on, literal, not_gone

_WORD = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:\\.|\S)+)""")
_SECTION = re.compile(r"\s*<(/?)\s*(\w++)[^>]*+>")
# Sections that hold for some requests only, and not for hosts, directories or modules.
_CONDITIONAL = frozenset(
    {"if", "elseif", "else", "files", "filesmatch", "location", "locationmatch"}
)
# Sections that change nothing of what their rules are for.
_TRANSPARENT = frozenset(
    {"ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective", "ifsection"}
)
# Flags of a rule after which no other is asked about what it matches.
_LAST = frozenset({"L", "LAST", "END", "PT", "PASSTHROUGH"})
_REDIRECTS = {"permanent": "301", "temp": "302", "seeother": "303"}
# What mod_alias knows; for mod_rewrite, "gone" is no status, and a redirect.
_STATUSES = {**_REDIRECTS, "gone": GONE}


def parse_apache(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield what is gone of a .htaccess or another configuration of Apache's."""
    apache = _Apache()
    for number, line in _continued(lines):
        if section := _SECTION.match(line):
            apache.enter(section[2].lower(), section[0].strip(), closes=bool(section[1]))
            continue
        words = [next(filter(None, found), "") for found in _WORD.findall(line)]
        read = getattr(apache, f"read_{words[0].lower()}", None) if words else None
        if read:
            yield from read(number, words[1:])


def _continued(lines: Lines) -> Iterator[tuple[int, str]]:
    """Yield lines with those that continue them, and where they begin."""
    number, size = 1, 0
    parts: list[str] = []
    for line in lines:
        number = number if parts else lines.number
        bare = line.rstrip("\r\n")
        size += len(bare)
        if bare.endswith("\\") and size < LONGEST_LINE:
            parts.append(bare[:-1])
        else:
            yield number, "".join([*parts, bare])
            parts, size = [], 0
    if parts:
        yield number, "".join(parts)


class _Apache:
    """The directives that are read, and what those before them say of them."""

    def __init__(self) -> None:
        self._sections: list[tuple[str, str]] = []
        self._conditions: list[str] = []
        self._base = "/"
        # The rule that the next ones depend on, and how many these are.
        self._deciding, self._decided = "", 0
        # What rules leave to the site, up to the end of their section.
        self._left = expressions.LeftToTheSite()

    def enter(self, name: str, text: str, *, closes: bool) -> None:
        """Enter a section, or leave it."""
        if not closes:
            self._sections.append((name, text))
        elif any(each == name for each, _text in self._sections):
            while self._sections.pop()[0] != name:
                pass
            if name not in _TRANSPARENT:
                self._decided = 0
            self._left.forget(self._scopes + 1)

    @property
    def _scopes(self) -> int:
        """How many sections are open whose rules are others than those around them."""
        return sum(name not in _TRANSPARENT for name, _text in self._sections)

    def read_redirect(self, line: int, words: list[str], status: str = "") -> Parsed:
        if not status and words and not words[0].startswith("/"):
            status = _STATUSES.get(words[0].lower(), words[0])
            words = words[1:]
        yield from self._gone(line, words, status or "302")

    def read_redirectpermanent(self, line: int, words: list[str]) -> Parsed:
        return self.read_redirect(line, words, "301")

    def read_redirecttemp(self, line: int, words: list[str]) -> Parsed:
        return self.read_redirect(line, words, "302")

    def read_redirectmatch(self, line: int, words: list[str]) -> Parsed:
        status = "302"
        if words and (words[0].lower() in _STATUSES or words[0].isdecimal()):
            status = _STATUSES.get(words[0].lower(), words[0])
            words = words[1:]
        yield from self._gone(line, words, status, is_expression=True)

    def read_rewritebase(self, line: int, words: list[str]) -> Parsed:
        self._base = words[0] if words else "/"
        yield from ()

    def read_rewritecond(self, line: int, words: list[str]) -> Parsed:
        self._conditions.append(" ".join(["RewriteCond", *words]))
        yield from ()

    def read_rewriterule(self, line: int, words: list[str]) -> Parsed:
        if not 2 <= len(words) <= 3:
            yield _not_known(line, "RewriteRule", words)
            return
        flags = dict(
            flag.strip().upper().partition("=")[::2]
            for flag in "".join(words[2:]).strip("[]").split(",")
        )
        expression = self._based(words[0])
        condition = ", ".join(self._conditions) or self._decider(expression)
        self._conditions = []
        status = flags.get("R", flags.get("REDIRECT"))
        if flags.keys() & {"G", "GONE"}:
            status = GONE
        elif flags.keys() & {"F", "FORBIDDEN"}:
            status = "403"
        if status is None:
            # It is answered by another page, or left to later rules, or to the site.
            self._note(words, flags, expression)
            return
        yield from self._gone(
            line,
            [expression],
            status if status.isdecimal() else _REDIRECTS.get(status.lower(), "302"),
            is_expression=True,
            ignore_case=bool(flags.keys() & {"NC", "NOCASE"}),
            condition=condition,
        )

    def _decider(self, expression: str) -> str:
        """Return the rule that decides whether one for `expression` is asked, "" for none."""
        if not self._decided:
            return self._left.before(expression)
        self._decided -= 1
        return self._deciding

    def _note(self, words: list[str], flags: Mapping[str, str], expression: str) -> None:
        """Note the rule if it decides whether those after it are asked."""
        rule = " ".join(["RewriteRule", *words])
        skips = flags.get("S", flags.get("SKIP", ""))
        count = int(skips[:9]) if skips.isdecimal() else len(flags.keys() & {"C", "CHAIN"})
        if count > self._decided:
            self._deciding, self._decided = rule, count
        # What it matches is left to the site, or to what answers there, as in WordPress all that is
        # no file is to index.php; it isn't gone by a rule below.
        if flags.keys() & _LAST:
            self._left.add(expression, rule, self._scopes)

    def _based(self, expression: str) -> str:
        """Return `expression` as it is compared with the whole path."""
        begins = expression.startswith("^")
        if not begins or expression.startswith("^/") or self._base == "/":
            return expression
        return f"^{re.escape(self._base.rstrip('/'))}/{expression[1:]}"

    def _gone(
        self,
        line: int,
        words: list[str],
        status: str,
        *,
        is_expression: bool = False,
        ignore_case: bool = False,
        condition: str = "",
    ) -> Parsed:
        within = next((text for name, text in self._sections if name in _CONDITIONAL), "")
        if status != GONE:
            yield Remark(line, not_gone(status))
        elif condition or within:
            yield Remark(line, depends_on(words[0] if words else GONE, condition or within))
        elif len(words) != 1:
            yield _not_known(line, f"Redirect {GONE}", words)
        else:
            cells: dict[str, Any] = {"permanence": "permanent"}
            if ignore_case:
                cells["ignore_case"] = True
            if is_expression:
                yield from expressions.rows(line, words[0], cells)
            else:
                # It holds for what is below it too.
                cells |= {"kind": "prefix", "pattern": literal(words[0])}
                yield ParsedRow(line, cells, headings=NO_COLUMNS)


def _not_known(line: int, directive: str, words: list[str]) -> Remark:
    """Return the remark on a directive with more words than it has, or fewer."""
    return Remark(line, _("%s isn't known.") % " ".join([directive, *words]))
