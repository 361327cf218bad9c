"""Measures what errors cost: ``make bench``, or ``python -m benchmarks``.

make bench                                          everything; some minutes
make bench BENCH_ARGS="--only 404 --rounds 10"      some rows, quickly
make bench BENCH_ARGS="--json FILE --check"         for a machine; missed goals are a failure
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .data import databases
from .measuring import Ratios
from .report import table
from .rows import ROWS


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure what errors cost.")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows that have this in them")
    parser.add_argument("--rounds", type=int, default=60, help="how often the sides take turns")
    parser.add_argument("--seconds", type=float, default=0.075, help="how long a turn takes")
    parser.add_argument("--scale", type=float, default=1, help="part of the rules that there are")
    parser.add_argument("--check", action="store_true", help="end with 1 if a goal is missed")
    options = parser.parse_args()
    rows = [row for row in ROWS if options.only in f"{row.what}, {row.against}"]
    with TemporaryDirectory() as folder, databases(Path(folder), options.scale) as found:
        results = Ratios(found, options.rounds, options.seconds).measure(rows, _tell)
    print(table(results))
    if any(result.reason for result in results):
        return 2
    return int(options.check and not all(result.met for result in results))


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
