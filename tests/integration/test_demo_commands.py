"""``make tour`` and ``make demo``, as they are called on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command, load_command_class

from testproject import port as ports
from testproject.asking import Answer, Scenario, beginning, differences
from testproject.scenarios import CLIENTS
from testproject.server import Server

from ..demo import HAS_REST_FRAMEWORK
from ..servers import ROOT, environment, make_database

slow = pytest.mark.slow
HEADING = re.compile(r"^ ?\d+  (.+?) -+$", re.MULTILINE)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database that has what the demo needs."""
    database = tmp_path_factory.mktemp("commands") / "db.sqlite3"
    make_database(database)
    return f"sqlite:///{database}"


def run(url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(url) | variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


@slow
def test_the_tour_in_short(url: str) -> None:
    """Its scenes are those of the cards, in their order; it is short, and without colours."""
    tour = run(url, "tour", PORT="8123")
    assert (tour.returncode, tour.stderr) == (0, "")
    starts = [
        *("One 403", "Gone, not missing", "An editor's words", "Spot the difference"),
        *("Why this answer?", "Delete a document"),
        *(["A JSON client of the API"] if HAS_REST_FRAMEWORK else []),
        "A crash",
    ]
    scenes = HEADING.split(tour.stdout)
    assert len(scenes) == 1 + 2 * len(starts)
    for title, start in zip(scenes[1::2], starts, strict=True):
        assert title.startswith(start)
    said = dict(zip(starts, scenes[2::2], strict=True))
    for kind in ("text/html", "application/problem+json", "application/json", "text/plain"):
        assert f"403 Forbidden  {kind}\n" in said["One 403"]
    assert "410 Gone\n  | The shop at /old-shop/shoes/ has closed" in said["Gone, not missing"]
    assert "404 No such product\n" in said["An editor's words"]
    assert "\nidentical, byte for byte" in said["Spot the difference"]
    assert "prefix /old-shop/ (any host, permanent): decides." in said["Why this answer?"]
    assert "302 Found  Location: /documents/410/\n" in said["Delete a document"]
    assert "HTTP/1.1 410 Gone" in said["Delete a document"]
    if HAS_REST_FRAMEWORK:
        assert "401 Unauthorized  application/json" in said["A JSON client of the API"]
    assert re.search(r'"request_id":[\s|]+"[0-9a-f]{32}"', said["A crash"])
    lines = tour.stdout.splitlines()
    assert 60 < len(lines) < 95
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in tour.stdout
    # The commands are for the site of `make demo`, and so is what there is to click.
    assert set(re.findall(r"http://\S+?:\d+", tour.stdout)) == {"http://127.0.0.1:8123"}
    assert lines[-2].split()[0] == "http://127.0.0.1:8123/"
    assert lines[-1].split()[0] == "http://127.0.0.1:8123/admin/"


def test_the_tour_fails_where_the_hidden_can_be_told_from_the_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(url: str, scenario: Scenario, accept: str) -> Answer:
        status = 410 if scenario.path == "/documents/999/" else 404
        return Answer(status, f"HTTP/1.1 {status}", (), f"It is a {status}.")

    monkeypatch.setattr("testproject.management.commands.tour.ask", ask)
    said = StringIO()
    with pytest.raises(CommandError, match=r"^/documents/2/ and \S+ differ: ") as caught:
        call_command("tour", url="http://127.0.0.1", stdout=said)
    assert str(caught.value).partition(": ")[2] == "status, content."
    assert "Spot the difference" in said.getvalue()
    assert "identical" not in said.getvalue()


@pytest.mark.parametrize("url", ["elsewhere", "ftp://127.0.0.1/"])
def test_an_address_of_the_tour_that_is_none(url: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("tour", url=url)
    assert str(caught.value) == f"{url!r} is no address such as http://127.0.0.1:8000."


@slow
def test_the_demo_serves_until_it_is_interrupted(url: str) -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        port = listener.getsockname()[1]
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment(url) | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        seen = []
        for line in demo.stdout:
            seen.append(line)
            if line.startswith("Accounts"):
                break
        assert any("identical" in line for line in seen)
        assert f"Serving http://127.0.0.1:{port}/ (admin: " in seen[-2]
        _see_the_whole_tour(url, f"http://127.0.0.1:{port}")
        _see_edits_at_once(f"http://127.0.0.1:{port}")
        demo.send_signal(signal.SIGINT)
        assert demo.stdout.read().endswith("\nStopped.\n")
        assert demo.wait(20) == 0
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()


@slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="shows no processes")
def test_no_process_of_the_server_is_left_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not while a request is never finished, either."""
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)
    with Server() as server:
        pid = server.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        assert children
        waiting = socket.create_connection((ports.HOST, server.port))
        fields = (
            "POST /form/ HTTP/1.1",
            "Host: localhost",
            f"Cookie: csrftoken={'a' * 32}",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Length: 9",  # And nothing follows.
        )
        waiting.sendall("\r\n".join([*fields, "", ""]).encode())
        time.sleep(1)
    waiting.close()
    assert not any(map(_runs, children))


def _runs(pid: str) -> bool:
    status = Path("/proc", pid, "stat")
    with suppress(FileNotFoundError):  # "Z" is one that has ended, and that nobody has asked for.
        return status.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def _see_the_whole_tour(database: str, url: str) -> None:
    """Look at it in colour, as a site that is there already shows it."""
    tour = run(database, "tour", "--url", url, "--all", "--force-color")
    assert (tour.returncode, tour.stderr) == (0, "")
    assert "\x1b[" in tour.stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", tour.stdout)
    assert plain.index("identical") < plain.index("An address that leads nowhere")
    assert len(HEADING.findall(plain)) == (8 + 21 if HAS_REST_FRAMEWORK else 7 + 17)
    assert "The same as for the browser." in plain
    _see_that_its_commands_give_its_answers(plain)


SESSION = re.compile(r"((?:^\$ (?:.*\\\n)*.*\n)+)((?:^(?!\$ ).*\n)+)", re.MULTILINE)
ANSWER = re.compile(
    r"^HTTP/1\.1 (\d+) .*?(?:(?:  |\n  Content-Type: +)(\w+/[\w.+-]+).*)?$", re.MULTILINE
)
SAME = re.compile(r"^  The same as for the (.+)\.$", re.MULTILINE)
# What a reader of the tour sees of an answer, in the place of the answer.
CURL = "curl() { command curl -s -o /dev/null -w '%{http_code} %{content_type}\\n' \"$@\"; }\n"


def _see_that_its_commands_give_its_answers(tour: str) -> None:
    """Type each command that the tour prints; where it prints no content type, any will do."""
    if shutil.which("curl") is None:
        pytest.skip("no curl here: the commands of the tour weren't typed, all else was looked at")
    for scene in HEADING.split(tour)[2::2]:
        answers: list[tuple[str, str]] = []
        for typed, printed in SESSION.findall(scene):
            if "curl" not in typed:
                continue
            same = SAME.search(printed)
            if same:
                answers.append(answers[list(CLIENTS).index(same[1])])
            else:
                answers.append(ANSWER.findall(printed)[-1])
            script = CURL + re.sub(r"^\$ ", "", typed, flags=re.MULTILINE)
            done = subprocess.run(
                ["/bin/sh", "-c", script], check=False, capture_output=True, text=True, timeout=60
            )
            assert done.stdout
            assert done.stderr == ""
            for line in done.stdout.splitlines():
                status, _, kind = line.partition(" ")
                given = (status, kind.partition(";")[0] if answers[-1][1] else "")
                assert given == answers[-1], typed


def _see_edits_at_once(url: str) -> None:
    """Follow the button of the last card time and again: the answer is never an old one."""
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        client.get("/")
        for _ in range(5):
            sent = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
            assert client.post("/try/deletion/", data=sent).status_code == 410


@contextmanager
def taken() -> Iterator[int]:
    with socket.create_server((ports.HOST, 0)) as listener:
        yield listener.getsockname()[1]


MAKE = shutil.which("make")


@pytest.mark.skipif(MAKE is None, reason="make isn't installed")
def test_make_says_first_that_a_port_is_taken_or_none(tmp_path: Path) -> None:
    """Before the environment is made, in one line."""
    with taken() as port:
        for given, said in (
            (
                str(port),
                f"Something is listening on 127.0.0.1:{port} already. Try: make demo PORT=",
            ),
            ("abc", "PORT is 'abc'. It should be a number from 1 to 65535."),
        ):
            made = subprocess.run(
                [
                    str(MAKE),
                    "demo",
                    f"PORT={given}",
                    f"VENV={tmp_path}/v",
                    f"PYTHON={sys.executable}",
                ],
                cwd=ROOT,
                # "make test" has variables of its own, by which this one would say where it is.
                env={name: value for name, value in os.environ.items() if "MAKE" not in name},
                check=False,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert made.returncode != 0
            assert made.stdout == ""
            first, *rest = made.stderr.splitlines()
            assert first.startswith(said)
            assert [line for line in rest if not line.startswith("make")] == []
            assert not (tmp_path / "v").exists()


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "8000 ", "٨", "9" * 5000])
def test_a_port_that_is_none(text: str) -> None:
    with pytest.raises(ports.PortError, match="It should be a number from 1 to 65535"):
        ports.number(text)


@pytest.mark.parametrize("variables", [{}, {"PORT": "abc"}])
def test_the_demo_says_that_its_port_is_none(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=r"PORT is 'abc'\. It should be"):
        call_command("demo", *([] if variables else ["--port", "abc"]))


def test_the_demo_says_in_one_line_that_its_port_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "abc")
    demo = load_command_class("testproject", "demo")
    with pytest.raises(SystemExit) as ended:
        demo.run_from_argv(["manage.py", "demo", "--skip-checks"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said == "CommandError: PORT is 'abc'. It should be a number from 1 to 65535.\n"


def test_the_command_for_a_port_that_is_taken_names_one_that_is_free() -> None:
    with taken() as port, pytest.raises(ports.PortError, match=f"{port} already") as caught:
        ports.open_at(port)
    free = re.search(r"Try: make demo PORT=(\d+)$", str(caught.value))
    ports.open_at(int(free[1])).close()


def test_where_all_higher_ports_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int]) -> Any:
        if address[1]:
            raise PermissionError(13, "Permission denied")
        return listener

    listener = socket.create_server((ports.HOST, 0))
    monkeypatch.setattr(socket, "create_server", refuse)
    free = listener.getsockname()[1]
    said = rf"127.0.0.1:80 can't be used \(Permission denied\). Try: make demo PORT={free}"
    with pytest.raises(ports.PortError, match=said):
        ports.open_at(80)


def _answer(content: str, *headers: tuple[str, str]) -> Answer:
    return Answer(404, "HTTP/1.1 404 Not Found", headers, content)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (_answer("at /a/", ("Date", "1")), _answer("at /b/", ("Date", "2")), []),
        (
            _answer("x1y", ("Content-Security-Policy", "style-src 'nonce-x1y'")),
            _answer("z2", ("Content-Security-Policy", "style-src 'nonce-z2'")),
            [],
        ),
        (_answer("a"), _answer("b"), ["content"]),
        (_answer("", ("Vary", "A")), _answer(""), ["Vary"]),
        (_answer("", ("Vary", "A")), _answer("", ("Vary", "A"), ("Vary", "A")), ["Vary"]),
        (_answer(""), Answer(410, "HTTP/1.1 410 Gone", (), ""), ["status"]),
    ],
)
def test_differences(one: Answer, other: Answer, found: list[str]) -> None:
    assert differences(one, other, ("/a/", "/b/")) == found
    assert differences(other, one, ("/b/", "/a/")) == found


def test_the_beginning_of_a_text() -> None:
    assert list(beginning("a\nb", 2)) == ["a", "b"]
    assert list(beginning("a\nb\nc", 2)) == ["a", "b ..."]
    assert all(len(line) <= 95 for line in beginning("word " * 100, 2))
