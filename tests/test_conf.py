"""Settings: each with a default, values that it takes and values that it doesn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.middleware.locale import LocaleMiddleware
from django.test import override_settings

from django_http_errors import conf
from django_http_errors.conf import SETTINGS, http_errors, setting_errors

RENDERERS = tuple(
    f"django_http_errors.http.renderers.{name}"
    for name in ("HTMLRenderer", "ProblemJSONRenderer", "JSONRenderer", "TextRenderer")
)

DEFAULTS: dict[str, Any] = {
    "CACHE_CONTROL": {"4xx": "no-store", "5xx": "no-store"},
    "CHALLENGES": ('Session realm="site"',),
    "DEFAULT_HANDLERS": True,
    "DEFAULT_MEDIA_TYPES": (("/", "text/html"),),
    "EXCEPTIONS": {},
    "LOGIN_CHALLENGE": False,
    "MISSING_PAGES": False,
    "RENDERERS": RENDERERS,
    "REFRESH_SECONDS": 5.0,
    "REQUEST_ID": "",
    "REQUEST_ID_HEADER": "X-Request-ID",
    "SITE_NAME": "",
}

# Each: the setting, what a project writes, what the app uses.
GOOD: list[tuple[str, Any, Any]] = [
    ("CACHE_CONTROL", {}, DEFAULTS["CACHE_CONTROL"]),
    (
        "CACHE_CONTROL",
        {404: "max-age=60", "5xx": "private"},
        {404: "max-age=60", "4xx": "no-store", "5xx": "private"},
    ),
    ("CACHE_CONTROL", {410: "a"}, {410: "a", "4xx": "no-store", "5xx": "no-store"}),
    ("CACHE_CONTROL", {400: "a", 599: "b"}, {**DEFAULTS["CACHE_CONTROL"], 400: "a", 599: "b"}),
    ("CHALLENGES", ["Basic", "Bearer"], ("Basic", "Bearer")),
    ("CHALLENGES", ("Basic",), ("Basic",)),
    ("CHALLENGES", ['Basic realm="Tür"'], ('Basic realm="Tür"',)),
    ("DEFAULT_HANDLERS", False, False),
    ("DEFAULT_MEDIA_TYPES", {}, (("/", "text/html"),)),
    (
        "DEFAULT_MEDIA_TYPES",
        {"/api/": "Application/JSON", "/api/pages/": "text/html", "/x/": "text/plain"},
        (
            ("/api/pages/", "text/html"),
            ("/api/", "application/json"),
            ("/x/", "text/plain"),
            ("/", "text/html"),
        ),
    ),
    ("DEFAULT_MEDIA_TYPES", {"/": "text/plain"}, (("/", "text/plain"),)),
    ("DEFAULT_MEDIA_TYPES", {"/": "application/vnd.x+json"}, (("/", "application/vnd.x+json"),)),
    ("EXCEPTIONS", {"shop.OutOfStock": 409}, {"shop.OutOfStock": 409}),
    ("EXCEPTIONS", {"a.B": 400, "a.C": 599}, {"a.B": 400, "a.C": 599}),
    ("EXCEPTIONS", {"a.B": "a.problem_of"}, {"a.B": "a.problem_of"}),
    ("LOGIN_CHALLENGE", True, True),
    ("MISSING_PAGES", True, True),
    ("RENDERERS", ["shop.XMLRenderer"], ("shop.XMLRenderer",)),
    ("REFRESH_SECONDS", 0, 0.0),
    ("REFRESH_SECONDS", 0.5, 0.5),
    ("REQUEST_ID", "shop.ids.current", "shop.ids.current"),
    ("REQUEST_ID", "", ""),
    ("REQUEST_ID_HEADER", "X-Correlation-ID", "X-Correlation-ID"),
    ("REQUEST_ID_HEADER", "", ""),
    ("SITE_NAME", "The Shop", "The Shop"),
    ("SITE_NAME", "", ""),
]

# Each: the setting, what it doesn't take.
ILL_TYPED: list[tuple[str, Any]] = [
    *((name, None) for name in DEFAULTS),
    *((name, 404) for name in DEFAULTS if name != "REFRESH_SECONDS"),
    *((name, object()) for name in DEFAULTS),
    *((name, "text") for name in DEFAULTS if name not in ("REQUEST_ID_HEADER", "SITE_NAME")),
    *((name, {1: 2}) for name in DEFAULTS),
    ("CACHE_CONTROL", {"404": "no-store"}),
    ("CACHE_CONTROL", {399: "no-store"}),
    ("CACHE_CONTROL", {600: "no-store"}),
    ("CACHE_CONTROL", {"3xx": "no-store"}),
    ("CACHE_CONTROL", {404: 60}),
    ("CACHE_CONTROL", {404: None}),
    ("CACHE_CONTROL", ["no-store"]),
    *(("CACHE_CONTROL", {404: value}) for value in ("a\nb", "\nno-store\n", "a\rb", "a\0", "日")),
    ("CHALLENGES", []),
    ("CHALLENGES", [""]),
    ("CHALLENGES", ["Basic", None]),
    ("CHALLENGES", {"Basic": "x"}),
    *(("CHALLENGES", ["Basic", value]) for value in ("a\nb", "\nBasic\n", "a\0", " ", "日")),
    ("DEFAULT_MEDIA_TYPES", {"api/": "text/html"}),
    ("DEFAULT_MEDIA_TYPES", {"": "text/html"}),
    ("DEFAULT_MEDIA_TYPES", {"/api/": None}),
    ("DEFAULT_MEDIA_TYPES", [("/api/", "text/html")]),
    *(
        ("DEFAULT_MEDIA_TYPES", {"/api/": value})
        for value in ("json", "", "text/", "/html", "text/plain; charset=utf-8", "a/b/c", "a b/c")
    ),
    ("EXCEPTIONS", {"a.B": 399}),
    ("EXCEPTIONS", {"a.B": 600}),
    ("EXCEPTIONS", {"a.B": "404"}),
    ("EXCEPTIONS", {"a.B": None}),
    ("EXCEPTIONS", {ValueError: 404}),
    ("DEFAULT_HANDLERS", 1),
    ("DEFAULT_HANDLERS", "False"),
    ("LOGIN_CHALLENGE", 0),
    ("MISSING_PAGES", 1),
    ("RENDERERS", []),
    ("RENDERERS", [""]),
    ("RENDERERS", [dict]),
    ("RENDERERS", {"text/html": "a.B"}),
    ("REFRESH_SECONDS", -1),
    ("REFRESH_SECONDS", 3601),
    ("REFRESH_SECONDS", float("nan")),
    ("REQUEST_ID", "no_path"),
    ("REQUEST_ID", len),
    *(("REQUEST_ID_HEADER", name) for name in ("X Request ID", "X-Request-ID:", "X\n", "É", "\0")),
    ("REQUEST_ID_HEADER", ["X-Request-ID"]),
    ("REQUEST_ID_HEADER", b"X-Request-ID"),
]


def test_every_setting_is_tested() -> None:
    assert set(SETTINGS) == set(DEFAULTS)
    assert {name for name, *_ in GOOD} == set(DEFAULTS)
    assert {name for name, *_ in ILL_TYPED} == set(DEFAULTS)


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("given", [{}, None, "no dict", ["RENDERERS"]])
def test_without_a_dict_to_read_every_setting_has_its_default(name: str, given: Any) -> None:
    with override_settings(HTTP_ERRORS=given):
        assert getattr(http_errors, name) == DEFAULTS[name]


@pytest.mark.parametrize("name", DEFAULTS)
def test_without_the_dict_every_setting_has_its_default(name: str, settings: Any) -> None:
    settings.HTTP_ERRORS = {}
    del settings.HTTP_ERRORS
    assert getattr(http_errors, name) == DEFAULTS[name]
    assert list(setting_errors()) == []


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_a_value_that_the_setting_takes(name: str) -> None:
    with override_settings(HTTP_ERRORS={name: SETTINGS[name].default}):
        assert list(setting_errors()) == []
        assert getattr(http_errors, name) == DEFAULTS[name]


@pytest.mark.parametrize(("name", "given", "used"), GOOD)
def test_a_good_value_is_used(name: str, given: Any, used: Any) -> None:
    with override_settings(HTTP_ERRORS={name: given}):
        assert getattr(http_errors, name) == used
        assert list(setting_errors()) == []
    with override_settings(HTTP_ERRORS={}):
        assert getattr(http_errors, name) == DEFAULTS[name]


@pytest.mark.parametrize(("name", "given"), ILL_TYPED)
def test_an_ill_typed_value_is_reported_and_the_default_is_used(name: str, given: Any) -> None:
    with override_settings(HTTP_ERRORS={name: given}):
        assert getattr(http_errors, name) == DEFAULTS[name]
        (error,) = setting_errors()
    assert (error.name, error.unknown) == (name, False)
    assert error.message.endswith("is expected")


def test_the_other_settings_are_not_touched_by_an_ill_typed_one() -> None:
    with override_settings(HTTP_ERRORS={"CHALLENGES": None, "REQUEST_ID_HEADER": "X-Id"}):
        assert http_errors.REQUEST_ID_HEADER == "X-Id"


def test_an_unknown_setting_is_reported() -> None:
    with override_settings(HTTP_ERRORS={"RENDERER": [], 5: 6, "CHALLENGES": ["Basic"]}):
        assert [(error.name, error.unknown) for error in setting_errors()] == [
            ("RENDERER", True),
            ("5", True),
        ]


@pytest.mark.parametrize("given", [None, "text", [], 0])
def test_a_dict_that_is_none_is_reported(given: Any) -> None:
    with override_settings(HTTP_ERRORS=given):
        assert [error[1:] for error in setting_errors()] == [(False, "a dict is expected")]


def test_what_the_project_writes_is_not_changed() -> None:
    given = {404: "private"}
    with override_settings(HTTP_ERRORS={"CACHE_CONTROL": given}):
        assert http_errors.CACHE_CONTROL[404] == "private"
    assert given == {404: "private"}
    assert http_errors.CACHE_CONTROL is not conf.CACHE_CONTROL_DEFAULT


def test_a_value_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are read for every error: that must cost no more than a lookup."""
    calls = []

    def counting(validate: Callable[[object], object]) -> Callable[[object], object]:
        def count(value: object) -> object:
            calls.append(value)
            return validate(value)

        return count

    setting = SETTINGS["CHALLENGES"]
    monkeypatch.setattr(setting, "validate", counting(setting.validate))
    for given in (["Basic"], ["Bearer"]):
        with override_settings(HTTP_ERRORS={"CHALLENGES": given}):
            assert [http_errors.CHALLENGES for _ in range(3)] == [tuple(given)] * 3
    assert calls == [["Basic"], ["Bearer"]]


