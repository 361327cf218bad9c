"""The documentation's tombstones for Wagtail's pages, in a new Wagtail site."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from textwrap import dedent

import pytest

from ..servers import ROOT
from .wagtail_site import make_site, site_environment

pytest.importorskip("wagtail", reason="the pages are Wagtail's")

pytestmark = pytest.mark.neighbour

PAGE = ROOT / "docs" / "howto" / "tombstones.rst"

SETTINGS = """
from mysite.settings.with_the_app import *

INSTALLED_APPS += ["shop.apps.ShopConfig"]
ALLOWED_HOSTS = ["*"]
WAGTAIL_SITE_NAME = "b"
"""

SCENARIOS = [
    "a_page_that_is_deleted_is_gone_until_another_is_there",
    "as_the_parent_model",
    "what_is_below_is_gone_too",
    "a_draft_leaves_nothing",
    "unpublished_and_published",
    "moved",
    "moved_and_then_deleted",
    "renamed",
    "two_sites",
]


def recipe() -> dict[str, str]:
    """Return the modules that the documentation has for Wagtail, by their names."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("\nWagtail\n-------\n")
    before = r"``(shop/\w+\.py)``:\n\n\.\. sample: skip\n\n\.\. code-block:: python\n\n"
    found = re.findall(before + r"((?:   .*\n|\n)+)", rest)
    assert [name for name, _ in found] == ["shop/tombstones.py", "shop/apps.py"]
    return {name: dedent(text) for name, text in found}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each scenario: nothing, or a traceback."""
    directory = tmp_path_factory.mktemp("wagtail")
    make_site(directory)
    (directory / "mysite" / "settings" / "with_tombstones.py").write_text(SETTINGS)
    (directory / "shop").mkdir()
    (directory / "shop" / "__init__.py").touch()
    for name, text in recipe().items():
        (directory / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "tests.neighbours.wagtail_tombstones"],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        env=site_environment(directory, "with_tombstones"),
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_it_is_gone_where_nothing_is_left(results: dict[str, str], scenario: str) -> None:
    assert results[scenario] == "", results[scenario]


def test_there_is_no_other(results: dict[str, str]) -> None:
    assert set(results) == set(SCENARIOS)
