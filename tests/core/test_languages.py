"""The words of an answer are in one language, and labelled as that."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path
from django.utils import translation
from django.utils.functional import lazy

from django_http_errors.core.languages import is_translated
from django_http_errors.exceptions import Conflict, Gone, NotFound, ServiceUnavailable
from django_http_errors.models import HidingRule

from ..asking import FORMS, HIDING_MIDDLEWARE, HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site
from ..factories import ErrorMessageFactory, PermanenceRuleFactory

LOCALE = "django.middleware.locale.LocaleMiddleware"
TAKEN, TAKEN_KO = "This seat is taken.", "이미 예약된 좌석입니다."
HINT, HINT_KO = "Choose another one.", "다른 좌석을 선택하세요."


def own_lazy(**by_language: str) -> Any:
    """Return a text that the project has translated."""
    return lazy(lambda: by_language.get(translation.get_language() or "", by_language["en"]), str)()


class Translated(Conflict):
    title = own_lazy(en=TAKEN, ko=TAKEN_KO)
    detail = own_lazy(en=HINT, ko=HINT_KO)


class HalfTranslated(Conflict):
    detail = own_lazy(en=HINT, ko=HINT_KO)


class Plain(Conflict):
    title = TAKEN
    detail = HINT


ERRORS = {
    "missing": NotFound,
    "gone": Gone,
    "unavailable": ServiceUnavailable,
    "translated": Translated,
    "half": HalfTranslated,
    "plain": Plain,
}


def fail(request: HttpRequest, name: str) -> None:
    raise ERRORS[name]


async def fail_async(request: HttpRequest, name: str) -> None:
    raise ERRORS[name]


urlpatterns = [path("async/<name>/", fail_async), path("<name>/", fail)]


@pytest.fixture(autouse=True)
def languages(settings: Any) -> None:
    """Visitors may ask for Korean, which Django has words in and the app has none."""
    settings.LANGUAGES = [(code, code) for code in ("en", "de", "he", "ko", "en-gb", "de-at")]
    settings.LANGUAGE_CODE = "en"
    settings.MIDDLEWARE = [LOCALE, MIDDLEWARE]
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", True), ("en-gb", True), ("de", True), ("de-at", True), ("ko", False), ("eo", False)],
)
def test_what_has_a_catalogue_is_translated(code: str, expected: bool) -> None:
    with translation.override("he"):
        assert is_translated(code) is expected
        assert translation.get_language() == "he"


@pytest.mark.parametrize("own", ["de", "de-at"])
def test_what_is_in_the_language_of_the_site_is_not_in_another(settings: Any, own: str) -> None:
    """Django takes from the site's catalogue what another one lacks."""
    settings.LANGUAGE_CODE = own
    assert all(map(is_translated, ("de", own, "he", "en")))
    assert not any(map(is_translated, ("ko", "eo")))
    page = Client().get("/a/b/c/", headers={"accept": JSON, "accept-language": "ko"})
    assert (page["Content-Language"], page.json()["title"]) == ("en", "Not Found")


@pytest.mark.conformance("rfc9110-8.5-content-language")
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["missing", "gone", "unavailable", "half", "plain"])
def test_what_has_no_catalogue_is_english_as_a_whole(site: Site, name: str) -> None:
    for form in FORMS:
        korean = site.get(name, form, accept_language="ko", x_request_id="ab-12")
        english = site.get(name, form, accept_language="en", x_request_id="ab-12")
        assert korean["Content-Language"] == "en"
        assert korean["Vary"] == english["Vary"]
        assert korean.content == english.content
    assert b'<html lang="en" dir="ltr">' in site.get(name, HTML, accept_language="ko").content


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["before", "after"])
def test_an_error_outside_of_the_language_is_english_too(site: Site, where: str) -> None:
    missing = "tests.middleware.MissingIn"
    middleware = [missing, LOCALE] if where == "before" else [LOCALE, missing]
    with override_settings(MIDDLEWARE=[MIDDLEWARE, *middleware]):
        response = site.get("missing", JSON, accept_language="ko")
    assert response["Content-Language"] == "en"
    assert response.json()["title"] == "Not Found"


@pytest.mark.django_db
def test_what_the_project_translates_stays_in_the_language(site: Site) -> None:
    response = site.get("translated", JSON, accept_language="ko")
    assert response["Content-Language"] == "ko"
    assert (response.json()["title"], response.json()["detail"]) == (TAKEN_KO, HINT_KO)
    page = site.get("translated", HTML, accept_language="ko").content.decode()
    assert '<html lang="ko" dir="ltr">' in page
    # What it has half is in English, with the rest.
    response = site.get("half", JSON, accept_language="ko")
    assert (response.json()["title"], response.json()["detail"]) == ("Conflict", HINT)


