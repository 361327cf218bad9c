"""Delete the list of missing pages: ``manage.py clear_missing_pages``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import router
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...models import MissingPage

# More than anybody has counted for, and what a date can go back.
LONGEST = 36_500


def _days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= LONGEST:
        raise ArgumentTypeError(_("From 0 to %d days.") % LONGEST)
    return days


class Command(BaseCommand):
    """Deletes what visitors didn't find; patterns and ignored pages stay."""

    help = _("Delete the list of missing pages; patterns and ignored pages stay.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=_days,
            default=0,
            help=_("Only those that nobody has asked for in so many days."),
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        rows = MissingPage.objects.using(router.db_for_write(MissingPage)).filter(ignored=False)
        before = timezone.now() - timedelta(days=days)
        count, _models = rows.filter(last_seen__lte=before).exclude(path__contains="*").delete()
        text = ngettext("%d page was deleted.", "%d pages were deleted.", count) % count
        self.stdout.write(text)
