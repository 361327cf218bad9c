"""``manage.py export_error_pages``: error pages as files, for the server in front of Django."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from ... import validators
from ...gateways import pages, snippets
from ...http.urls import default_host
from ...rules.snapshot import snapshots


class Command(BaseCommand):
    """Writes a page and JSON for each status and language, and what servers are told of them."""

    help = (
        "Writes error pages as files, for what the server in front of Django answers by itself, and"
        " settings for nginx, Caddy, Apache, HAProxy, Netlify and Cloudflare that send them: by the"
        " site's template, in the words of its editors, in each language as HTML and as JSON."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="where to write")
        parser.add_argument(
            "--status",
            action="append",
            type=_status,
            help="one status, and again for others; "
            + ", ".join(map(str, pages.STATUSES))
            + " if left out",
        )
        parser.add_argument(
            "--language",
            action="append",
            type=_language,
            help="one language, and again for others: the first is for visitors who ask for none of"
            " them; all that the site has and errors are translated to if left out",
        )
        parser.add_argument(
            "--host",
            default="",
            help="whose messages to take; the first of ALLOWED_HOSTS if left out, or localhost",
        )
        parser.add_argument(
            "--served-from", metavar="DIR", type=Path, help="where the server will have the files"
        )
        parser.add_argument(
            "--clear",
            action="store_true",
            help="delete pages and settings of an earlier export that this one doesn't write",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        statuses = sorted(set(options["status"] or pages.STATUSES))
        languages = list(dict.fromkeys(options["language"] or pages.languages()))
        host = options["host"] or default_host()
        snapshot = snapshots.current()
        for row in pages.of_single_requests(snapshot.messages, statuses, host):
            self.stderr.write(
                f"The message {row.title or row.detail!r} is left out: what its placeholders stand"
                " for is known when there is a request."
            )
        names: set[str] = set()
        told: set[str] = set()
        try:
            for page in pages.pages(statuses, languages, host, snapshot):
                names.add(page.name)
                _write(folder / page.name, page.content)
                for address in page.loads():
                    self.stderr.write(f"{page.name} loads {address}: it has to be there, too")
            served_from = options["served_from"] or folder
            for name, text in snippets.snippets(served_from, statuses, languages, names):
                told.add(name)
                _write(folder / name, text.encode())
            left = sorted(set(_exported(folder)) - names - told)
            if options["clear"]:
                _delete(folder, left)
            elif left:
                self.stderr.write(
                    "What is left of an earlier export, and no server is told of:"
                    f" {', '.join(left)}. --clear deletes it."
                )
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        self.stdout.write(
            f"{len(names)} files in {options['folder']}, and what nginx, Caddy, Apache, HAProxy,"
            " Netlify and Cloudflare need to send them."
        )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


_PAGE = re.compile(rf"[a-z]{{2,3}}(?:-[a-z0-9]+)*/[45]\d\d\.(?:{'|'.join(pages.FORMS)})")
_TYPE_MAP = re.compile(r"[45]\d\d\.var")


def _exported(folder: Path) -> Iterator[str]:
    """Yield the names of the files in `folder` that an export writes, this one or another."""
    for each in folder.iterdir():
        if each.name in snippets.NAMES or _TYPE_MAP.fullmatch(each.name):
            yield each.name
    for each in folder.glob("*/*"):
        name = each.relative_to(folder).as_posix()
        if _PAGE.fullmatch(name):
            yield name


def _delete(folder: Path, names: Collection[str]) -> None:
    for name in names:
        (folder / name).unlink()
    for parent in {(folder / name).parent for name in names} - {folder}:
        if not any(parent.iterdir()):
            parent.rmdir()


def _status(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 400 <= int(value) <= 599):
        raise ArgumentTypeError(f"{value} is no status from 400 to 599")
    return int(value)


def _language(value: str) -> str:
    try:
        validators.language(value)
    except ValidationError as error:
        raise ArgumentTypeError(error.messages[0]) from error
    return value.lower().replace("_", "-")
