"""Moments and durations, as whole seconds from now."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from django.utils import timezone

Moment = int | float | timedelta | datetime

_LONGEST_WAIT = 10 * 365 * 24 * 3600


def seconds_until(moment: Moment) -> int:
    """Return `moment` (seconds, a timedelta, or a date) as whole seconds from now, never negative.

    Rounded up, so that a client that waits as long is never too early.
    """
    if isinstance(moment, datetime):
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        moment = moment - datetime.now(UTC)
    if isinstance(moment, timedelta):
        moment = moment.total_seconds()
    # Compared before it is rounded, which neither infinity nor NaN can be.
    return math.ceil(min(moment, _LONGEST_WAIT)) if moment > 0 else 0
