"""Parts of the tests of real sites, in a stack that has the app in it: what differs is wanted.

Neither site has its tests in a distribution: SITES names a directory with a git repository of each,
by its name. Each is installed in an environment of its own, and run twice, as in `test_suites`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ..servers import ROOT
from . import differences
from .test_suites import WITH_THE_APP, Suite

SITES = os.environ.get("SITES", "")

pytestmark = pytest.mark.skipif(
    os.environ.get("FOREIGN") != "sites", reason="FOREIGN=sites runs the tests of real sites"
)

# What `with_the_app` says when it ends.
STACKS = re.compile(r"^django_http_errors was in (\d+) stacks$", re.MULTILINE)


@dataclass(frozen=True)
class Site(Suite):
    """A site: its repository, and what its tests need beside it.

    requirements: further arguments of pip, in the repository
    """

    requirements: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    seconds: int = 900

    def fetch(self, to: Path) -> Path:
        """Clone the repository below `to`, and install what it needs."""
        repository = Path(SITES) / self.distribution
        if not SITES or not repository.is_dir():
            pytest.skip(f"no repository of {self.distribution} in SITES={SITES!r}")
        site, environment = to / "site", to / "environment"
        git = shutil.which("git") or "git"
        subprocess.run([git, "clone", "--quiet", str(repository), str(site)], check=True)
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        done = subprocess.run(
            [*pip, *self.requirements, "--editable", str(ROOT)],
            cwd=site,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"{self.distribution} can't be installed: {done.stderr[-500:]}")
        return site / self.directory


SITES_TESTED = (
    Site(
        "healthchecks",
        ".",
        ("manage.py", "test", "--verbosity=2", "--parallel=1", "hc.api", "hc.front", "hc.accounts"),
        r"^test\w* \(([\w.]+)\)",
        r"^(?:FAIL|ERROR): \w+ \(([\w.]+)\)",
        differences.HEALTHCHECKS,
        requirements=("--requirement", "requirements.txt", "django-stubs-ext", "time-machine"),
    ),
    Site(
        "django-oscar",
        ".",
        (
            *("-m", "pytest", "-p", "no:cacheprovider", "-v", "--tb=no"),
            *("tests/functional/catalogue", "tests/functional/wishlists"),
        ),
        r"^(tests/\S+::.+?) (?:PASSED|FAILED|ERROR|SKIPPED)",
        r"^(tests/\S+::.+?) (?:FAILED|ERROR)",
        differences.OSCAR,
        requirements=(
            *("--editable", ".", "django-webtest", "easy-thumbnails", "freezegun", "pytest-django"),
            *("pycountry", "sorl-thumbnail", "Whoosh", "pytz", "psycopg2-binary"),
            *("django-environ", "WebTest", "Django~=6.0.0"),
        ),
        settings={"DATABASE_ENGINE": "django.db.backends.sqlite3", "DATABASE_NAME": ":memory:"},
    ),
)


@pytest.mark.parametrize("site", SITES_TESTED, ids=str)
def test_what_differs_is_wanted(site: Site, tmp_path: Path) -> None:
    directory = site.fetch(tmp_path)
    python = str(tmp_path / "environment" / "bin" / "python")
    suite = replace(site, python=python, environment=site.settings)
    plain = suite.output(directory)
    ran, failing_anyway = suite.results(plain)
    assert ran, plain[-3000:]
    output = suite.output(directory, str(WITH_THE_APP))
    (stacks,) = STACKS.findall(output) or ("0",)
    assert int(stacks) > 0, "The tests were run without the app."
    ran_with_the_app, failing = suite.results(output)
    assert ran_with_the_app == ran
    wanted = {each for ids in suite.differences.values() for each in ids.split()}
    assert failing - failing_anyway == (wanted & ran) - failing_anyway
