"""The words in the languages that the app speaks."""

import ast
import gettext
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django as django_package
import polib
import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import get_language_info, to_language
from django.utils.translation.template import templatize

import django_http_errors
from django_http_errors.core.statuses import STATUSES
from django_http_errors.core.words import heading

from ..samples import ROOT

PACKAGE = Path(django_http_errors.__path__[0])
LOCALE = PACKAGE / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
# What the README promises, beside English.
PROMISED = "ar cs da de es fr he it ja nl pl pt_BR sv tr uk zh_Hans".split()
# The languages that the admin is in, beside English.
EDITORS = ["de", "fr"]
# The context of all words for visitors: what is the same English for Django has another there.
CONTEXT = "http error"
# A call in what Django makes of a template for gettext.
_CALL = re.compile(r"\bn?p?gettext\((?:[^()\"']|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')*\)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_messages_are_those_of_the_source(language: str) -> None:
    """The compiled file is kept, so that a wheel can be built without gettext."""
    folder = LOCALE / language / "LC_MESSAGES"
    source = polib.pofile(str(folder / "django.po"))
    with (folder / "django.mo").open("rb") as compiled:
        messages = gettext.GNUTranslations(compiled)
    for entry in source:
        assert entry.translated(), entry.msgid
        assert not entry.obsolete, entry.msgid
        if entry.msgid_plural:
            forms = {plural_form(messages, entry, n) for n in range(200)}
            assert forms == set(entry.msgstr_plural.values())
        elif entry.msgctxt:
            assert messages.pgettext(entry.msgctxt, entry.msgid) == entry.msgstr
        else:
            assert messages.gettext(entry.msgid) == entry.msgstr


def test_no_french_line_begins_with_a_colon() -> None:
    """A narrow space that doesn't break stands before punctuation of two parts."""
    for entry in polib.pofile(str(LOCALE / "fr" / "LC_MESSAGES" / "django.po")):
        for translated in entry.msgstr_plural.values() or [entry.msgstr]:
            assert not re.search(r"(?<!\u202f)[;:!?\u00bb](?=\s|$)", translated), translated
            assert "'" not in translated


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext isn't installed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_gettext_finds_nothing_wrong(language: str) -> None:
    """Plural forms and placeholders are checked by what translators use, too."""
    source = LOCALE / language / "LC_MESSAGES" / "django.po"
    command = ["msgfmt", "--check", f"--output-file={os.devnull}", source]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.conformance("rfc9457-3-language")
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_status_is_explained_in_the_language(language: str) -> None:
    with translation.override("en"):
        english = [(str(each.title), str(each.detail)) for each in STATUSES.values()]
    with translation.override(language):
        theirs = [(str(each.title), str(each.detail)) for each in STATUSES.values()]
    for status, words, translated in zip(STATUSES, english, theirs, strict=True):
        assert words[0] != translated[0], status
        assert words[1] != translated[1], status
    # No status has the title, or the explanation, of another.
    for texts in zip(*theirs, strict=True):
        assert len(set(texts)) == len(STATUSES)


# What browsers send that is more than the language and its region.
SENT = {"zh_Hans": "zh-CN,zh;q=0.9,en;q=0.8", "pt_BR": "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7"}


@pytest.mark.conformance("rfc9110-12.5.4-language")
@pytest.mark.conformance("rfc9110-8.5-content-language")
@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_in_the_language_of_the_browser(language: str) -> None:
    code = to_language(language)
    sent = SENT.get(language, f"{code}-{code.upper()},{code};q=0.9,en;q=0.8")
    response = Client().get("/raise/404/", headers={"accept": "text/html", "accept-language": sent})
    assert response["Content-Language"] == code
    page = response.content.decode()
    direction = "rtl" if get_language_info(code)["bidi"] else "ltr"
    assert f'<html lang="{code}" dir="{direction}">' in page
    with translation.override(language):
        assert f"<h1>{heading(STATUSES[404].default_problem)}</h1>" in page


def test_the_promised_languages_are_there() -> None:
    """In the package, on the demo site, and as many as the documentation says."""
    assert sorted(LANGUAGES) == PROMISED
    assert sorted(dict(settings.LANGUAGES)) == sorted([*map(to_language, PROMISED), "en"])
    promise = f"in {len(PROMISED) + 1} languages"
    for path in ("README.rst", "docs/howto/translate.rst"):
        assert promise in " ".join((ROOT / path).read_text().split()), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_for_visitors_is_translated_and_no_other(language: str) -> None:
    """No guess of msgmerge's for a similar text either, which leaves its origin behind."""
    catalogue = polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po"))
    translated = {(each.msgctxt, each.msgid) for each in catalogue}
    texts = texts_of_the_source()
    assert translated <= texts
    assert {each for each in texts if each[0] == CONTEXT} <= translated
    for entry in catalogue:
        assert not entry.previous_msgid, entry.msgid
        assert "fuzzy" not in entry.flags, entry.msgid


@pytest.mark.parametrize("language", EDITORS)
def test_the_admin_is_in_the_language_throughout(language: str) -> None:
    """All that editors may read, unless Django has words for the same."""
    catalogue = polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po"))
    ours = {each.msgid for each in catalogue if each.msgctxt is None}
    django = set()
    for app in ("conf", "contrib/admin", "contrib/auth"):
        file = Path(django_package.__path__[0]) / app / f"locale/{language}/LC_MESSAGES/django.po"
        django |= {each.msgid for each in polib.pofile(str(file))}
    assert texts_for_editors() - ours - django == set()


def texts_for_editors() -> set[str]:
    sources = [PACKAGE / "models.py", PACKAGE / "validators.py"]
    for folder in ("admin", "explaining", "hiding", "import_export", "importing", "wagtail"):
        sources += (PACKAGE / folder).glob("*.py")
    found = {text for file in sources for text in texts_without_context(file.read_text())}
    for pattern in ("admin/**/*.html", "django_http_errors/wagtail*.html"):
        for call in calls_in_templates(pattern):
            found |= set(texts_without_context(call.strip()))
    return found


def texts_without_context(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            is_translated = node.func.id == "_" or "gettext" in node.func.id
            if is_translated and "pgettext" not in node.func.id:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    """A form that is for one number alone may say it: "two minutes" is one word in Arabic."""
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as compiled:
        messages = gettext.GNUTranslations(compiled)
    for entry in polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po")):
        expected = placeholders(entry.msgid)
        if not entry.msgid_plural:
            assert placeholders(entry.msgstr) == expected, entry.msgid
            continue
        numbers = Counter(plural_form(messages, entry, n) for n in range(200))
        for translated in entry.msgstr_plural.values():
            allowed = [expected, []] if numbers[translated] == 1 else [expected]
            assert placeholders(translated) in allowed, entry.msgid


def plural_form(messages: gettext.GNUTranslations, entry: polib.POEntry, n: int) -> str:
    if entry.msgctxt is None:
        return messages.ngettext(entry.msgid, entry.msgid_plural, n)
    return messages.npgettext(entry.msgctxt, entry.msgid, entry.msgid_plural, n)


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%\(\w+\)d|\{\w+\}|%", text))


def test_the_words_of_a_page_have_the_context() -> None:
    """One without it would be Django's, or the project's."""
    parts = ("error", "lists", "actions", "fragment", "base")
    calls = [
        call for part in parts for call in calls_in_templates(f"django_http_errors/{part}.html")
    ]
    assert calls
    assert not [call for call in calls if f"pgettext(u'{CONTEXT}', " not in call]


@cache
def texts_of_the_source() -> frozenset[tuple[str | None, str]]:
    """Return the context and the text of all that can be translated."""
    sources = [file.read_text() for file in PACKAGE.rglob("*.py")]
    sources += calls_in_templates("**/*.*")
    return frozenset(found for source in sources for found in texts_of_code(source))


def calls_in_templates(pattern: str) -> Iterator[str]:
    for file in (PACKAGE / "templates").glob(pattern):
        yield from (found[0] for found in _CALL.finditer(templatize(file.read_text())))


def texts_of_code(source: str) -> Iterator[tuple[str | None, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield None, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if "pgettext" in node.func.id and len(texts) > 1:
                yield texts[0], texts[1]
