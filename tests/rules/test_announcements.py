"""Live answers say that what is there will go, and no other answer does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone
from django.utils.http import http_date

from django_http_errors.models import Edit, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..asking import JSON, MIDDLEWARE, Site
from ..clock import Clock

pytestmark = pytest.mark.django_db(transaction=True)

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def live(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse("here")


def with_headers(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        "here",
        headers={"Sunset": "own", "Deprecation": "own", "Link": '</a>; rel="author"'},
    )


urlpatterns = [
    path("old/", live),
    path("old/<int:n>/", live),
    path("new/", live),
    path("own/", with_headers),
]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    snapshots.forget()


def rule(pattern: str = "/old/", **fields: Any) -> PermanenceRule:
    values = {"announce": True, "valid_from": SOON, "created_at": MADE, **fields}
    return PermanenceRule.objects.create(pattern=pattern, **values)


def said(site: Site, address: str = "/old/") -> tuple[str | None, ...]:
    """Return what an answer says, in a process that has had an error."""
    site.ask("/nowhere/", JSON)
    response = site.ask(address, JSON)
    assert response.status_code == 200
    return tuple(response.headers.get(name) for name in ("Sunset", "Deprecation", "Link"))


ANNOUNCED = (http_date(SOON.timestamp()), f"@{int(MADE.timestamp())}", None)
NOTHING = (None, None, None)


def test_an_edit_is_in_force_after_the_next_success(
    site: Site, clock: Clock, attempts: list[str]
) -> None:
    row = rule()
    assert said(site) == ANNOUNCED
    row.valid_from = SOON + timedelta(days=1)
    with transaction.atomic():  # In another process: nobody in this one hears of it.
        row.save_base()
        Edit._base_manager.create(digests=[row.digest])
    Edit.number_pending("default")
    for passed, found in ((0, SOON), (6, SOON), (0, SOON + timedelta(days=1))):
        clock.pass_(passed)
        attempts.clear()
        assert site.ask("/old/", JSON)["Sunset"] == http_date(found.timestamp())
        assert bool(attempts) == bool(passed), "the database is asked when it has been sent"
    PermanenceRule.objects.update(enabled=False)
    site.ask("/old/", JSON)
    assert not snapshots.announcing
    assert "Sunset" not in site.ask("/old/", JSON)


def test_a_success_is_kept_by_the_sites_own_cache(site: Site, settings: Any, clock: Clock) -> None:
    """With what waits until it has been sent."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        MIDDLEWARE,
    ]
    rule()
    assert said(site, "/new/") == NOTHING
    clock.pass_(6)
    for _time in range(2):
        assert site.ask("/old/", JSON)["Sunset"] == ANNOUNCED[0]
    cache.clear()


def test_live_answers_say_when_they_will_go(site: Site) -> None:
    rule()
    assert said(site) == ANNOUNCED
    assert said(site, "/old/7/") == NOTHING
    assert said(site, "/new/") == NOTHING


def test_where_they_lead_to(site: Site) -> None:
    rule(replacement="/new/")
    assert said(site) == (*ANNOUNCED[:2], '</new/>; rel="successor-version"')


def test_what_a_view_says_stays(site: Site) -> None:
    rule("/own/", replacement="/new/")
    both = '</a>; rel="author", </new/>; rel="successor-version"'
    assert said(site, "/own/") == ("own", "own", both)


@pytest.mark.parametrize(
    "fields",
    [
        {"announce": False},
        {"enabled": False},
        {"valid_from": timezone.now() - timedelta(days=1)},
        {"host": "other.example"},
    ],
    ids=["not announced", "disabled", "valid already", "another host"],
)
def test_other_rules_are_not_announced(fields: dict[str, Any], site: Site) -> None:
    rule(**fields)
    assert said(site) == NOTHING


def test_the_first_that_comes_is_announced(site: Site) -> None:
    rule(kind="prefix", valid_from=SOON + timedelta(days=1))
    rule("/old/<int:n>/", kind="route")
    assert said(site, "/old/7/") == ANNOUNCED
    assert said(site)[0] == http_date((SOON + timedelta(days=1)).timestamp())


def test_a_rule_that_was_made_later_than_it_is_valid_has_no_date_of_deprecation(
    site: Site,
) -> None:
    """An import may say so."""
    rule(created_at=SOON + timedelta(days=1))
    assert said(site) == (ANNOUNCED[0], None, None)


def test_an_error_says_nothing_of_it(site: Site) -> None:
    rule("/nowhere/")
    assert "Sunset" not in site.ask("/nowhere/", JSON).headers


def test_no_success_asks_the_database(settings: Any) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    rule()
    snapshots.forget()
    site = Site("sync")
    with CaptureQueriesContext(connection) as queries:
        assert "Sunset" not in site.ask("/old/", JSON).headers, "nothing is known yet"
        assert len(queries) == 0
    site.ask("/nowhere/", JSON)
    with CaptureQueriesContext(connection) as queries:
        assert "Sunset" in site.ask("/old/", JSON).headers
        assert len(queries) == 0


def test_what_fails_is_logged_and_the_answer_goes_out(
    site: Site, own_records: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule()
    site.ask("/nowhere/", JSON)

    def explode(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("django_http_errors.rules.announcements.announce", explode)
    assert site.ask("/old/", JSON).status_code == 200
    assert len(own_records) == 1


def test_what_is_announced_has_a_date() -> None:
    with pytest.raises(ValidationError, match="from when"):
        PermanenceRule(pattern="/old/", announce=True).full_clean()
