"""Fixtures of several modules here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from ..browsers import launched

    with launched() as browser:
        yield browser
