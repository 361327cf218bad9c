"""django-tenants on PostgreSQL: with rows of each tenant's, and with one set for all."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.db import Error

from ..databases import made_empty
from ..servers import ROOT

pytest.importorskip("django_tenants", reason="tenants are of django-tenants")

pytestmark = [pytest.mark.neighbour, pytest.mark.slow]


@pytest.mark.parametrize("setting", ["TENANT_APPS", "SHARED_APPS"])
def test_tenants(setting: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        database = made_empty("postgresql")
        try:
            url = database.__enter__().url
        except (Error, ImportError) as error:
            pytest.skip(f"PostgreSQL can't be had: {str(error).strip().splitlines()[0]}")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.neighbours.sites.tenants.site", url, setting],
                cwd=ROOT,
                check=False,
                capture_output=True,
                text=True,
                timeout=300,
            )
        finally:
            database.__exit__(None, None, None)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
