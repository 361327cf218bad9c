"""Rules from the bytes of a file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django_http_errors.importing.importer import Import, Report
from django_http_errors.importing.reader import Reader
from django_http_errors.importing.schema import RULES


def import_rules(content: bytes, *, format: str = "", **options: Any) -> Report:
    """Import the rules of a file; the options are those of `Import`."""
    return Import(RULES, **options).run(Reader(BytesIO(content), RULES.columns, format))
