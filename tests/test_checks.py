"""System checks: each id for its situation, and silence for all others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.core.checks.registry import registry
from django.utils.module_loading import import_string

from django_http_errors import checks, handlers
from django_http_errors.checks import (
    ANSWERING_MIDDLEWARE,
    CSP_MIDDLEWARE,
    CSRF_MIDDLEWARE,
    MIDDLEWARE,
    check_http_errors,
)
from django_http_errors.conf import SETTINGS
from django_http_errors.views import ErrorView, NotFoundView

HERE = __name__
SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSP = "csp.middleware.CSPMiddleware"
APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_http_errors"]
NAMES = ("handler400", "handler403", "handler404", "handler500")
ALL = {
    *(f"django_http_errors.E{number:03}" for number in range(1, 4)),
    *(f"django_http_errors.W{number:03}" for number in range(1, 9)),
}


class Urls:
    """A root URLconf with the handlers that it is given."""

    def __init__(self, **changed: Any) -> None:
        self.urlpatterns: list[Any] = []
        for name in NAMES:
            handler = changed.get(name, getattr(handlers, name))
            if handler is not None:
                setattr(self, name, handler)


def foreign(request: Any, exception: Any = None) -> None:
    """A handler of the project's."""


class Missing(ErrorView):
    status = 404


@pytest.fixture(autouse=True)
def _well_set_up(settings: Any) -> None:
    settings.INSTALLED_APPS = APPS
    settings.MIDDLEWARE = [SECURITY, CSP, MIDDLEWARE, COMMON, CSRF_MIDDLEWARE]
    settings.ROOT_URLCONF = Urls()
    settings.CSRF_FAILURE_VIEW = "django_http_errors.views.csrf_failure"
    settings.HTTP_ERRORS = {"CHALLENGES": ['Session realm="site"']}
    settings.REST_FRAMEWORK = {}


def ids() -> list[str]:
    return [str(message.id).removeprefix("django_http_errors.") for message in check_http_errors()]


def http_errors(**changed: Any) -> dict[str, Any]:
    return {"HTTP_ERRORS": {"CHALLENGES": ["Basic"], **changed}}


def rest_framework(**configured: Any) -> dict[str, Any]:
    return {"INSTALLED_APPS": [*APPS, "rest_framework"], "REST_FRAMEWORK": configured}


OWN_HANDLER = "django_http_errors.rest_framework.exception_handler"
FOREIGN_HANDLER = "rest_framework.views.exception_handler"

