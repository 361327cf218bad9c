"""What schemathesis gets of the demo's API is what its OpenAPI document says."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ..servers import ROOT, environment, make_database, serving

pytestmark = [
    pytest.mark.neighbour,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis isn't installed"),
]

# Not "unsupported_method": a scope hides which methods there are.
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
)
TOKEN = (
    "from django.contrib.auth.models import User;"
    "from rest_framework.authtoken.models import Token;"
    "Token.objects.create(user=User.objects.get(username='admin'), key='known')"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database: Path = tmp_path_factory.mktemp("schemathesis") / "db.sqlite3"
    make_database(database)
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", TOKEN],
        cwd=ROOT,
        env=environment(f"sqlite:///{database}"),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return database


@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_the_api_keeps_to_its_document(database: Path, tmp_path: Path, who: str) -> None:
    with serving("gunicorn", database, tmp_path / "server.log") as server:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "schemathesis"), "run"),
                f"{server.url}/api/schema/",
                *("--checks", ",".join(CHECKS)),
                *("--max-examples", "20", "--seed", "1", "--continue-on-failure", "--no-color"),
                *("--phases", "examples,coverage,fuzzing"),
                *(("-H", "Authorization: Token known") if who == "admin" else ()),
            ],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
