"""Runs the test of one package: ``python -m tests.neighbours.run NAME``."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
import tempfile
import warnings

import django
from django.conf import settings
from django.utils.module_loading import import_string

from . import packages
from .recipes import NEIGHBOURS, Asker, Neighbour

SKIPPED = 77  # as an exit status, by an old custom


def load() -> None:
    """Import the modules that have the tests; none of them imports a package by itself."""
    for each in pkgutil.iter_modules(packages.__path__):
        importlib.import_module(f"{packages.__name__}.{each.name}")


def current() -> Neighbour:
    """Return what is tested in this process."""
    load()
    return NEIGHBOURS[sys.argv[1]]


def main() -> None:
    neighbour = current()
    missing = neighbour.needs()
    if missing:
        sys.stderr.write(missing)
        sys.exit(SKIPPED)
    # Some ask where the settings are.
    os.environ["DJANGO_SETTINGS_MODULE"] = __package__ or ""
    # In a file: a database in memory is another one for each thread.
    with tempfile.TemporaryDirectory() as directory:
        test(neighbour, f"{directory}/site.sqlite3")


def test(neighbour: Neighbour, database: str) -> None:
    settings.configure(**neighbour.all_settings(database))
    django.setup()
    from django.core.management import call_command

    from django_http_errors.checks import check_http_errors

    # A package without migrations has tables all the same.
    call_command(*neighbour.migrate, verbosity=0)
    found = [str(each.id).rpartition(".")[2] for each in check_http_errors()]
    assert found == list(neighbour.found), found
    handler = _Kept()
    if neighbour.log_filter:
        handler.addFilter(import_string(neighbour.log_filter)())
    logging.getLogger().addHandler(handler)
    for mode in neighbour.modes:
        sys.stderr.write(f"{neighbour.name}, {mode}\n")
        ask = Asker(mode)
        handler.records = ask.logged
        try:
            neighbour.check(ask)
        except Exception:
            for record in ask.logged:
                sys.stderr.write(f"{logging.Formatter().format(record)}\n")
            raise


class _Kept(logging.Handler):
    records: list[logging.LogRecord]

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # One module, not two: `recipes` has the list.
    sys.modules["tests.neighbours.run"] = sys.modules["__main__"]
    main()