ROWS = {
    "": {"title": "For all", "detail": "All of it"},
    "ko": {"title": "페이지 없음", "detail": "없습니다"},
    "ko, half": {"language": "ko", "title": "페이지 없음", "detail": ""},
    "en": {"title": "Nothing here", "detail": "Nothing"},
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "language", "title"),
    [
        (["ko"], "ko", "페이지 없음"),
        (["ko", "en", ""], "ko", "페이지 없음"),
        (["ko, half", ""], "en", "For all"),
        (["ko, half", "en"], "en", "Nothing here"),
        (["en"], "en", "Nothing here"),
        ([""], "en", "For all"),
    ],
)
def test_what_editors_write_in_the_language(
    site: Site, rows: list[str], language: str, title: str
) -> None:
    for each in rows:
        ErrorMessageFactory(path_prefix="", **{"language": each, **ROWS[each]})
    response = site.get("missing", JSON, accept_language="ko")
    assert (response["Content-Language"], response.json()["title"]) == (language, title)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["missing", "plain"])
def test_what_is_written_for_all_is_in_the_language_of_the_site(site: Site, name: str) -> None:
    ErrorMessageFactory(path_prefix="", language="", **ROWS[""])
    with override_settings(LANGUAGE_CODE="ko"):
        assert site.get(name, JSON, accept_language="ko")["Content-Language"] == "ko"
        assert site.get("gone", JSON, accept_language="ko")["Content-Language"] == "en"


@pytest.mark.django_db
def test_a_rule_decides_which_words_are_asked_for(site: Site) -> None:
    """The message is one for 404, and what is sent is a 410."""
    ErrorMessageFactory(path_prefix="", language="ko", **ROWS["ko"])
    PermanenceRuleFactory(pattern=site.path("missing"))
    response = site.get("missing", JSON, accept_language="ko")
    assert (response.status_code, response["Content-Language"]) == (410, "en")
    assert response.json()["title"] == "Gone"


@pytest.mark.django_db
def test_a_page_of_the_projects_stays_in_the_language(site: Site, project_pages: Any) -> None:
    page = "{% load i18n %}{% get_current_language as code %}{{ code }} {{ problem.status }}"
    project_pages({"404.html": page})
    response = site.get("missing", HTML, accept_language="ko")
    assert (response["Content-Language"], response.content) == ("ko", b"ko 404")
    for form in (PROBLEM, JSON, TEXT):
        assert site.get("missing", form, accept_language="ko")["Content-Language"] == "en"
    assert site.get("gone", HTML, accept_language="ko")["Content-Language"] == "en"


def deactivating(request: HttpRequest) -> None:
    translation.deactivate_all()
    raise NotFound


@pytest.mark.django_db
def test_where_no_language_is_active_it_is_the_sites(settings: Any) -> None:
    """What is remembered of that answer is what others get."""
    settings.LANGUAGE_CODE = "de"
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [path("x/", deactivating)]})
    for address in ("/x/", "/y/", "/x/"):
        with translation.override("de"):
            members = Client().get(address, headers={"accept": JSON})
        assert (members["Content-Language"], members.json()["title"]) == ("de", "Nicht gefunden")


@pytest.mark.django_db
@pytest.mark.parametrize("has_prefix", [True, False])
def test_what_is_hidden_is_in_the_language_of_its_address(settings: Any, has_prefix: bool) -> None:
    """As all that isn't found beside it: by the prefix, and not by the browser."""
    missing = i18n_patterns(path("nothing-else/", deactivating), prefix_default_language=has_prefix)
    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": missing})
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, LOCALE, MIDDLEWARE]
    for pattern in ("/vault/", "/de/vault/"):
        HidingRule.objects.create(kind="prefix", pattern=pattern)
    for start in ("", "/de"):
        for asked in ("en", "de"):
            languages = [
                Client().get(f"{start}{rest}", headers={"accept-language": asked})[
                    "Content-Language"
                ]
                for rest in ("/vault/x/", "/elsewhere/")
            ]
            assert languages[0] == languages[1], (start, asked)


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["de", "he", "ar"])
def test_without_translation_all_is_english(
    site: Site, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Django translates nothing then, whatever LANGUAGE_CODE says."""
    with override_settings(USE_I18N=False, LANGUAGE_CODE=code, MIDDLEWARE=[MIDDLEWARE]):
        # Django finds out once whether it translates.
        monkeypatch.setattr(translation, "_trans", type(translation._trans)())
        response = site.get("missing", HTML)
    assert response["Content-Language"] == "en"
    assert b'<html lang="en" dir="ltr">' in response.content


@pytest.mark.django_db
def test_a_catalogue_that_cant_be_read_leaves_english(
    site: Site, monkeypatch: pytest.MonkeyPatch, own_records: list
) -> None:
    def broken(language: str) -> bool:
        raise OSError

    monkeypatch.setattr("django_http_errors.core.pipeline.is_translated", broken)
    assert site.get("missing", JSON, accept_language="de")["Content-Language"] == "en"
    assert len(own_records) == 1
