"""Measures what errors cost: ``make bench``, or ``python -m benchmarks``.

make bench                                          everything; some minutes
make bench BENCH_ARGS="--only 404 --rounds 10"      some rows, quickly
make bench BENCH_ARGS="--json FILE --check"         for a machine; missed goals are a failure
make bench BENCH_ARGS="--only 404 --profile"        where the time goes
DATABASE_URL=postgres://postgres@127.0.0.1/postgres make bench     with a server, not with SQLite
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from . import many_rules, phases, report
from .data import Databases, databases
from .processes import Unmeasurable, working
from .ratios import Ratios
from .results import Result
from .rows import ROWS, Row
from .storm import storm

RATIO = "ratio"
# How what is no ratio of times is measured.
MEASURES: dict[str, Callable[[Row, Databases], Result]] = {
    "after start": phases.after_start,
    "after edit": phases.after_edit,
    "first": many_rules.first,
    "memory": many_rules.memory,
    "stall": many_rules.stall,
    "storm": storm,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, 1 if a goal is missed and that was asked for, or 2 if a row has no figure."""
    options = _options(arguments)
    rows = [row for row in ROWS if options.only in f"{row.what}, against {row.against}"]
    if not rows:
        sys.exit(f"No row has {options.only!r} in it.")
    with TemporaryDirectory() as folder, databases(Path(folder), options.scale) as found:
        if options.profile:
            print(_profile(rows[0], found))
            return 0
        results = measured(rows, found, options.rounds, options.seconds)
    _tell("")
    print(report.table(results))
    for path, form in ((options.json, report.as_json), (options.svg, report.picture)):
        if path:
            path.write_text(form(results), encoding="utf-8")
    if any(result.reason for result in results):
        return 2
    return int(options.check and not all(result.met for result in results))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure what errors cost.")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows that have this in them")
    parser.add_argument("--rounds", type=int, default=60, help="how often the sides take turns")
    parser.add_argument("--seconds", type=float, default=0.075, help="how long a turn takes")
    parser.add_argument("--scale", type=float, default=1, help="what part of the rules there is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the ratios there")
    parser.add_argument("--check", action="store_true", help="end with 1 if a goal is missed")
    parser.add_argument(
        "--profile", action="store_true", help="show where the first row's time goes (pyinstrument)"
    )
    return parser.parse_args(arguments)


def measured(
    rows: Sequence[Row], databases: Databases, rounds: int, seconds: float
) -> list[Result]:
    """Return the results of `rows`, in their order."""
    for name in {side.data for row in rows for side in (row.ours, row.peer)}:
        _tell(f"making the database {name!r}")
        databases.url(name)
    ratios = [row for row in rows if row.measure == RATIO]
    found = {
        result.row: result for result in Ratios(databases, rounds, seconds).measure(ratios, _tell)
    }
    for row in rows:
        if row not in found:
            _tell(row.what)
            try:
                found[row] = MEASURES[row.measure](row, databases)
            except Unmeasurable as error:
                found[row] = Result(row, reason=str(error))
    return [found[row] for row in rows]


def _profile(row: Row, databases: Databases) -> str:
    with working(row.ours, row, databases) as process:
        process.check(row.ours)
        process.ask("settle", name=row.ours.request, times=100)
        return process.ask("profile", name=row.ours.request, times=5000)


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
