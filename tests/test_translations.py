"""The words in the languages that the app speaks."""

import gettext
from pathlib import Path

import polib
import pytest
from django.utils import translation

import django_http_errors
from django_http_errors.core.statuses import STATUSES

LOCALE = Path(django_http_errors.__path__[0]) / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_messages_are_those_of_the_source(language: str) -> None:
    """The compiled file is kept, so that a wheel can be built without gettext."""
    folder = LOCALE / language / "LC_MESSAGES"
    source = polib.pofile(str(folder / "django.po"))
    with (folder / "django.mo").open("rb") as compiled:
        messages = gettext.GNUTranslations(compiled)
    for entry in source:
        assert entry.translated() or entry.obsolete, entry.msgid
        if not entry.msgid_plural and not entry.obsolete:
            assert messages.gettext(entry.msgid) == entry.msgstr


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", sorted(STATUSES))
def test_each_status_is_explained_in_the_language(language: str, status: int) -> None:
    entry = STATUSES[status]
    with translation.override("en"):
        english = str(entry.title), str(entry.detail)
    with translation.override(language):
        theirs = str(entry.title), str(entry.detail)
    assert english[0] != theirs[0]
    assert english[1] != theirs[1]
