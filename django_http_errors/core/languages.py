"""Which languages there are words for visitors in."""

from __future__ import annotations

from django.utils import translation

from ..conf import cached_until_settings_change
from .statuses import STATUSES

ENGLISH = "en"


@cached_until_settings_change
def is_spoken(language: str) -> bool:
    """Return whether there are words in `language`: by the app, or by a catalogue of the site's.

    language: the tag of a language; one of a region (``de-at``) has what the language has
    """
    if language.partition("-")[0].lower() == ENGLISH:
        return True
    with translation.override(None):
        as_written = _titles()
    with translation.override(language):
        return _titles() != as_written


def _titles() -> list[str]:
    return [str(each.title) for each in STATUSES.values()]
