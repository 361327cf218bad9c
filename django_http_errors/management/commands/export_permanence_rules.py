"""``manage.py export_permanence_rules``: the rules as a file, for an import or for a server."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError

from ...importing import exporter
from ...models import PermanenceRule


class Command(BaseCommand):
    """Prints the rules; what a format can't say of them is counted beside."""

    help = (
        "Exports permanence rules: as CSV or JSON all of them, as import_permanence_rules takes"
        " them; for a CDN or gateway that is to answer by itself those in force that are permanent."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--format", choices=list(exporter.FORMATS), default="csv", help="csv if left out"
        )
        parser.add_argument("--output", metavar="FILE", help="standard output if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        remarks: exporter.Remarks = Counter()
        lines = exporter.FORMATS[options["format"]](PermanenceRule.objects.all(), remarks)
        with self._opened(options["output"]) as file:
            for line in lines:
                file.write(line)
        for text, count in remarks.items():
            if count:
                self.stderr.write(f"{count} {text}")

    @contextmanager
    def _opened(self, name: str | None) -> Iterator[TextIO]:
        if name is None:
            self.stdout.ending = ""  # the lines have their own
            yield cast("TextIO", self.stdout)
            return
        try:
            with open(name, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - of the shell
                yield file
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error
