"""The databases: an empty one, and such with many rules or redirects.

They are SQLite files in a folder that is given. If DATABASE_URL is one of PostgreSQL or MariaDB,
they are databases of their own at that server, dropped in the end; the one that it names is left
alone.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .contents import CONTENTS, EMPTY, Contents, old_address

ROOT = Path(__file__).resolve().parent.parent


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

    def contents(self, name: str) -> Contents:
        """Return what is in the database `name`."""
        contents = CONTENTS[name]
        return contents._replace(rows=round(contents.rows * self._scale))

    def _made(self, name: str) -> str:
        url = self._copied(None if name == EMPTY else self.url(EMPTY), name)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.data", name, str(self.contents(name).rows)],
            cwd=ROOT,
            env=environment("data", url),
            check=True,
        )
        return url


@contextmanager
def databases(folder: Path, scale: float = 1) -> Iterator[Databases]:
    """Give databases in `folder`, or at the server of DATABASE_URL."""
    server = os.environ.get("DATABASE_URL", "")
    scheme = urlsplit(server).scheme.partition("+")[0]
    if scheme in _EXECUTE:
        with _at_server(server, _EXECUTE[scheme]) as copied:
            yield Databases(copied, scale)
    else:

        def copied(original: str | None, name: str) -> str:
            if original is not None:
                shutil.copy(original.removeprefix("sqlite:///"), folder / name)
            return f"sqlite:///{folder / name}"

        yield Databases(copied, scale)


@contextmanager
def _at_server(
    server: str, execute: Callable[[str, str], None]
) -> Iterator[Callable[[str | None, str], str]]:
    prefix = f"http_errors_benchmarks_{os.getpid()}_"
    made = []

    def copied(original: str | None, name: str) -> str:
        # Copied is nothing: `fill` makes the tables, which takes a second or two.
        execute(server, f"CREATE DATABASE {prefix}{name}")
        made.append(prefix + name)
        return urlsplit(server)._replace(path=f"/{prefix}{name}").geturl()

    try:
        yield copied
    finally:
        for name in made:
            execute(server, f"DROP DATABASE {name}")


def _on_postgresql(server: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        forced = " WITH (FORCE)" if statement.startswith("DROP") else ""
        connection.execute((statement + forced).encode())


def _on_mariadb(server: str, statement: str) -> None:
    import pymysql

    url = urlsplit(server)
    user, password = unquote(url.username or ""), unquote(url.password or "")
    with (
        pymysql.connect(
            host=url.hostname, port=url.port or 3306, user=user, password=password, autocommit=True
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


_EXECUTE = {
    "postgres": _on_postgresql,
    "postgresql": _on_postgresql,
    "mysql": _on_mariadb,
    "mariadb": _on_mariadb,
}


def fill(name: str, count: int) -> None:
    """Fill the database `name`, which this process has, with `count` rows."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    gc.disable()  # It finds nothing among so many rows, and looks for long.
    contents = CONTENTS[name]
    if contents.are_redirects:
        _fill_with_redirects(count)
    elif contents.rows:
        _fill_with_rules(count, contents.routes)


def _fill_with_rules(count: int, routes: int) -> None:
    """Add rules as an old site has them; all processes hear of them, as of any edit."""
    from django_http_errors.models import Edit, PermanenceRule, recorded

    rule = PermanenceRule(source=PermanenceRule.Source.IMPORT)

    def rows() -> Iterator[tuple[str, str, int]]:
        for number in range(count):
            address = old_address(number, routes)
            rule.kind, rule.pattern = address.kind, address.pattern
            rule.normalise()
            yield rule.kind, rule.pattern, rule.digest

    recorded(
        "default",
        range(Edit.MOST_DIGESTS + 1),  # More than are noted.
        lambda: _insert(rule, ["kind", "pattern", "digest"], rows()),
    )


def _fill_with_redirects(count: int) -> None:
    """Add redirects to nowhere, which is how this package says that something is gone."""
    from django.contrib.redirects.models import Redirect

    paths = ((old_address(number).path,) for number in range(count))
    _insert(Redirect(site_id=1), ["old_path"], paths)


def _insert(like: Any, names: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add a row for each of `rows`, which has the values of the fields `names`.

    like: has the values of the other fields. A million of its kind would take minutes to be made.
    """
    from django.db import connection, transaction

    others = [
        each
        for each in like._meta.concrete_fields
        if not each.primary_key and each.attname not in names
    ]
    columns = [*names, *(each.column for each in others)]
    values = tuple(
        each.get_db_prep_save(getattr(like, each.attname), connection) for each in others
    )
    quote = connection.ops.quote_name
    statement = (
        f"INSERT INTO {quote(like._meta.db_table)} ({', '.join(map(quote, columns))})"  # noqa: S608
        f" VALUES ({', '.join(repeat('%s', len(columns)))})"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Nobody else has it, and if it breaks it is made anew.
            cursor.execute("PRAGMA cache_size = -500000")  # Half a gigabyte, for the indexes.
        cursor.executemany(statement, (row + values for row in rows))


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
