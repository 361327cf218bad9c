"""The rows of django.contrib.redirects without a target: it answers 410 for them."""

from __future__ import annotations

from django.apps import apps

from ..http.urls import host_in
from .rows import Parsed, ParsedRow, Remark, leads_elsewhere

_HEADINGS = {"pattern": "old_path", "host": "domain"}


def is_installed() -> bool:
    """Return whether there are redirects."""
    return apps.is_installed("django.contrib.redirects")


def parse() -> Parsed:
    """Yield a row for each redirect to nowhere, at the host of its site."""
    from django.contrib.redirects.models import Redirect  # noqa: PLC0415 - may not be installed

    redirects = Redirect._default_manager.order_by("pk").values_list(
        "pk", "site__domain", "old_path", "new_path"
    )
    for pk, domain, old_path, new_path in redirects.iterator():
        if new_path:
            yield Remark(0, leads_elsewhere(), pk)
        else:
            cells = {"pattern": old_path, "host": host_in(domain), "permanence": "permanent"}
            yield ParsedRow(0, cells, pk, headings=_HEADINGS)