def test_a_setting_is_found_on_the_class() -> None:
    assert conf.HttpErrorsSettings.CHALLENGES is SETTINGS["CHALLENGES"]


def test_what_depends_on_settings_is_remembered_until_one_changes(settings: Any) -> None:
    asked: list[str] = []

    @conf.cached_until_settings_change
    def language() -> str:
        asked.append("x")
        return str(settings.LANGUAGE_CODE)

    assert [language(), language()] == ["en", "en"]
    assert len(asked) == 1
    settings.LANGUAGE_CODE = "de"
    assert [language(), language()] == ["de", "de"]
    assert len(asked) == 2


def a_middleware(get_response: Callable[..., Any]) -> Callable[..., Any]:
    return get_response


class OwnLocaleMiddleware(LocaleMiddleware):
    """A project's own, which Vary has to know too."""


@pytest.mark.parametrize(
    ("changed", "is_localised"),
    [
        ({}, True),
        ({"MIDDLEWARE": ["no.such.Middleware", f"{__name__}.OwnLocaleMiddleware"]}, True),
        ({"MIDDLEWARE": ["no.such.Middleware", "tests.middleware.MissingIn"]}, False),
        ({"MIDDLEWARE": [f"{__name__}.a_middleware"]}, False),
        ({"MIDDLEWARE": []}, False),
        ({"USE_I18N": False}, False),
        ({"LANGUAGES": [("en", "English")], "LANGUAGE_CODE": "en"}, False),
        ({"LANGUAGES": [("en", "English")], "LANGUAGE_CODE": "de"}, True),
    ],
)
def test_visitors_have_a_language_where_it_is_found_out(
    changed: dict[str, object], is_localised: bool
) -> None:
    with override_settings(**{"MIDDLEWARE": [conf.LOCALE_MIDDLEWARE], **changed}):
        assert http_errors.is_localised is is_localised


def test_the_request_ids_header_has_its_name_in_the_environment() -> None:
    assert http_errors.request_id_key == "HTTP_X_REQUEST_ID"
    with override_settings(HTTP_ERRORS={"REQUEST_ID_HEADER": "X-Correlation-Id"}):
        assert http_errors.request_id_key == "HTTP_X_CORRELATION_ID"
