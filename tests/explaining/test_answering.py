"""What answers a 404 before any rule is asked; tests/integration/test_inside.py has the rest."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_http_errors.admin import advice
from django_http_errors.explaining.answering import answering
from django_http_errors.models import PermanenceRule
from django_http_errors.rules.matching import Index
from django_http_errors.rules.rows import PermanenceRow


def warnings(**fields: object) -> list[str]:
    rule = PermanenceRule(**fields)
    rule.normalise()
    return advice.warnings(PermanenceRow.of(rule), Index(()), timezone.now())


def test_without_such_packages_nothing_answers() -> None:
    assert list(answering("/moved/")) == []
    assert warnings(pattern="/nothing-at-all/") == []


@pytest.mark.urls("tests.explaining.urls_own_handler")
def test_a_handler_of_the_site_is_named() -> None:
    (warning,) = warnings(pattern="/nothing-at-all/")
    assert "tests.explaining.urls_own_handler.not_found" in warning
