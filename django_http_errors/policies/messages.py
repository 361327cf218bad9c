"""The words for the final status, as editors wrote them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..addresses import pattern_key, web_address
from ..problems import Action, Permanence, Problem
from ..validation import PLACEHOLDERS
from .facts import Facts
from .matching import report

if TYPE_CHECKING:
    from ..models import ErrorMessage

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")

# An address may be as long as the server takes it, an answer may not.
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Message:
    """An `ErrorMessage` as the snapshot has it."""

    pk: int
    status: str
    language: str
    host: str
    path_prefix: str
    title: str
    detail: str
    permanence: str
    action_label: str
    action_url: str

    @classmethod
    def of(cls, row: ErrorMessage) -> Message:
        """Return `row` as the snapshot would have it; an unsaved one has the pk 0."""
        return cls(row.pk or 0, *(getattr(row, name) for name in FIELDS[1:]))

    @property
    def specificity(self) -> tuple[bool, int, int, int]:
        """The order in which messages are asked, the greatest first.

        Host, then path (the longer prefix), then status (exact, class, any), then language
        (with its region, without, any).
        """
        status = 2 if self.status.isdigit() else 1 if self.status else 0
        language = self.language.count("-") + 1 if self.language else 0
        return bool(self.host), len(pattern_key(self.path_prefix)), status, language

    def is_for(self, status: int, facts: Facts) -> bool:
        return (
            self.status in ("", str(status), f"{status // 100}xx")
            and (not self.host or self.host == facts.host)
            and _is_below(facts.key, pattern_key(self.path_prefix))
            and (
                not self.language
                or facts.language == self.language
                or facts.language.startswith(f"{self.language}-")
            )
        )


FIELDS = tuple(Message.__dataclass_fields__)


class Messages:
    """All messages, the most specific first; made once and never changed."""

    def __init__(self, rows: Iterable[Message]) -> None:
        usable = filter(_is_usable, rows)
        self._rows = tuple(sorted(usable, key=lambda row: row.specificity, reverse=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._rows)

    def matching(self, status: int, facts: Facts) -> Iterator[Message]:
        """Yield the messages for an error, the most specific first."""
        return (row for row in self._rows if row.is_for(status, facts))


def _is_usable(row: Message) -> bool:
    """Tell whether `row` gives what a message has to; one made by hand may not."""
    try:
        _ = row.specificity, _members(row)
    except Exception as error:  # noqa: BLE001 - it must not keep the others from working
        report(repr(row), repr(error))
        return False
    return True


def _is_below(key: str, prefix: str) -> bool:
    return not prefix or key == prefix or key.startswith(f"{prefix}/")


def choose(problem: Problem, facts: Facts, messages: Messages) -> Problem:
    """Return `problem` with the words of the most specific message.

    What that leaves blank comes from the next one, and at last from the problem itself.
    """
    if not len(messages):
        return problem
    found: dict[str, Any] = {}
    for _row, given in contributions(messages.matching(problem.status, facts)):
        found.update(given)
    if "actions" in found:
        found["actions"] = (*problem.actions, *found["actions"])
    return problem.replaced(**found) if found else problem


def contributions(rows: Iterable[Message]) -> Iterator[tuple[Message, dict[str, Any]]]:
    """Yield each of `rows`, the most specific first, and the members that are its to give."""
    given_already: set[str] = set()
    for row in rows:
        given = {name: value for name, value in _members(row).items() if name not in given_already}
        given_already.update(given)
        yield row, given


def _members(row: Message) -> dict[str, Any]:
    """Return the members of a problem that `row` has something for."""
    address = web_address(row.action_url)
    members = {
        "title": row.title,
        "detail": row.detail,
        "permanence": row.permanence and Permanence(row.permanence),
        "actions": row.action_label and address and (Action(row.action_label, address),),
    }
    return {name: value for name, value in members.items() if value}


def filled_in(
    problem: Problem, original: Problem, values: Mapping[str, Callable[[], str]]
) -> Problem:
    """Return `problem` with the placeholders in its words replaced, as plain text.

    Only in the words of editors, that is where they aren't those of `original`.

    values: for each placeholder what gives its value; called only where it is used
    """

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]()[:LONGEST_VALUE]
        return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)

    told = {}
    for name in ("title", "detail"):
        text = getattr(problem, name)
        if text is not getattr(original, name) and "{" in (text := str(text)):
            told[name] = _PLACEHOLDER.sub(value, text)
    return problem.replaced(**told) if told else problem
