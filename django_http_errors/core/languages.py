"""The language of a request, and which ones there are words for visitors in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.urls import is_valid_path
from django.utils import translation

from ..conf import (
    LOCALE_MIDDLEWARE,
    cached_until_settings_change,
    has_middleware,
    http_errors,
)
from .statuses import STATUSES

ENGLISH = "en"


def language_of(
    request: HttpRequest, *, own: bool = True
) -> tuple[str, AbstractContextManager[Any] | None]:
    """Return the tag of the language of `request`, and what activates it; None if it is active.

    What is active is right unless the error came before LocaleMiddleware did: then it may be
    the language of the thread's last visitor.

    own: whether a view may have changed the language; what hides a view doesn't show that
    """
    language = getattr(request, "LANGUAGE_CODE", None)
    if language is None and http_errors.is_localised:
        language = language_asked_for(request)
        own = False
    active = translation.get_language() if own else None
    if active is not None:
        return active, None
    language = language or settings.LANGUAGE_CODE
    return language, translation.override(language)


def language_asked_for(request: HttpRequest) -> str:
    """Return the language that `LocaleMiddleware` would find for `request`."""
    urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    try:
        by_path, has_prefix_for_default = is_language_prefix_patterns_used(urlconf)
    except Exception:  # noqa: BLE001 - a broken URLconf is what Django answers, and logs
        by_path, has_prefix_for_default = False, True
    if by_path and not has_prefix_for_default:
        return translation.get_language_from_path(request.path_info) or settings.LANGUAGE_CODE
    return translation.get_language_from_request(request, check_path=by_path)


def language_of_visitor(request: HttpRequest) -> str:
    """Return the language that the site looks for a view in."""
    return language_asked_for(request) if http_errors.is_localised else settings.LANGUAGE_CODE


def language_redirect(path: str, language: str, urlconf: Any = None) -> str:
    """Return where `LocaleMiddleware` redirects a 404 at the decoded `path` to, "" for nowhere.

    language: that of the visitor
    urlconf: that of the request; None for the root one
    """
    if not redirects_to_language(urlconf) or translation.get_language_from_path(path):
        return ""
    try:
        language = translation.get_supported_language_variant(language)
    except LookupError:
        return ""  # No visitor has it.
    below = f"/{language}{path}"
    appends = settings.APPEND_SLASH and not path.endswith("/")
    with translation.override(language):
        for each in (below, f"{below}/") if appends else (below,):
            if is_valid_path(each, urlconf):
                return each
    return ""


def redirects_to_language(urlconf: Any = None) -> bool:
    """Return whether `LocaleMiddleware` redirects what is there only below a language."""
    try:
        is_used, is_for_default = is_language_prefix_patterns_used(urlconf or settings.ROOT_URLCONF)
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return False  # Django's own checks say what is wrong with it.
    return is_used and is_for_default and has_middleware(LOCALE_MIDDLEWARE)


@cached_until_settings_change
def is_translated(language: str) -> bool:
    """Return whether there are words in `language`: by the app, or by a catalogue of the site's.

    language: the tag of a language; one of a region (``de-at``) has what the language has
    """
    language, own = language.lower(), settings.LANGUAGE_CODE.lower()
    if language.partition("-")[0] == ENGLISH:
        return True
    # What a catalogue lacks, Django takes from the one of the site's language.
    is_own = f"{language}-".startswith(f"{own}-") or own.startswith(f"{language}-")
    others = [None] if is_own else [None, own]
    return _titles(language) not in [_titles(each) for each in others]


def _titles(language: str | None) -> list[str]:
    """Return the titles of all statuses in `language`, None for as they are written."""
    with translation.override(language):
        return [str(each.title) for each in STATUSES.values()]
