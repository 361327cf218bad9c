"""The databases: an empty one, and such with many rules or redirects.

They are SQLite files in a folder that is given. If DATABASE_URL is one of PostgreSQL, they are
databases of their own at that server, dropped in the end; the one that it names is left alone.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from .asking import gone_address

ROOT = Path(__file__).resolve().parent.parent
CHUNK, BATCH = 10_000, 100  # SQLite is slow with long statements

# How many rules or redirects there are in a database, by its name.
EMPTY, RULES, MANY_RULES, REDIRECTS = "empty", "rules", "many_rules", "redirects"
SIZES = {EMPTY: 0, RULES: 100_000, MANY_RULES: 1_000_000, REDIRECTS: 100_000}


def environment(stack: str, database: str) -> dict[str, str]:
    """Return the environment of a process that has `stack` over `database`."""
    return os.environ | {
        "BENCHMARKS_STACK": stack,
        "BENCHMARKS_DATABASE": database,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        # Two processes would else differ in how their dicts and sets happen to lie.
        "PYTHONHASHSEED": "0",
    }


class Databases:
    """Makes each database when it is first asked for.

    scale: what part of the rules and redirects there is, for a quick look
    """

    def __init__(self, copied: Callable[[str | None, str], str], scale: float) -> None:
        self._copied = copied
        self._scale = scale
        self.url = cache(self._made)

    def size(self, name: str) -> int:
        """Return how many rules or redirects are in the database `name`."""
        return round(SIZES[name] * self._scale)

    def _made(self, name: str) -> str:
        url = self._copied(None if name == EMPTY else self.url(EMPTY), name)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.data", name, str(self.size(name))],
            cwd=ROOT,
            env=environment("data", url),
            check=True,
        )
        return url


@contextmanager
def databases(folder: Path, scale: float = 1) -> Iterator[Databases]:
    """Give databases in `folder`, or at the PostgreSQL server of DATABASE_URL."""
    server = os.environ.get("DATABASE_URL", "")
    if server.startswith("postgres"):
        with _on_postgresql(server) as copied:
            yield Databases(copied, scale)
    else:

        def copied(original: str | None, name: str) -> str:
            if original is not None:
                shutil.copy(original.removeprefix("sqlite:///"), folder / name)
            return f"sqlite:///{folder / name}"

        yield Databases(copied, scale)


@contextmanager
def _on_postgresql(server: str) -> Iterator[Callable[[str | None, str], str]]:
    import psycopg

    prefix = f"http_errors_benchmarks_{os.getpid()}_"
    made = []

    def execute(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)

    def copied(original: str | None, name: str) -> str:
        template = f" TEMPLATE {prefix}{EMPTY}" if original else ""
        execute(f"CREATE DATABASE {prefix}{name}{template}")
        made.append(prefix + name)
        return server.rpartition("/")[0] + f"/{prefix}{name}"

    try:
        yield copied
    finally:
        for name in made:
            execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(name: str, count: int) -> None:
    """Fill the database `name`, which this process has, with `count` rows."""
    import django
    from django.core.management import call_command

    django.setup()
    if name == EMPTY:
        call_command("migrate", verbosity=0)
    gc.disable()  # It finds nothing among so many rows, and looks for long.
    rows, manager = _redirects(count) if name == REDIRECTS else _rules(count)
    while chunk := list(islice(rows, CHUNK)):
        manager.bulk_create(chunk, batch_size=BATCH)


def _rules(count: int) -> tuple[Iterator[Any], Any]:
    """Rules as an old site has them: one in a hundred is for all that is below an address."""
    from django_http_errors.models import MatchType, PermanenceRule

    rules = (
        PermanenceRule(
            kind=MatchType.EXACT if number % 100 else MatchType.PREFIX,
            pattern=gone_address(number),
            source=PermanenceRule.Source.IMPORT,
        )
        for number in range(count)
    )
    return rules, PermanenceRule.objects


def _redirects(count: int) -> tuple[Iterator[Any], Any]:
    """Redirects to nowhere, which is how this package says that something is gone."""
    from django.contrib.redirects.models import Redirect

    redirects = (Redirect(site_id=1, old_path=gone_address(number)) for number in range(count))
    return redirects, Redirect.objects


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
