"""Databases for servers in processes of their own, made and dropped by the tests.

One that isn't there is skipped, which pytest says at the end.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dj_database_url import parse
from django.db import DEFAULT_DB_ALIAS
from django.db import connections as open_connections
from django.db.utils import ConnectionHandler

from django_http_errors.models import Announcement
from django_http_errors.rules.snapshot import snapshots

from .servers import MAKE, ROOT, environment, make_database

ADMINS = {
    "postgresql": "postgres://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mysql://root@127.0.0.1:3306/mysql",
}
DATABASES = ("sqlite", *ADMINS)


@dataclass(frozen=True)
class Database:
    """A database, for one kind of server."""

    name: str
    url: str

    def environment(self, settings: str = "tests.settings") -> dict[str, str]:
        return environment(self.url, settings)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@contextmanager
def made(name: str, directory: Path) -> Iterator[Database]:
    """Make a database with all that the demo has in it, and drop it in the end."""
    if name == "sqlite":
        file = directory / "processes.sqlite3"
        make_database(file)
        with closing(sqlite3.connect(file)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        assert mode == "wal"
        yield Database(name, f"sqlite:///{file}")
        return
    with made_empty(name) as found:
        found.run("-c", MAKE)
        yield found


@contextmanager
def made_empty(name: str) -> Iterator[Database]:
    """Make a database of a server's with nothing in it, and drop it in the end."""
    own = f"http_errors_{os.getpid()}_{time.time_ns()}"
    execute(name, f"CREATE DATABASE {own}")
    try:
        yield Database(name, ADMINS[name].rpartition("/")[0] + f"/{own}")
    finally:
        execute(name, f"DROP DATABASE {own}")


def execute(name: str, statement: str) -> None:
    with connected(ADMINS[name]) as cursor:
        cursor.execute(statement)


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Give a cursor of a connection that nobody else has."""
    connection = ConnectionHandler({"default": parse(url)})["default"]
    with closing(connection), connection.cursor() as cursor:
        yield cursor


def connections_to(database: Database) -> int:
    """Return how many connections there are to a database of PostgreSQL's."""
    with connected(ADMINS["postgresql"]) as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s",
            [parse(database.url)["NAME"]],
        )
        return cursor.fetchone()[0]


def publish_edits() -> None:
    """Have what a test has written so far be read as what is committed: once, for many requests.

    As its transaction's own it would be read anew for each of them. What is read is to be forgotten
    when the transaction is rolled back: see the fixture `published`.
    """
    connection = open_connections[DEFAULT_DB_ALIAS]
    due = Announcement.due(DEFAULT_DB_ALIAS)
    connection.run_on_commit = [
        hook for hook in connection.run_on_commit if getattr(hook[1], "__self__", None) not in due
    ]
    for announcement in due:
        announcement.publish()
    snapshots.forget()
