"""``manage.py import_permanence_rules``: rules from a file, of many formats, large ones too."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...importing import contrib_redirects, importer
from ...importing.reader import FORMATS, Reader
from ...importing.rows import FileError, ParsedRow, Remark
from ...importing.schema import RULES
from ...models import PermanenceRule

STDIN = "-"
REDIRECTS = "django.contrib.redirects"
LONGEST_ERROR = 300


def positive(text: str) -> int:
    """Return the number that `text` is, if it is 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(_("a number from 1 is expected"))
    return int(text)


class Command(BaseCommand):
    """Imports a file in one transaction, and nothing of one that has an invalid row."""

    help = (
        "Imports permanence rules from a file: CSV or JSON with the fields as columns, a list of"
        " addresses, an export of another tool, or the configuration of a server, of which it takes"
        " what is gone (410). One invalid row keeps all from being imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="- for standard input")
        parser.add_argument(
            "--from-redirects",
            action="store_true",
            help=f"take the redirects of {REDIRECTS} that lead nowhere, and no file",
        )
        parser.add_argument(
            "--format", choices=list(FORMATS), default="", help="left out: what it looks like"
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
            "--batch",
            type=positive,
            metavar="N",
            help="commit after every N rows, instead of once at the end",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        longest = PermanenceRule._meta.get_field("author").max_length or 0
        if len(options["author"]) > longest:
            raise CommandError(_("The name of an author has %d characters at most.") % longest)
        importing = importer.Import(
            RULES,
            **{name: options[name] for name in ("author", "dry_run", "skip_invalid", "batch")},
        )
        name = REDIRECTS if options["from_redirects"] else options["file"]
        with _found(**options) as (found, progress):
            try:
                importing.run(found, progress)
            except FileError as error:
                what = {"file": name, "error": _shown(str(error))}
                self._print_remarks(importing.report, name)
                done = _outcome(importing.report)
                raise CommandError(f"{done} {_('%(file)s, %(error)s') % what}") from error
            if isinstance(found, Reader) and options["dry_run"] and options["verbosity"] > 0:
                self.stdout.write(f"{name}: {_('read as %s') % FORMATS[found.format].title}")
        self._print(importing.report, name, **options)

    def _print(self, report: importer.Report, name: str, **options: Any) -> None:
        self._print_remarks(report, name)
        invalid = report.results[importer.RowStatus.INVALID]
        for result in invalid:
            for error in result.errors:
                self.stderr.write(f"{name}, {result.place}: {_shown(error)}")
        if more := report.invalid - len(invalid):
            text = ngettext("... and %d more invalid row", "... and %d more invalid rows", more)
            self.stderr.write(text % more)
        if options["verbosity"] > (0 if options["dry_run"] else 1):
            self._print_changes(report, name)
        total = sum(report.counts.values())
        if options["verbosity"] > 0:
            each = ", ".join(f"{report.counts[status]} {status}" for status in importer.RowStatus)
            text = ngettext("%(n)d row: %(each)s.", "%(n)d rows: %(each)s.", total)
            self.stdout.write(text % {"n": total, "each": each})
        if report.invalid and not options["skip_invalid"]:
            advice = _("Fix the invalid rows, or leave them out with --skip-invalid.")
            raise CommandError(f"{_outcome(report)} {advice}")
        if options["dry_run"] and options["verbosity"] > 0:
            self.stdout.write(_("Nothing was changed: this was a dry run."))

    def _print_remarks(self, report: importer.Report, name: str) -> None:
        for text, places in report.remarks.items():
            self.stderr.write(f"{name}, {places}: {_shown(text)}")
        if more := report.other_remarks:
            self.stderr.write(ngettext("... and %d more", "... and %d more", more) % more)

    def _print_changes(self, report: importer.Report, name: str) -> None:
        """Name the fields that rows change, and those that they empty."""
        changed = report.results[importer.RowStatus.CHANGED]
        for result in changed:
            what = [
                text % ", ".join(fields)
                for text, fields in (
                    (_("changes %s"), result.changed),
                    (_("empties %s"), result.emptied),
                )
                if fields
            ]
            rule = _shown(str(result.row))
            self.stdout.write(f"{name}, {result.place}: {rule}: {'; '.join(what)}")
        if more := report.counts[importer.RowStatus.CHANGED] - len(changed):
            text = ngettext("... and %d more changed row", "... and %d more changed rows", more)
            self.stdout.write(text % more)


def _outcome(report: importer.Report) -> str:
    if not report.written:
        return _("Nothing was imported.")
    text = ngettext(
        "%d rule was imported before.", "%d rules were imported before.", report.written
    )
    return text % report.written


Found = tuple[Iterable[ParsedRow | Remark], Callable[[], object]]


@contextmanager
def _found(**options: Any) -> Iterator[Found]:
    """Give the rows that the options ask for, and what shows how far they were read."""
    if bool(options["file"]) == options["from_redirects"]:
        raise CommandError(_("Name a file, or say --from-redirects."))
    if options["from_redirects"]:
        if not contrib_redirects.is_installed():
            raise CommandError(_("%s isn't installed.") % REDIRECTS)
        yield contrib_redirects.parse(), lambda: None
        return
    with _opened(options["file"]) as file:
        found = Reader(file, RULES.columns, options["format"])
        with _bar(file, found, wanted=options["verbosity"] > 0) as progress:
            yield found, progress


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
def _bar(file: BinaryIO, found: Reader, *, wanted: bool) -> Iterator[Callable[[], object]]:
    """Show on a terminal how much of `file` was read, if tqdm is there to do it."""
    try:
        from tqdm import tqdm  # noqa: PLC0415 - optional
    except ImportError:
        wanted = False
    if not wanted or not sys.stderr.isatty():
        yield lambda: None
        return
    # Characters are counted, about as many as bytes.
    with tqdm(total=_size(file), unit="B", unit_scale=True, leave=False) as bar:
        yield lambda: bar.update(found.size - bar.n)


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except (OSError, UnsupportedOperation):
        return None


def _shown(text: str) -> str:
    """Return `text`, which may be anything, as one line for a terminal that isn't too long."""
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]} ..."
