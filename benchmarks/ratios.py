"""The time of one side by the time of the other: batches in turn, each side in its own process.

What counts is the ratio in each round. Both batches of a round meet the machine in nearly the same
state, whatever else it does; absolute times on a shared machine mean little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from random import Random

from .data import Databases
from .processes import Process, Unmeasurable, working
from .results import Result
from .rows import Row, Side

STARTS = 5
WARM_UP = 300
SEED = 20


class Ratios:
    """Measures rows by the time that each side is at work.

    seconds: how long a batch takes, roughly
    """

    def __init__(self, databases: Databases, rounds: int, seconds: float) -> None:
        self._databases = databases
        self._rounds = rounds
        self._seconds = seconds
        self._random = Random(SEED)
        self._times: dict[tuple[str, Side], int] = {}

    def measure(self, rows: Sequence[Row], told: Callable[[str], None]) -> list[Result]:
        """Return the results of `rows`.

        Everything is started anew several times: two processes with the same code differ for
        as long as they live, by where in memory their things happen to be.
        """
        results = [Result(row, times={"ours": [], "peer": []}) for row in rows]
        starts = min(STARTS, self._rounds)
        for start in range(starts):
            with ExitStack() as running:
                workers: dict[tuple[str, str, str], Process] = {}
                for result in results:
                    row = result.row
                    mine = min(starts, row.starts)
                    if start >= mine or result.reason:
                        continue
                    told(f"{start + 1} of {starts}: {row.what}, against {row.against}")
                    pair = []
                    for side in (row.ours, row.peer):
                        key = (side.stack, side.data, row.mode)
                        if key not in workers:
                            worker = working(side, row, self._databases)
                            workers[key] = running.enter_context(worker)
                        pair.append(workers[key])
                    try:
                        rounds = max(1, round(self._rounds * row.share / mine))
                        self._measure(result, *pair, rounds)
                    except Unmeasurable as error:
                        result.reason = str(error)
        return results

    def _measure(self, result: Result, ours: Process, peer: Process, rounds: int) -> None:
        row = result.row
        sides = [("ours", ours, row.ours), ("peer", peer, row.peer)]
        for _name, process, side in sides:
            process.check(side)
            process.ask("settle", name=side.request, times=WARM_UP)
            self._calibrate(row.mode, process, side)
        found: list[float] = []
        for _round in range(rounds):
            self._random.shuffle(sides)
            seconds = {name: self._batch(row.mode, process, side) for name, process, side in sides}
            found.append(seconds["ours"] / seconds["peer"])
            for name, each in seconds.items():
                result.times[name].append(each * 1e6)
        result.rounds.append(found)

    def _calibrate(self, mode: str, process: Process, side: Side) -> None:
        """Find out how many requests make a batch; once, so that all batches are alike."""
        if (mode, side) not in self._times:
            self._times[mode, side] = 10
            least = min(self._batch(mode, process, side) for _ in range(3))
            self._times[mode, side] = max(1, round(self._seconds / least))

    def _batch(self, mode: str, process: Process, side: Side) -> float:
        """Return the seconds that a request takes."""
        times = self._times[mode, side]
        done = process.ask("batch", name=side.request, times=times)
        if done["statuses"] != [side.status]:
            raise Unmeasurable(f"{side} answers with {done['statuses']}")
        return done["seconds"] / times
