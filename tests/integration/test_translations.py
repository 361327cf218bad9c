"""The words in the languages that the app speaks."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.utils import translation
from django.utils.translation.template import templatize

import django_http_errors
from django_http_errors.core.statuses import STATUSES

PACKAGE = Path(django_http_errors.__path__[0])
LOCALE = PACKAGE / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
# A text in what Django makes of a template for gettext.
_TRANSLATED = re.compile(r"""gettext\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


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


@pytest.mark.conformance("rfc9457-3-language")
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_is_of_a_text_that_there_is(language: str) -> None:
    """No guess of msgmerge's for a similar text either, which leaves its origin behind."""
    texts = set(texts_of_the_source())
    for entry in polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po")):
        assert entry.msgid in texts, entry.msgid
        assert not entry.previous_msgid, entry.msgid
        assert "fuzzy" not in entry.flags, entry.msgid


def texts_of_the_source() -> Iterator[str]:
    """Yield all strings of the package's code, and what its templates translate."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for file in (PACKAGE / "templates").rglob("*.*"):
        for found in _TRANSLATED.finditer(templatize(file.read_text())):
            yield ast.literal_eval(found[1])
