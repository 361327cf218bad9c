"""What is on the wire where a view's renderer doesn't do what a renderer has to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rest_framework")

from ..servers import ONE_WORKER, Server, environment, make_database, started
from .views import ODD_RESULTS

pytestmark = pytest.mark.slow

SETTINGS = "tests.rest_framework.wire_settings"


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    directory: Path = tmp_path_factory.mktemp("wire")
    database = directory / "db.sqlite3"
    make_database(database)
    site = environment(f"sqlite:///{database}", SETTINGS)
    name = request.param
    with started(name, ONE_WORKER[name], site, directory / f"{name}.log") as server:
        yield server


@pytest.mark.parametrize("name", ["failing", *ODD_RESULTS])
def test_the_answer_is_whole(server: Server, name: str) -> None:
    """Its length is that of its body, read to the end of the connection, and is said."""
    lines = [f"GET /api/{name}/ HTTP/1.1", "Host: localhost", "Accept: */*", "Connection: close"]
    answer = server.exchange("\r\n".join([*lines, "", ""]).encode())
    head, _, content = answer.partition(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    headers = {each.lower(): value for each, _, value in (line.partition(": ") for line in fields)}
    assert status_line.split()[1] == "404"
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(content))
    assert json.loads(content)["status"] == 404
