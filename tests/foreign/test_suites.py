"""The tests of Django and of REST framework, in a stack that has the app in it.

Each suite comes from the source distribution of the version that is installed, and is run twice:
as it is, to know what fails here anyway, and by `with_the_app`. FOREIGN=1 asks for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest

import django_http_errors

from . import differences

pytestmark = pytest.mark.skipif(
    os.environ.get("FOREIGN") != "1", reason="FOREIGN=1 fetches other people's tests and runs them"
)

WITH_THE_APP = Path(__file__).with_name("with_the_app.py")
SECONDS = 280
# What tells this run about its site would tell theirs, too.
OURS = re.compile("DATABASE_URL|DJANGO_|PYTEST|COV_|COVERAGE_|PYTHONWARNINGS|RUNNING_")

# Those in which requests walk through the handlers.
DJANGO_LABELS = """
    admin_docs asgi auth_tests.test_decorators auth_tests.test_middleware auth_tests.test_mixins
    auth_tests.test_remote_user auth_tests.test_views builtin_server conditional_processing
    contenttypes_tests csrf_tests decorators flatpages_tests generic_views handlers logging_tests
    messages_tests middleware middleware_exceptions redirects_tests requests_tests responses
    sessions_tests shortcuts sitemaps_tests staticfiles_tests syndication_tests test_client
    test_client_regress urlpatterns urlpatterns_reverse view_tests wsgi
""".split()


@dataclass(frozen=True)
class Suite:
    """A suite: where it comes from, how it is run, and how its output names a test.

    ran: matches a test that ran, and its id
    failed: matches a test that failed, and its id
    """

    distribution: str
    directory: str
    command: tuple[str, ...]
    ran: str
    failed: str
    differences: Mapping[str, str]
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: int = SECONDS

    def __str__(self) -> str:
        return self.distribution

    def fetch(self, to: Path) -> Path:
        """Unpack the tests of the installed version below `to`, and nothing of the package."""
        name = self.distribution
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        wanted = f"{name}=={version(name)}"
        subprocess.run([*command, "--no-binary", name, "--dest", str(to), wanted], check=True)
        [archive] = to.iterdir()
        with tarfile.open(archive) as packed:
            for member in packed:
                root, _, path = member.name.partition("/")
                if path == "pyproject.toml" or path.startswith("tests/"):
                    packed.extract(member, to, filter="data")
        return to / root / self.directory

    def run(self, directory: Path, *wrapper: str) -> tuple[set[str], set[str]]:
        """Return the ids of the tests that ran in `directory`, and of those that failed."""
        return self.results(self.output(directory, *wrapper))

    def results(self, output: str) -> tuple[set[str], set[str]]:
        """Return the ids of the tests that ran, and of those that failed, by their `output`."""
        ran, failed = (
            set(re.findall(pattern, output, re.MULTILINE)) for pattern in (self.ran, self.failed)
        )
        return ran, failed

    def output(self, directory: Path, *wrapper: str) -> str:
        """Run the tests in `directory`, and return what they say."""
        theirs = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        package = Path(django_http_errors.__file__).parent.parent
        # Else what is printed comes in the middle of a line that names a test.
        theirs["PYTHONUNBUFFERED"] = "1"
        return subprocess.run(
            [self.python, *wrapper, *self.command],
            cwd=directory,
            env=theirs | {"PYTHONPATH": str(package), **self.environment},
            check=False,  # Some of them fail, and which is the question.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=self.seconds,
        ).stdout


SUITES = (
    Suite(
        "django",
        "tests",
        ("runtests.py", "--parallel=1", "--verbosity=2", *DJANGO_LABELS),
        r"^test\w* \(([\w.]+)\)",
        r"^(?:FAIL|ERROR): \w+ \(([\w.]+)\)",
        differences.DJANGO,
    ),
    Suite(
        "djangorestframework",
        ".",
        ("-m", "pytest", "-p", "no:cacheprovider", "--verbose", "--tb=no", "tests"),
        r"^(tests/\S+::.+?) (?:PASSED|FAILED|ERROR|SKIPPED)",
        r"^(tests/\S+::.+?) (?:FAILED|ERROR)",
        differences.REST_FRAMEWORK,
    ),
)


@pytest.mark.parametrize("suite", SUITES, ids=str)
def test_what_differs_is_wanted(suite: Suite, tmp_path: Path) -> None:
    directory = suite.fetch(tmp_path)
    ran, failing_anyway = suite.run(directory)
    ran_with_the_app, failing = suite.run(directory, str(WITH_THE_APP))
    assert ran_with_the_app == ran
    wanted = {each for ids in suite.differences.values() for each in ids.split()}
    assert wanted & ran, "Nothing was run, or without the app."
    assert failing - failing_anyway == (wanted & ran) - failing_anyway
