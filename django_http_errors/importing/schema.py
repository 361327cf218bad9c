"""How the rows of a model stand in a file: which columns there are, and what a cell means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from .. import validators
from ..explaining.explanation import answered_today
from ..http.urls import decoded_path
from ..models import BaseRule, ErrorMessage, MatchType, PermanenceRule
from ..rules import permanence
from ..rules.rows import PermanenceRow
from . import advice
from .addresses import Cells, literally, understood
from .rows import Headings

_FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "on", "active", "enabled"), True),
    **dict.fromkeys(("false", "0", "no", "off", "disabled"), False),
}
# Texts that are kept to the letter; of the others, no space at the ends is meant.
_VERBATIM = frozenset({"replacement", "title", "action_label", "action_url"})


@dataclass(frozen=True)
class ImportSchema:
    """How the rows of a model stand in a file.

    key: the columns that no two rows have in common, which a row that leaves one out has blank;
    found_by: the one of them by which rows are looked up
    content: what else a row says; a column that a file doesn't have leaves a known row as it is
    provenance: where a row comes from, and when: believed of a row that is new, so that an
    export can be restored as it was, and no reason to change one that is there
    assumed: what is taken for a column that is left out, if that isn't the field's default
    understood: makes of the cells of a row, and of the headings of their columns, the cells that
    were meant, and remarks on that
    remarks: yields what somebody should know of new rows, each with the place among them
    doubts: yields what an editor would have to confirm of new rows, in the same way
    """

    model: type[BaseRule]
    key: tuple[str, ...]
    found_by: str
    content: tuple[str, ...]
    provenance: tuple[str, ...] = ()
    assumed: Mapping[str, object] = field(default_factory=dict)
    understood: Callable[[Cells, Headings], tuple[Cells, list[str]]] = lambda cells, _: (cells, [])
    remarks: Callable[[Sequence[Any]], Iterator[tuple[int, str]]] = lambda rows: iter(())
    doubts: Callable[[Sequence[Any]], Iterator[tuple[int, str]]] = lambda rows: iter(())

    @property
    def columns(self) -> tuple[str, ...]:
        return self.key + self.content + self.provenance

    @cached_property
    def _readers(self) -> dict[str, Callable[[object], object]]:
        return {name: _reader(self.field(name)) for name in self.columns}

    def field(self, column: str) -> Any:
        return self.model._meta.get_field(column)

    def default(self, column: str) -> object:
        """Return what a blank cell of `column` means."""
        return self.assumed[column] if column in self.assumed else self.field(column).get_default()

    def value(self, column: str, cell: object) -> object:
        """Return the valid value that `cell` means; raise ValidationError if it means none."""
        value = None if cell is None or cell == "" else self._readers[column](cell)
        if value is not None:
            return self.field(column).clean(value, None)
        value = self.default(column)
        # A default needs no check, unless a blank is none.
        return self.field(column).clean(value, None) if column in self.key else value


def _doubts_of_rules(rows: Sequence[PermanenceRule]) -> Iterator[tuple[int, str]]:
    """Yield which of `rows` is for everything."""
    for place, row in enumerate(rows):
        if _is_for_everything(row):
            yield place, _everything(row.host)


def _remarks_on_rules(rows: Sequence[PermanenceRule]) -> Iterator[tuple[int, str]]:
    """Yield what answers today at the addresses of `rows`, and which of them change nothing."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        # A route with a parameter has no address of its own.
        if row.kind != MatchType.ROUTE or "<" not in row.pattern:
            places.setdefault(unquote(row.pattern), []).append(place)
    exact = {unquote(row.pattern) for row in rows if row.kind == MatchType.EXACT}
    for path, text in answered_today(places, exact):
        for place in places[path]:
            yield place, text
    yield from advice.without_effect(rows)


def _is_for_everything(row: PermanenceRule) -> bool:
    # To compare addresses takes long, and such a rule begins with nothing but a slash.
    return permanence.literal(row.pattern) == "" and permanence.covers_everything(
        PermanenceRow.of(row)
    )


def _everything(host: str) -> str:
    """Say of which site a rule covers all that isn't found."""
    if not host:
        return _("This rule is for every address of the site that is not found.")
    return _("This rule is for every address of %(host)s that is not found.") % {"host": host}


