"""``manage.py import_permanence_rules``: rules from a CSV or a JSON file, large ones too."""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...importing import importer, reader
from ...models import PermanenceRule

STDIN = "-"
LONGEST_ERROR = 300


def positive(text: str) -> int:
    """Return the number that `text` is, if it is 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(_("a number from 1 is expected"))
    return int(text)


class Command(BaseCommand):
    """Imports a file in one transaction, and nothing of one that has an invalid row."""

    help = (
        "Imports permanence rules from a CSV or a JSON file. Its columns are named as the fields"
        " are; pattern alone is enough (exact, permanent). A row says all of a rule: what it leaves"
        " out has its default. One invalid row keeps all from being imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the file in UTF-8; - for standard input")
        parser.add_argument(
            "--format", choices=reader.FORMATS, default="", help="left out: what it looks like"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and change nothing"
        )
        parser.add_argument(
            "--skip-invalid",
            action="store_true",
            help="leave invalid rows out, and import the others",
        )
        parser.add_argument("--author", default="", help="the name to record with the rules")
        parser.add_argument(
            "--batch-size",
            type=positive,
            default=importer.BATCH,
            help="how many rows are compared and written at a time (%(default)d)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        longest = PermanenceRule._meta.get_field("author").max_length or 0
        if len(options["author"]) > longest:
            raise CommandError(_("The name of an author has %d characters at most.") % longest)
        with (
            _opened(options["file"]) as file,
            _bar(file, wanted=options["verbosity"] > 0) as progress,
        ):
            try:
                report = importer.import_rules(
                    file,
                    format=options["format"],
                    author=options["author"],
                    dry_run=options["dry_run"],
                    skip_invalid=options["skip_invalid"],
                    batch_size=options["batch_size"],
                    progress=progress,
                )
            except reader.FileError as error:
                raise CommandError(
                    _("Nothing was imported. %(file)s, %(error)s")
                    % {"file": options["file"], "error": _shown(str(error))}
                ) from error
        self._print(report, **options)

    def _print(self, report: importer.Report, **options: Any) -> None:
        for result in report.invalid_rows:
            for error in result.errors:
                self.stderr.write(f"{options['file']}, {result.place}: {_shown(error)}")
        more = report.invalid - len(report.invalid_rows)
        if more:
            text = ngettext("... and %d more invalid row", "... and %d more invalid rows", more)
            self.stderr.write(text % more)
        total = sum(report.counts.values())
        if options["verbosity"] > 0:
            each = ", ".join(f"{report.counts[name]} {name}" for name in importer.RowStatus)
            text = ngettext("%(n)d row: %(each)s.", "%(n)d rows: %(each)s.", total)
            self.stdout.write(text % {"n": total, "each": each})
        if report.invalid and not options["skip_invalid"]:
            raise CommandError(
                _(
                    "Nothing was imported. Fix the invalid rows, or leave them out with"
                    " --skip-invalid."
                )
            )
        if options["dry_run"] and options["verbosity"] > 0:
            self.stdout.write(_("Nothing was changed: this was a dry run."))


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - a name as the shell has it
            yield file
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


@contextmanager
def _bar(file: BinaryIO, *, wanted: bool) -> Iterator[Callable[[int], object]]:
    """Show on a terminal how much of `file` was read, if tqdm is there to do it."""
    try:
        from tqdm import tqdm  # noqa: PLC0415 - optional
    except ImportError:
        wanted = False
    if not wanted or not sys.stderr.isatty():
        yield int
        return
    with tqdm(total=_size(file), unit="B", unit_scale=True, leave=False) as bar:
        yield lambda read: bar.update(read - bar.n)


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except (OSError, io.UnsupportedOperation):
        return None


def _shown(text: str) -> str:
    """Return `text`, which may be anything, as one line for a terminal that isn't too long."""
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]} ..."
