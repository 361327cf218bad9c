"""What a great many rules cost beside time: memory, and the wait of who comes after an edit."""

from __future__ import annotations

import time

from .data import Databases
from .processes import Unmeasurable, working
from .results import Result
from .rows import Row

REQUESTS = 200
EDITS = 3
STARTS = 5
# How long nothing is edited, and how long at least the worker is watched around an edit.
QUIET_SECONDS = 2
LONGEST_SECONDS = 120


def memory(row: Row, databases: Databases) -> Result:
    """Return by how many megabytes a process is larger that has the rules.

    It is what the process has for itself (USS) after it has answered some requests.
    """
    megabytes = []
    for side in (row.ours, row.peer):
        with working(side, row, databases) as process:
            process.check(side)
            process.ask("settle", name=side.request, times=REQUESTS)
            megabytes.append(process.ask("memory") / 2**20)
    return Result(row, [[megabytes[0] - megabytes[1]]])


def first(row: Row, databases: Databases) -> Result:
    """Return by how many milliseconds the first answer of a process is later than without rules."""
    found = []
    for _start in range(STARTS):
        milliseconds = []
        for side in (row.ours, row.peer):
            with working(side, row, databases) as process:
                done = process.ask("first", name=side.request)
                if done["statuses"] != [side.status]:
                    raise Unmeasurable(f"{side} answers with {done['statuses']}")
                process.check(side)
                milliseconds.append(done["seconds"] * 1000)
        found.append(milliseconds[0] - milliseconds[1])
    return Result(row, [found])


def stall(row: Row, databases: Databases) -> Result:
    """Return by how many milliseconds the longest request around an edit is longer than others.

    The edit is another process's. It is over when it is seen in an answer.
    """
    side = row.ours
    found = []
    with working(side, row, databases) as process, working(side, row, databases) as editor:
        process.check(side)
        process.ask("settle", name=side.request, times=REQUESTS)
        for number in range(EDITS):
            watched = {
                "name": side.request,
                "probe": f"/edited/{number}/",
                "limit": LONGEST_SECONDS,
            }
            quiet = process.ask("watch", **watched, seconds=QUIET_SECONDS, until=404)
            process.tell("watch", **watched, seconds=QUIET_SECONDS, until=410)
            time.sleep(QUIET_SECONDS / 4)
            editor.ask("edit", pattern=watched["probe"])
            found.append((process.hear() - quiet) * 1000)
    return Result(row, [found])
