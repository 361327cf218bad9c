"""The benchmarks measure what they say: a run in little, and what is made of its figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import many_rules, phases, ratios, report, storm
from benchmarks.asking import HOSTILE, KILOBYTES, hostile_field
from benchmarks.data import Databases, databases, environment
from benchmarks.processes import Unmeasurable, working
from benchmarks.ratios import Ratios
from benchmarks.results import Result
from benchmarks.rows import MANY, PAGES, ROWS, RULED, STORM, Side

from .servers import ROOT

pytest.importorskip("rest_framework")
pytest.importorskip("drf_standardized_errors")

pytestmark = pytest.mark.slow

PAGE, ASYNC_PAGE = PAGES
MEMORY, _FIRST, STALL = MANY
# Of so many rules even the part that is made here is more than is kept in memory.
MANY_RULED = [row for row in RULED if "1,000,000" in row.what and "10 %" in row.what]
# What starts several processes each: a miss and a hit.
PHASES = [
    row
    for row in MANY_RULED
    if row.measure != command.RATIO and row.ours.request in ("missing sibling", "gone")
    if row.peer.data != "empty"
]
# The others need wrk, or Linux.
MEASURED = [
    row
    for row in ROWS
    if row not in STORM
    and (row not in RULED or row in PHASES or (row in MANY_RULED and row.measure == command.RATIO))
    and (row != MEMORY or Path("/proc/self/smaps_rollup").exists())
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases with a small part of the rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        with databases(tmp_path_factory.mktemp("benchmarks"), 0.0025) as found:
            yield found


# What is measured.


@pytest.mark.soak
def test_every_row_has_a_figure(data: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side has answered as the row says, before the clock ran and while it did."""
    monkeypatch.setattr(ratios, "WARM_UP", 1)
    monkeypatch.setattr(many_rules, "EDITS", 1)
    monkeypatch.setattr(many_rules, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(many_rules, "STARTS", 1)
    monkeypatch.setattr(phases, "ROUNDS", 1)
    monkeypatch.setattr(phases, "WARM_UP", 1)
    monkeypatch.setattr(phases, "SECONDS_AFTER_START", 0.1)
    monkeypatch.setattr(phases, "SECONDS_AFTER_EDIT", 0.1)
    results = command.measured(MEASURED, data, rounds=1, seconds=0.001)
    assert [result.row for result in results] == MEASURED
    assert [result.reason for result in results if result.reason] == []
    for result in results:
        assert result.all_rounds
        if result.row.measure == command.RATIO:
            assert min(result.figure, *result.times["ours"], *result.times["peer"]) > 0


@pytest.mark.parametrize("row", [PAGE, ASYNC_PAGE], ids=["sync", "async"])
def test_a_wrong_answer_is_not_measured(data: Databases, row: Any) -> None:
    with working(row.peer, row, data) as process:
        process.check(row.peer)
        for wrong in ({"status": 404}, {"content_type": "text/plain"}, {"mark": "All is ill."}):
            with pytest.raises(Unmeasurable, match=r"answers \{'status': 200, .*All is well"):
                process.check(replace(row.peer, **wrong))


def test_a_wrong_answer_while_the_clock_runs_is_found(
    data: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.processes.Process.check", lambda process, side: None)
    wrong = replace(PAGE, peer=replace(PAGE.peer, status=404))
    (result,) = Ratios(data, rounds=1, seconds=0.001).measure([wrong], lambda text: None)
    assert result.reason.endswith("answers with [200]")
    assert not result.rounds


def test_what_a_worker_cannot_do_is_said(data: Databases) -> None:
    with working(PAGE.peer, PAGE, data) as process:
        with pytest.raises(Unmeasurable, match="KeyError: 'no such request'"):
            process.ask("answer", name="no such request")
        process.check(PAGE.peer)
    broken = replace(PAGE.peer, stack="no such stack")
    with (
        working(broken, PAGE, data) as process,
        pytest.raises(Unmeasurable, match=r"has ended: (?s:.*)KeyError: 'no such stack'"),
    ):
        process.check(broken)


def test_an_edit_must_be_seen(data: Databases) -> None:
    """What isn't seen in time has no figure, and what is seen is asked for to the end."""
    side = STALL.ours
    watched = {"name": side.request, "probe": "/never/edited/", "seconds": 0.01}
    with working(side, STALL, data) as process:
        assert process.ask("watch", **watched, until=404, limit=20) > 0
        with pytest.raises(Unmeasurable, match="was not answered with 410"):
            process.ask("watch", **watched, until=410, limit=0.05)


@pytest.mark.parametrize("kilobytes", KILOBYTES)
@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_field_is_of_its_size_and_never_the_same(shape: str, kilobytes: int) -> None:
    random = Random(1)  # noqa: S311 - the same in every run
    fields = {hostile_field(shape, kilobytes, random) for _ in range(100)}
    assert len(fields) == 100
    assert {len(field) for field in fields} == {kilobytes * 1024}


@pytest.mark.parametrize("stack", ["app", "app-listening", "app-own-page", "app-api"])
def test_the_app_is_set_up_as_its_checks_want_it(stack: str, data: Databases) -> None:
    subprocess.run(
        [sys.executable, *"-m django check --tag http_errors --fail-level WARNING".split()],
        cwd=ROOT,
        env=environment(stack, data.url("empty")),
        check=True,
        capture_output=True,
    )


# Under gunicorn.


def test_gunicorn_serves_what_is_asked_for(data: Databases) -> None:
    (row,) = STORM
    with storm._serving(row.ours, data) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/nowhere/", headers={"accept": "application/json"})
        assert connection.getresponse().status == 404
        connection.close()
        wrong: list[Side] = [replace(row.ours, status=410), replace(row.ours, mark="not there")]
        for side in wrong:
            with pytest.raises(Unmeasurable, match="answers 404"):
                storm._check(port, side)
    with pytest.raises(Unmeasurable, match="gunicorn does not serve"):
        storm._check(port, row.ours)


@pytest.fixture
def wrk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wrk that only says what it is told to say."""
    script = tmp_path / "wrk"
    script.write_text(f'#!/bin/sh\ncat "{tmp_path}/said"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "said"


@pytest.mark.parametrize(("errors", "broken"), [(99, 0), (101, 0), (100, 1)])
def test_a_storm_of_other_answers_is_not_measured(wrk: Path, errors: int, broken: int) -> None:
    said = {"requests": 100, "seconds": 2, "errors": 100, "broken": 0}
    wrk.write_text("Running\n" + json.dumps(said))
    assert storm._requests_a_second(1, 2, 0) == 50
    wrk.write_text("Running\n" + json.dumps({**said, "errors": errors, "broken": broken}))
    with pytest.raises(Unmeasurable, match="wrk had other answers"):
        storm._requests_a_second(1, 2, 0)


def test_without_wrk_it_is_said_how_to_get_it(
    data: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert report.table(command.measured(STORM, data, 1, 0.001)).endswith(
        "not measured: wrk is not installed (apt-get install wrk)"
    )


# What is made of it.


@pytest.mark.parametrize(
    ("change", "rounds", "figure", "met"),
    [
        ({"goal": 2}, [[1, 2], [9]], 2, True),
        ({"goal": 1.99}, [[1, 2], [9]], 2, False),
        ({"goal": 2, "at_least": True}, [[1, 2], [9]], 2, True),
        ({"goal": 2.01, "at_least": True}, [[1, 2], [9]], 2, False),
        ({"goal": 9, "worst": True}, [[1, 2], [9]], 9, True),
        ({"goal": 8.9, "worst": True}, [[1, 2], [9]], 9, False),
    ],
)
def test_a_goal_is_met_or_missed(
    change: dict[str, Any], rounds: list[list[float]], figure: float, met: bool
) -> None:
    result = Result(replace(PAGE, **change), rounds)
    assert (result.figure, result.met) == (figure, met)
    assert not Result(result.row, rounds, reason="wasn't to be had").met


def test_the_spread_is_that_of_starts_and_rounds() -> None:
    """Two starts that differ leave it open where between them the median is."""
    one = Result(PAGE, [[0.8, 0.9, 1.0, 1.1, 1.2]])
    assert one.quartiles == (0.9, 1.1)
    assert 0.8 <= one.interval[0] < 1.0 < one.interval[1] <= 1.2
    assert Result(PAGE, [[1.0] * 9, [2.0] * 9]).interval == (1.0, 2.0)
    assert Result(PAGE, [[1.0]]).quartiles == Result(PAGE, [[1.0]]).interval == (1.0, 1.0)


@pytest.mark.parametrize(
    ("rounds", "reason", "arguments", "code"),
    [
        ([[1.0]], "", [], 0),
        ([[1.0]], "", ["--check"], 0),
        ([[9.0]], "", [], 0),
        ([[9.0]], "", ["--check"], 1),
        ([], "Traceback\nit broke", [], 2),
        ([], "Traceback\nit broke", ["--check"], 2),
    ],
)
def test_it_ends_with_what_came_of_it(
    rounds: list[list[float]],
    reason: str,
    arguments: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = [Result(PAGE, rounds, {"ours": [9, 7, 8]}, reason)]
    monkeypatch.setattr(command, "measured", lambda rows, *others: results)
    assert command.main(arguments) == code
    _heads, line = capsys.readouterr().out.splitlines()
    assert line.startswith(PAGE.what)
    verdict = "not measured: it broke" if reason else ("met" if rounds == [[1.0]] else "missed")
    assert line.endswith(verdict)


def test_all_of_it_is_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON has every row; the picture has the ratios, and the worst of several shapes."""
    monkeypatch.setattr(
        command,
        "measured",
        lambda rows, *others: [
            Result(row, [[0.01 * number]], {"ours": [9, 7, 8]}, "" if number else "it broke")
            for number, row in enumerate(rows)
        ],
    )
    files = [tmp_path / name for name in ("all.json", "all.svg")]
    assert command.main(["--json", str(files[0]), "--svg", str(files[1])]) == 2
    found = json.loads(files[0].read_text())
    assert found["packages"]["Django"]
    broken, *others = found["rows"]
    assert broken["reason"] == "it broke"
    assert [(each["what"], each["against"]) for each in others] == [
        (row.what, row.against) for row in ROWS[1:]
    ]
    assert {(each["microseconds"]["ours"], len(each["interval"])) for each in others} == {(8, 2)}
    picture = ElementTree.parse(files[1])  # noqa: S314 - it is ours
    texts = "\n".join(picture.getroot().itertext())
    shapes = re.findall(r"Accept of (\d+) KB: (.*)", texts)
    assert shapes == [(str(kilobytes), list(HOSTILE)[-1]) for kilobytes in KILOBYTES]
    shown = {row.what for row in ROWS[1:] if not (row.unit or row.what.startswith("Accept"))}
    assert all(what in texts for what in shown)
    assert PAGE.what not in texts
    assert not any(row.what in texts for row in MANY)


def test_rows_are_chosen_by_their_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def measured(rows: Any, *others: Any) -> list[Result]:
        seen.extend(row.what for row in rows)
        return []

    monkeypatch.setattr(command, "measured", measured)
    assert command.main(["--only", "does nothing"]) == 0
    assert seen == [row.what for row in PAGES]
    with pytest.raises(SystemExit, match="No row has 'nowhere' in it"):
        command.main(["--only", "nowhere"])
