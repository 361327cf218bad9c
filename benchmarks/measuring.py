"""How it is measured: pairs of batches in turn, each side in a process of its own.

What counts is the ratio of the two in each round. Both batches of a round meet the machine in
nearly the same state, whatever else it does; absolute times on a shared machine mean little.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryFile
from typing import Any

from .data import ROOT, Databases, environment
from .rows import Row, Side

STARTS = 3
WARM_UP = 200
RESAMPLES = 1000
SEED = 20


class Unmeasurable(Exception):
    """Says why there is no figure."""


@dataclass
class Result:
    """What was found for a row: a figure for each round, in a list for each start."""

    row: Row
    rounds: list[list[float]] = field(default_factory=list)
    microseconds: dict[str, list[float]] = field(default_factory=lambda: {"ours": [], "peer": []})
    reason: str = ""

    @property
    def all_rounds(self) -> list[float]:
        return [each for start in self.rounds for each in start]

    @property
    def figure(self) -> float:
        return median(self.all_rounds)

    @property
    def met(self) -> bool:
        return not self.reason and self.figure <= self.row.goal

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.all_rounds) < 2:
            return (self.figure, self.figure)
        low, _, high = quantiles(self.all_rounds, n=4, method="inclusive")
        return low, high

    @property
    def interval(self) -> tuple[float, float]:
        """Where the figure is with 95 in 100: starts are drawn anew, and rounds of each."""
        random = Random(SEED)
        medians = sorted(
            median(
                each
                for start in random.choices(self.rounds, k=len(self.rounds))
                for each in random.choices(start, k=len(start))
            )
            for _ in range(RESAMPLES)
        )
        return medians[round(RESAMPLES * 0.025)], medians[round(RESAMPLES * 0.975) - 1]


class Process:
    """A worker, and what it says."""

    def __init__(self, process: subprocess.Popen[str], log: Any) -> None:
        self._process = process
        self._log = log

    def tell(self, name: str, /, **arguments: Any) -> None:
        """Have the worker do something; `hear` waits for it."""
        assert self._process.stdin is not None
        print(json.dumps([name, arguments]), file=self._process.stdin, flush=True)

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise Unmeasurable(f"a worker has ended: {self._log.read().decode()[-2000:]}")
        reply = json.loads(line)
        if "fault" in reply:
            raise Unmeasurable(reply["fault"])
        return reply["is"]

    def ask(self, name: str, /, **arguments: Any) -> Any:
        self.tell(name, **arguments)
        return self.hear()


@contextmanager
def working(stack: str, mode: str, database: str, rows: int) -> Iterator[Process]:
    """Start a worker, and end it."""
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", mode, str(rows)],
            cwd=ROOT,
            env=environment(stack, database),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Process(process, log)
        finally:
            process.kill()
            process.communicate()


def check(process: Process, side: Side) -> None:
    """Raise if an answer isn't the one that is to be measured."""
    answer = process.ask("answer", name=side.request)
    found = (answer["status"], answer["content_type"], side.mark in answer["body"])
    if found != (side.status, side.content_type, True):
        raise Unmeasurable(f"{side} answers {answer}")


class Ratios:
    """Measures rows by the time that each side is at work.

    seconds: how long a batch takes, roughly
    """

    def __init__(self, databases: Databases, rounds: int, seconds: float) -> None:
        self.databases = databases
        self.rounds = rounds
        self.seconds = seconds
        self.random = Random(SEED)
        self.times: dict[tuple[str, Side], int] = {}

    def measure(self, rows: Sequence[Row], told: Callable[[str], None]) -> list[Result]:
        """Return the results of `rows`.

        Several times everything is started anew: two processes with the same code differ for
        as long as they live, by where in memory their things happen to be.
        """
        results = [Result(row) for row in rows]
        starts = min(STARTS, self.rounds)
        for start in range(starts):
            with ExitStack() as running:

                @cache
                def worker(
                    stack: str, data: str, mode: str, running: ExitStack = running
                ) -> Process:
                    return running.enter_context(
                        working(stack, mode, self.databases.url(data), self.databases.size(data))
                    )

                for result in results:
                    row = result.row
                    mine = min(starts, row.starts)
                    if start >= mine or result.reason:
                        continue
                    told(f"{start + 1}/{starts}  {row.what}, against {row.against}")
                    rounds = max(1, round(self.rounds * row.share / mine))
                    try:
                        self._pair(
                            result,
                            worker(row.ours.stack, row.ours.data, row.mode),
                            worker(row.peer.stack, row.peer.data, row.mode),
                            rounds,
                        )
                    except Unmeasurable as error:
                        result.reason = str(error)
        return results

    def _pair(self, result: Result, ours: Process, peer: Process, rounds: int) -> None:
        row = result.row
        sides = [("ours", ours, row.ours), ("peer", peer, row.peer)]
        for _, process, side in sides:
            check(process, side)
            process.ask("settle", name=side.request, times=WARM_UP)
            self._calibrate(row.mode, process, side)
        found: list[float] = []
        for _ in range(rounds):
            self.random.shuffle(sides)
            seconds = {name: self._batch(row.mode, process, side) for name, process, side in sides}
            found.append(seconds["ours"] / seconds["peer"])
            for name, each in seconds.items():
                result.microseconds[name].append(each * 1e6)
        result.rounds.append(found)

    def _calibrate(self, mode: str, process: Process, side: Side) -> None:
        """Find out how many requests make a batch; once, so that all batches are alike."""
        key = (mode, side)
        if key not in self.times:
            self.times[key] = 10
            least = min(self._batch(mode, process, side) for _ in range(3))
            self.times[key] = max(1, round(self.seconds / least))

    def _batch(self, mode: str, process: Process, side: Side) -> float:
        """Return the seconds a request took."""
        times = self.times[mode, side]
        done = process.ask("batch", name=side.request, times=times)
        if done["statuses"] != [side.status]:
            raise Unmeasurable(f"{side} answers with {done['statuses']}")
        return done["seconds"] / times
