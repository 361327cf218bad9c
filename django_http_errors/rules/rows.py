"""Rows of the three models as a snapshot has them: immutable, and without a database."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..http.urls import pattern_key

if TYPE_CHECKING:
    from ..models import ErrorMessage, PermanenceRule

# Among equals the older rule goes first, and an unsaved one is younger than all.
NEWEST = sys.maxsize


@dataclass(frozen=True, slots=True)
class PermanenceRow:
    """A `PermanenceRule`."""

    pk: int
    kind: str
    pattern: str
    host: str
    permanence: str
    reason: str
    replacement: str
    expected_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    ignore_case: bool

    @classmethod
    def of(cls, row: PermanenceRule) -> PermanenceRow:
        """Return `row` as the snapshot would have it; an unsaved one is the newest."""
        return cls(row.pk or NEWEST, *(getattr(row, name) for name in PERMANENCE_FIELDS[1:]))

    def is_valid(self, now: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class AnnouncedRow:
    """A `PermanenceRule` that isn't valid yet, and is to be announced until it is."""

    pk: int
    kind: str
    pattern: str
    host: str
    ignore_case: bool
    replacement: str
    created_at: datetime
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class HidingRow:
    """A `HidingRule`."""

    pk: int
    kind: str
    pattern: str
    host: str
    exempt: str
    fold_client_errors: bool

    @property
    def ignore_case(self) -> bool:
        """False: these are matched by keys that have no case."""
        return False


@dataclass(frozen=True, slots=True)
class MessageRow:
    """An `ErrorMessage`."""

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
    def of(cls, row: ErrorMessage) -> MessageRow:
        """Return `row` as the snapshot would have it; an unsaved one has the pk 0."""
        return cls(row.pk or 0, *(getattr(row, name) for name in MESSAGE_FIELDS[1:]))

    @property
    def specificity(self) -> tuple[bool, int, int, int]:
        """The order in which messages are asked, the greatest first.

        Host, then path (the longer prefix), then status (exact, class, any), then language
        (with its region, without, any).
        """
        status = 2 if self.status.isdigit() else 1 if self.status else 0
        language = self.language.count("-") + 1 if self.language else 0
        return bool(self.host), len(pattern_key(self.path_prefix)), status, language

    def is_for(self, status: int, path_key: str, host: str, language: str) -> bool:
        """Return whether the row has words for an error with `status` at an address.

        path_key: what `http.urls.path_key` makes of the decoded path
        host, language: in lower case, "" for unknown ones
        """
        prefix = pattern_key(self.path_prefix)
        return (
            self.status in ("", str(status), f"{status // 100}xx")
            and (not self.host or self.host == host)
            and (not prefix or path_key == prefix or path_key.startswith(f"{prefix}/"))
            and (
                not self.language
                or language == self.language
                or language.startswith(f"{self.language}-")
            )
        )


PERMANENCE_FIELDS = tuple(PermanenceRow.__dataclass_fields__)
ANNOUNCED_FIELDS = tuple(AnnouncedRow.__dataclass_fields__)
HIDING_FIELDS = tuple(HidingRow.__dataclass_fields__)
MESSAGE_FIELDS = tuple(MessageRow.__dataclass_fields__)
