"""What the documentation says is so: its tables are complete, and its samples run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.test import Client
from django.urls import path
from docutils.core import publish_doctree
from docutils.nodes import Node, literal, literal_block, reference, system_message

from django_http_errors import checks, exceptions
from django_http_errors.conf import SETTINGS
from django_http_errors.problems import InvalidPart, Problem, Representation
from testproject import settings as demo

ROOT = Path(__file__).parent.parent
README, MANUAL, CHANGELOG = (
    ROOT / name for name in ("README.rst", "docs/manual.rst", "CHANGELOG.rst")
)


def tree(file: Path) -> Any:
    options = {"report_level": 2, "halt_level": 5, "warning_stream": False}
    return publish_doctree(file.read_text(), str(file), settings_overrides=options)


def blocks(file: Path, language: str) -> Iterator[str]:
    for block in tree(file).findall(literal_block):
        if language in block["classes"]:
            yield block.astext()


def literals(node: Node) -> set[str]:
    return {each.astext() for each in node.findall(literal)}


@pytest.mark.parametrize("file", [README, MANUAL, CHANGELOG], ids=lambda file: file.name)
def test_it_is_well_formed(file: Path) -> None:
    document = tree(file)
    assert [each.astext() for each in document.findall(system_message)] == []
    for link in document.findall(reference):
        assert link.get("refuri", "").startswith(("https://", "http://")) or "refid" in link


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("file", [README, MANUAL], ids=lambda file: file.name)
def test_python_is_python(file: Path) -> None:
    for sample in blocks(file, "python"):
        compile(sample, str(file), "exec")


def _conflict() -> Any:
    sample = next(each for each in blocks(README, "python") if "Conflict" in each)
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(sample, "README.rst", "exec"), names)  # noqa: S102 - it is ours
    return names["reserve"]


class Urls:
    def __init__(self) -> None:
        self.urlpatterns = [path("seats/<int:seat>/", _conflict())]


def test_the_first_exception_is_answered_as_the_readme_says(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls()
    response = Client().get("/seats/12/", headers={"accept": "application/json"})
    (shown,) = blocks(README, "json")
    assert json.loads(response.content) == json.loads(shown)


def test_the_demo_is_set_up_as_the_readme_says() -> None:
    sample = next(each for each in blocks(README, "python") if "MIDDLEWARE" in each)
    named = re.findall(r'"(django[\w.]*Middleware)"', sample)
    installed = [each for each in demo.MIDDLEWARE if each in named]
    assert installed == named
    assert installed[-1] == demo.MIDDLEWARE[-1]


def test_every_setting_is_in_the_manual() -> None:
    assert set(SETTINGS) <= literals(tree(MANUAL))


def test_every_check_is_in_the_manual() -> None:
    source = Path(checks.__file__).read_text()
    made = {f"django_http_errors.{each}" for each in re.findall(r'"([EW]\d{3})"', source)}
    told = {each for each in literals(tree(MANUAL)) if re.search(r"errors\.[EW]\d{3}$", each)}
    assert made == told
    assert any(each.__module__ == checks.__name__ for each in registry.get_checks())


def test_every_argument_of_an_exception_is_in_the_manual() -> None:
    code = exceptions.HttpError.__init__.__code__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    assert set(names) <= literals(tree(MANUAL))


def test_every_member_is_in_the_manual() -> None:
    problem = Problem(
        status=429,
        title="title",
        detail="detail",
        code="code",
        instance="/",
        request_id="id",
        retry_after=1,
        allow=("GET",),
        available=(Representation("text/html", "/"),),
        accept=("text/html",),
        errors=(InvalidPart("detail", "/pointer"),),
    )
    assert set(problem.as_dict()) <= literals(tree(MANUAL))