RULES = ImportSchema(
    PermanenceRule,
    key=("kind", "pattern", "host"),
    found_by="pattern",
    content=(
        "permanence",
        "reason",
        "replacement",
        "expected_at",
        "valid_from",
        "valid_until",
        "announce",
        "ignore_case",
        "group",
        "enabled",
        "note",
    ),
    provenance=("source", "created_at", "updated_at"),
    assumed={"source": PermanenceRule.Source.IMPORT.value},
    understood=understood,
    remarks=_remarks_on_rules,
    doubts=_doubts_of_rules,
)
MESSAGES = ImportSchema(
    ErrorMessage,
    key=("status", "language", "host", "path_prefix"),
    found_by="path_prefix",
    content=("title", "detail", "permanence", "action_label", "action_url", "enabled"),
)


def cell_of(column: str, value: object, kind: str) -> object:
    """Return the `value` that a row has in `column` as a file has it.

    kind: that of the rule, "" for what is none
    """
    return literally(str(value), kind) if column == "pattern" else written(value)


def written(value: object) -> object:
    """Return the `value` of a field as a text that can be read again, if it isn't plain."""
    if isinstance(value, datetime):
        return (value if timezone.is_naive(value) else value.astimezone(UTC)).isoformat()
    return value


def _reader(column: Any) -> Callable[[object], object]:
    if isinstance(column, models.BooleanField):
        return _flag
    if isinstance(column, models.DateTimeField):
        return _moment
    if validators.path in column.validators:
        return partial(_path, column)
    if isinstance(column, models.TextField) or column.name in _VERBATIM:
        return _text
    if column.choices:
        return partial(_choice, column)
    return _stripped


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)  # {"status": 404}
    raise ValidationError(_("A text is expected here."))


def _stripped(cell: object) -> str | None:
    return _text(cell).strip() or None


def _path(column: Any, cell: object) -> str | None:
    text = _stripped(cell)
    # What is percent-encoded is longer than what is stored.
    if text is not None and len(text) > column.max_length and text.isprintable():
        return decoded_path(text)
    return text


def _choice(column: Any, cell: object) -> str | None:
    """Return the choice that a text means: its value, or what it is called in the admin."""
    word = _text(cell).strip()
    choices = {str(label).lower(): value for value, label in column.flatchoices}
    values = [value for value, _label in column.flatchoices if value]
    choices |= {value: value for value in values}
    if word and word.lower() not in choices:
        text = _("%(value)s is none of these: %(list)s.")
        raise ValidationError(text % {"value": word, "list": ", ".join(values)})
    return choices.get(word.lower()) or None


def _flag(cell: object) -> bool | None:
    if isinstance(cell, bool):
        return cell
    word = _text(cell).strip().lower()
    if word and word not in _FLAGS:
        raise ValidationError(_("Write true or false here, and not %s.") % cell)
    return _FLAGS.get(word)


def _moment(cell: object) -> datetime | None:
    """Return the time that a text means, in the current time zone if it names none.

    It is as ISO 8601 has it, or as the language that is spoken now does.
    """
    if isinstance(cell, datetime):
        return cell
    text = _text(cell).strip()
    if not text:
        return None
    try:
        moment = _naive_or_aware(text)
        if settings.USE_TZ:
            aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
            timezone.localtime(aware)  # As editors are shown it.
            return aware.astimezone(UTC)
        return moment if timezone.is_naive(moment) else timezone.make_naive(moment)
    except (ValueError, OverflowError) as error:
        raise ValidationError(
            _("%s is no date. Write it as 2030-12-31 or as 2030-12-31T18:00:00+01:00.") % text
        ) from error


# A day and a month that are written so go first in one country and last in another.
_EITHER = re.compile(r"(\d+)/(\d+)/\d{2,4}\b")


def _naive_or_aware(text: str) -> datetime:
    """Return the time that `text` means; raise ValueError if it means none, or more than one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        either = _EITHER.match(text)
        if either and either[1] != either[2] and int(either[1]) <= 12 >= int(either[2]):
            raise
    for name in ("DATETIME_INPUT_FORMATS", "DATE_INPUT_FORMATS"):
        for each in formats.get_format(name):
            with suppress(ValueError):
                return datetime.strptime(text, each)  # noqa: DTZ007 - in the current zone
    raise ValueError(text)
