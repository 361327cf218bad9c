"""The time of one side by that of the other where a process has just started, or hears of an edit.

Both answer as many requests as the peer does in some seconds: less traffic than the faster one
could take, so that what a start or an edit costs counts for more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from random import Random

from .data import Databases
from .processes import Process, Unmeasurable, working
from .results import Result
from .rows import Row, Side

ROUNDS = 5
SECONDS_AFTER_START, SECONDS_AFTER_EDIT = 3.0, 5.0
WARM_UP = 1000
SEED = 20

_edits = count()


def after_start(row: Row, databases: Databases) -> Result:
    """Return the ratio over the first seconds of a process, its first request included."""
    with working(row.peer, row, databases) as process:
        times = _throughput(process, row.peer, SECONDS_AFTER_START)

    def seconds(side: Side) -> float:
        with working(side, row, databases) as process:
            found = _seconds(process, side, times)
            process.check(side)
            return found

    return _ratios(row, seconds)


def after_edit(row: Row, databases: Databases) -> Result:
    """Return the ratio over the seconds after another process has edited a rule."""
    with ExitStack() as running:
        ours, peer, editor = (
            running.enter_context(working(side, row, databases))
            for side in (row.ours, row.peer, row.ours)
        )
        for process, side in ((ours, row.ours), (peer, row.peer)):
            process.check(side)
            process.ask("settle", name=side.request, times=WARM_UP)
        times = _throughput(peer, row.peer, SECONDS_AFTER_EDIT)

        def seconds(side: Side) -> float:
            if side is row.peer:
                return _seconds(peer, side, times)
            edited = f"/edited/after/{next(_edits)}/"
            editor.ask("edit", pattern=edited)
            found = _seconds(ours, side, times)
            status = ours.ask("status", path=edited)
            if status != 410:
                raise Unmeasurable(f"the edit of {edited} was not seen: {status}")
            return found

        return _ratios(row, seconds)


def _throughput(process: Process, side: Side, seconds: float) -> int:
    times: int = process.ask("throughput", name=side.request, seconds=seconds)
    return times


def _seconds(process: Process, side: Side, times: int) -> float:
    """Return for how long the process is at work for `times` requests, answered as they should."""
    done = process.ask("batch", name=side.request, times=times)
    if done["statuses"] != [side.status]:
        raise Unmeasurable(f"{side} answers with {done['statuses']}")
    seconds: float = done["seconds"]
    return seconds


def _ratios(row: Row, seconds: Callable[[Side], float]) -> Result:
    """Return the ratios of rounds in which the sides take turns."""
    random = Random(SEED)
    found = []
    for _round in range(ROUNDS):
        sides = [row.ours, row.peer]
        random.shuffle(sides)
        each = {side: seconds(side) for side in sides}
        found.append(each[row.ours] / each[row.peer])
    # Each round is a start of its own.
    return Result(row, [[each] for each in found])