# Each: the ids that are to be seen, and the settings that bring them.
SITUATIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    # The settings
    (["E001"], http_errors(NO_SUCH_SETTING=1)),
    (["E001", "E001"], http_errors(RENDERER=[], challenges=[])),
    (["E001"], http_errors(**{"": 1})),
    *((["E002"], http_errors(**{name: None})) for name in SETTINGS),
    (["E002", "W008"], {"HTTP_ERRORS": None}),
    (["E002", "W008"], {"HTTP_ERRORS": ["CHALLENGES"]}),
    (["E001", "E002"], http_errors(NO_SUCH_SETTING=1, RENDERERS="text")),
    (["E003"], http_errors(RENDERERS=["no.such.Renderer"])),
    (["E003"], http_errors(RENDERERS=["django_http_errors.http.renderers.NoSuchRenderer"])),
    (["E003", "E003"], http_errors(RENDERERS=["x.Y"], EXCEPTIONS={"x.Y": 404})),
    (["E003"], http_errors(EXCEPTIONS={"builtins.KeyError": 404, "builtins.NoError": 404})),
    (["E003"], http_errors(EXCEPTIONS={"nothing": 404})),
    (["E003"], http_errors(EXCEPTIONS={".relative.Error": 404})),
    (["E003"], http_errors(RENDERERS=[".relative.Renderer"])),
    (["E003"], http_errors(EXCEPTIONS={"": 404})),
    (["E003"], http_errors(EXCEPTIONS={"os.environ": 404})),
    (["E003"], http_errors(RENDERERS=["json.dumps"])),
    (["E003"], http_errors(RENDERERS=["builtins.dict"])),
    (["E003"], http_errors(EXCEPTIONS={"builtins.dict": 404})),
    ([], http_errors(EXCEPTIONS={"builtins.KeyError": 404, "builtins.ValueError": 400})),
    # The middleware
    (["W001"], {"MIDDLEWARE": [SECURITY, CSRF_MIDDLEWARE]}),
    (["W001"], {"MIDDLEWARE": []}),
    (["W002"], {"MIDDLEWARE": [MIDDLEWARE, MIDDLEWARE]}),
    (["W002"], {"MIDDLEWARE": [MIDDLEWARE, COMMON, MIDDLEWARE, MIDDLEWARE]}),
    *((["W003"], {"MIDDLEWARE": [each, MIDDLEWARE]}) for each in sorted(ANSWERING_MIDDLEWARE)),
    (["W003", "W003"], {"MIDDLEWARE": [COMMON, SECURITY, CSRF_MIDDLEWARE, MIDDLEWARE]}),
    *(([], {"MIDDLEWARE": [MIDDLEWARE, each]}) for each in sorted(ANSWERING_MIDDLEWARE)),
    *((["W004"], {"MIDDLEWARE": [MIDDLEWARE, each]}) for each in sorted(CSP_MIDDLEWARE)),
    *(([], {"MIDDLEWARE": [each, MIDDLEWARE]}) for each in sorted(CSP_MIDDLEWARE)),
    ([], {"MIDDLEWARE": (SECURITY, MIDDLEWARE)}),
    # The handlers
    (["W005"], {"ROOT_URLCONF": Urls(**dict.fromkeys(NAMES))}),
    *((["W005"], {"ROOT_URLCONF": Urls(**{name: None})}) for name in NAMES),
    *((["W005"], {"ROOT_URLCONF": Urls(**{name: foreign})}) for name in NAMES),
    ([], {"ROOT_URLCONF": Urls(handler404=NotFoundView.as_view())}),
    ([], {"ROOT_URLCONF": Urls(handler404=Missing.as_view())}),
    ([], {"ROOT_URLCONF": Urls(handler404="django_http_errors.handlers.handler404")}),
    ([], {"ROOT_URLCONF": Urls(handler404="no.such.handler")}),  # Django says so: urls.E007
    ([], {"ROOT_URLCONF": "no.such.urls"}),
    # CSRF
    (["W006"], {"CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure"}),
    (
        [],
        {
            "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
            "MIDDLEWARE": [MIDDLEWARE, COMMON],
        },
    ),
    # The challenges
    (["W008"], {"HTTP_ERRORS": {}}),
    (["W008"], {"HTTP_ERRORS": {"RENDERERS": SETTINGS["RENDERERS"].default}}),
]

WITH_REST_FRAMEWORK: list[tuple[list[str], dict[str, Any]]] = [
    (["W007"], rest_framework()),
    (["W007"], rest_framework(EXCEPTION_HANDLER=FOREIGN_HANDLER)),
    ([], rest_framework(EXCEPTION_HANDLER=OWN_HANDLER)),
]


