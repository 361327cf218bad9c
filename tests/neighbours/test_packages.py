"""Each package that the documentation says the app works with, asked for real."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from ..servers import ROOT
from ..test_documentation import SETUP
from .recipes import NEIGHBOURS
from .run import SKIPPED, load

load()

pytestmark = pytest.mark.neighbour

SECONDS = 120


@pytest.mark.parametrize("name", sorted(NEIGHBOURS))
def test_it_works_with(name: str) -> None:
    needed = NEIGHBOURS[name].module
    try:
        is_here = find_spec(needed) is not None
    except ModuleNotFoundError:
        is_here = False
    if not is_here:
        pytest.skip(f"{name} isn't installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.neighbours.run", name],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode == SKIPPED:
        pytest.skip(f"{name}: {done.stderr}")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_each_is_in_the_extra() -> None:
    extra = SETUP["options.extras_require"]["neighbours"]
    named = {re.split(r"[\[<>=~ ]", each)[0].lower() for each in extra.split("\n") if each.strip()}
    others = {name for name in NEIGHBOURS if not name.startswith("django.contrib.")}
    assert {name.lower() for name in others} - named == set()
