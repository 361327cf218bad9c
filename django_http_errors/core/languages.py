"""The language of a request, and which ones there are words for visitors in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from ..conf import cached_until_settings_change, http_errors
from .statuses import STATUSES

ENGLISH = "en"
NO_OVERRIDE: AbstractContextManager[Any] = nullcontext()


def language_of(
    request: HttpRequest, *, own: bool = True
) -> tuple[str, AbstractContextManager[Any]]:
    """Return the tag of the language of `request`, and what activates it.

    What is active is right unless the error came before LocaleMiddleware did: then it may be
    the language of the thread's last visitor.

    own: whether a view may have changed the language; what hides a view doesn't show that
    """
    language = getattr(request, "LANGUAGE_CODE", None)
    if language is None and http_errors.is_localised:
        language = translation.get_language_from_request(request)
        own = False
    if own:
        return translation.get_language() or settings.LANGUAGE_CODE, NO_OVERRIDE
    language = language or settings.LANGUAGE_CODE
    return language, translation.override(language)


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