@pytest.mark.parametrize(("expected", "changed"), SITUATIONS)
def test_a_situation_has_its_ids_and_no_others(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert ids() == expected


@pytest.mark.parametrize(("expected", "changed"), WITH_REST_FRAMEWORK)
def test_rest_framework_has_its_id(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    pytest.importorskip("rest_framework")
    for name, value in changed.items():
        setattr(settings, name, value)
    assert ids() == expected


def test_rest_framework_may_have_no_settings(settings: Any) -> None:
    pytest.importorskip("rest_framework")
    settings.INSTALLED_APPS = [*APPS, "rest_framework"]
    del settings.REST_FRAMEWORK
    assert ids() == ["W007"]


def test_a_handler_of_rest_framework_may_be_the_function_itself(settings: Any) -> None:
    """REST framework takes both."""
    pytest.importorskip("rest_framework")
    from django_http_errors.rest_framework import exception_handler

    settings.INSTALLED_APPS = [*APPS, "rest_framework"]
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": exception_handler}
    assert ids() == []


def test_without_http_errors_only_the_challenges_are_missing(settings: Any) -> None:
    del settings.HTTP_ERRORS
    assert ids() == ["W008"]


def test_every_id_has_a_situation() -> None:
    seen = {each for expected, _ in (*SITUATIONS, *WITH_REST_FRAMEWORK) for each in expected}
    assert {f"django_http_errors.{each}" for each in seen} == ALL


def every_message(settings: Any) -> Iterator[CheckMessage]:
    settings.HTTP_ERRORS = {"NO_SUCH": 1, "EXCEPTIONS": 5, "RENDERERS": ["no.such.Renderer"]}
    settings.MIDDLEWARE = [CSRF_MIDDLEWARE, MIDDLEWARE, MIDDLEWARE, CSP]
    settings.ROOT_URLCONF = Urls(handler403=None, handler500=foreign)
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    yield from check_http_errors()
    settings.MIDDLEWARE = []
    yield from check_http_errors()
    settings.INSTALLED_APPS = [*APPS, "rest_framework"]
    yield from check_http_errors()


def test_a_message_says_what_is_wrong_and_what_to_do(settings: Any) -> None:
    pytest.importorskip("rest_framework")
    messages = list(every_message(settings))
    assert {message.id for message in messages} == ALL
    for message in messages:
        assert message.msg.endswith(".")
        assert message.hint
        assert message.hint.endswith(".") or "import" in message.hint
        level = ERROR if ".E" in message.id else WARNING
        assert message.level == level


def said(settings: Any, **changed: Any) -> str:
    for name, value in changed.items():
        setattr(settings, name, value)
    (message,) = (each for each in check_http_errors() if each.id != "django_http_errors.W008")
    return f"{message.msg}\n{message.hint}"


def test_messages_name_what_they_are_about(settings: Any) -> None:
    assert "'NO_SUCH'" in said(settings, HTTP_ERRORS={"NO_SUCH": 1})
    assert "'RENDERERS'" in said(settings, HTTP_ERRORS={"RENDERERS": 1})
    assert "'x.Y'" in said(settings, HTTP_ERRORS={"RENDERERS": ["x.Y"]})
    settings.HTTP_ERRORS = {}
    assert "handler403, handler500." in said(
        settings, ROOT_URLCONF=Urls(handler403=None, handler500=foreign)
    )
    settings.ROOT_URLCONF = Urls()
    assert COMMON in said(settings, MIDDLEWARE=[COMMON, MIDDLEWARE])


@pytest.mark.parametrize("given", [None, [], "text"])
def test_a_dict_that_is_none_is_called_by_its_name(given: Any, settings: Any) -> None:
    """``HTTP_ERRORS['HTTP_ERRORS']`` is what nobody wrote."""
    assert "HTTP_ERRORS can't be used: a dict is expected." in said(settings, HTTP_ERRORS=given)


def test_an_unknown_setting_is_told_of_the_known_ones(settings: Any) -> None:
    assert ", ".join(sorted(SETTINGS)) in said(settings, HTTP_ERRORS={"NO_SUCH": 1})


def test_the_check_is_registered_under_its_tag(settings: Any) -> None:
    assert check_http_errors in registry.get_checks()
    settings.HTTP_ERRORS = {}
    assert [each.id for each in run_checks(tags=["http_errors"])] == ["django_http_errors.W008"]


@pytest.mark.parametrize(
    "path",
    [
        checks.MIDDLEWARE,
        checks.CSRF_FAILURE,
        checks.CSRF_MIDDLEWARE,
        *sorted(checks.CSP_MIDDLEWARE),
        *sorted(checks.ANSWERING_MIDDLEWARE),
    ],
)
def test_the_paths_that_are_looked_for_are_there(path: str) -> None:
    """One that was renamed would be looked for in vain, without anybody noticing."""
    module, _, name = path.rpartition(".")
    if module == "django.middleware.csp" and django.VERSION < (6,):
        pytest.skip("Django has it since 6.0")
    # Some can't be imported without an app of Django's that isn't installed here.
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
    assert name in {getattr(each, "name", None) for each in body}


def test_the_exception_handler_that_is_looked_for_is_there() -> None:
    pytest.importorskip("rest_framework")
    assert callable(import_string(checks.EXCEPTION_HANDLER))
