"""The words for the final status, as editors wrote them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.utils import translation

from ..core.languages import ENGLISH
from ..http.urls import web_address
from ..problems import Action, Permanence, Problem
from ..validators import PLACEHOLDERS
from .matching import report_once
from .rows import MessageRow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")

# An address may be as long as the server takes it, an answer may not.
LONGEST_VALUE = 500


class Messages(tuple[MessageRow, ...]):
    """All messages, the most specific first."""

    __slots__ = ()

    def __new__(cls, rows: Iterable[MessageRow]) -> Self:
        usable = filter(_is_usable, rows)
        return super().__new__(cls, sorted(usable, key=lambda row: row.specificity, reverse=True))

    def matching(
        self, status: int, path_key: str, host: str, language: str
    ) -> Iterator[MessageRow]:
        """Yield the messages for an error, the most specific first."""
        return (row for row in self if row.is_for(status, path_key, host, language))


def _is_usable(row: MessageRow) -> bool:
    """Return whether `row` gives what a message has to; one made by hand may not."""
    try:
        _ = row.specificity, _members(row)
    except Exception as error:  # noqa: BLE001 - it must not keep the others from working
        report_once(repr(row), repr(error))
        return False
    return True


def apply_messages(
    problem: Problem,
    messages: Messages,
    path_key: str,
    host: str,
    language: str,
) -> Problem:
    """Return `problem` with the words of the most specific message.

    What that leaves blank comes from the next one, and at last from the problem itself.

    path_key: what `http.urls.path_key` makes of the decoded path
    host, language: in lower case, "" for unknown ones
    """
    found: dict[str, Any] = {}
    for _row, given in contributions(messages.matching(problem.status, path_key, host, language)):
        found.update(given)
    if "actions" in found:
        found["actions"] = (*problem.actions, *found["actions"])
    return problem.replaced(**found) if found else problem


def has_own_words(problem: Problem, rows: Iterable[MessageRow], *, is_sites_language: bool) -> bool:
    """Return whether title and detail, with the words of `rows`, are in the active language.

    That is: whether the project has translated them, or an editor has written them in it.

    is_sites_language: whether that is the site's own language, which what is written once for
        everybody is in
    """
    is_own = {name: _is_own(getattr(problem, name), is_sites_language) for name in _WORDS}
    for row, given in contributions(rows):
        for name in _WORDS & given.keys():
            is_own[name] = bool(row.language) or is_sites_language
    return all(is_own.values())


_WORDS = {"title", "detail"}


def _is_own(text: StrOrPromise, is_sites_language: bool) -> bool:
    if isinstance(text, str):
        return is_sites_language
    translated = str(text)
    # What a catalogue lacks, Django takes from the one of the site's language.
    others = {ENGLISH} if is_sites_language else {ENGLISH, settings.LANGUAGE_CODE}
    return all(_in_language(text, each) != translated for each in others)


def _in_language(text: StrOrPromise, language: str) -> str:
    with translation.override(language):
        return str(text)


def contributions(rows: Iterable[MessageRow]) -> Iterator[tuple[MessageRow, dict[str, Any]]]:
    """Yield each of `rows`, the most specific first, and the members that are its to give."""
    given_already: set[str] = set()
    for row in rows:
        given = {name: value for name, value in _members(row).items() if name not in given_already}
        given_already.update(given)
        yield row, given


def _members(row: MessageRow) -> dict[str, Any]:
    """Return the members of a problem that `row` has something for."""
    address = web_address(row.action_url)
    members = {
        "title": row.title,
        "detail": row.detail,
        "permanence": row.permanence and Permanence(row.permanence),
        "actions": row.action_label and address and (Action(row.action_label, address),),
    }
    return {name: value for name, value in members.items() if value}


def fill_placeholders(
    problem: Problem, original: Problem, values: Mapping[str, Callable[[], str]]
) -> Problem:
    """Return `problem` with the placeholders in its words replaced, as plain text.

    Only in the words of editors, that is where they aren't those of `original`.

    values: for each placeholder what gives its value; called only where it is used
    """

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]()[:LONGEST_VALUE]
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)

    changed = {}
    for name in ("title", "detail"):
        text = getattr(problem, name)
        if text is not getattr(original, name) and "{" in (text := str(text)):
            changed[name] = _PLACEHOLDER.sub(value, text)
    return problem.replaced(**changed) if changed else problem
