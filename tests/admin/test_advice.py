"""What the admin says of a rule: its sentence, its state, and what may be wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.translation import override

from django_http_errors.admin import advice
from django_http_errors.conf import LOCALE_MIDDLEWARE
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.rules.matching import Index
from django_http_errors.rules.rows import PermanenceRow
from django_http_errors.rules.snapshot import snapshots

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
MARCH = datetime(2027, 3, 1, 18, 30, tzinfo=UTC)


def rule(
    pattern: str = "/old-shop/", kind: str = "exact", pk: int | None = None, **fields
) -> PermanenceRow:
    """Return a rule as the snapshot has it, unsaved if it has no pk."""
    return PermanenceRow.of(PermanenceRule(pk=pk, kind=kind, pattern=pattern, **fields))


GONE = "Visitors of /old-shop/ are told {} that it is gone for good (410)."
LATER = "Visitors of /old-shop/ are told from now on that it is not there yet, or back later (404)."
NOW_ON = GONE.format("from now on")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, NOW_ON),
        (
            {"kind": "prefix"},
            NOW_ON.replace("/old-shop/", "/old-shop/ and everything below"),
        ),
        (
            {"kind": "route", "pattern": "/archive/<int:year>/"},
            (
                "Visitors of all addresses like /archive/<int:year>/ are told from now on that they"
                " are gone for good (410)."
            ),
        ),
        ({"permanence": "temporary"}, LATER),
        (
            {"permanence": "temporary", "expected_at": DECEMBER},
            f"{LATER} Visitors are told to wait until Dec. 1, 2026.",
        ),
        (
            {"permanence": "temporary", "expected_at": NOW - DAY},
            (
                f"{LATER} Visitors are told no date: Nov. 21, 2026, noon is past, or more than a"
                " year away."
            ),
        ),
        ({"valid_from": NOW - DAY}, NOW_ON),
        ({"valid_from": DECEMBER}, GONE.format("from Dec. 1, 2026 on")),
        (
            {"valid_from": DECEMBER, "valid_until": MARCH},
            GONE.format("from Dec. 1, 2026 until March 1, 2027, 6:30 p.m."),
        ),
        (
            {"valid_until": DECEMBER, "host": "www.example.com"},
            f"{GONE.format('until Dec. 1, 2026')} Only at www.example.com.",
        ),
        (
            {"valid_until": NOW},
            "This rule ended on Nov. 22, 2026, noon and changes nothing any more.",
        ),
        ({"replacement": "/shop/"}, f"{NOW_ON} Visitors are offered /shop/ instead."),
        ({"pattern": "/50%-off/"}, NOW_ON.replace("/old-shop/", "/50%-off/")),
    ],
)
def test_the_sentence(fields: dict, sentence: str) -> None:
    assert advice.sentence(rule(**fields), NOW) == sentence


def test_the_sentence_of_a_disabled_rule() -> None:
    assert advice.sentence(rule(), NOW, enabled=False) == (
        f"This rule is switched off and changes nothing. When it is switched on: {NOW_ON}"
    )


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({}, "gone for good (410)"),
        ({"permanence": "temporary"}, "back later (404)"),
        (
            {"permanence": "temporary", "expected_at": MARCH, "valid_until": MARCH},
            "back later (404), expected March 1, 2027, until March 1, 2027",
        ),
        ({"valid_from": DECEMBER}, "gone for good (410), from Dec. 1, 2026"),
        ({"valid_from": NOW - DAY}, "gone for good (410)"),
    ],
)
def test_what_it_answers_in_a_few_words(fields: dict, answer: str) -> None:
    assert advice.answer(rule(**fields), NOW) == answer


@pytest.mark.parametrize(
    ("fields", "others", "state"),
    [
        ({}, [], ("live", None)),
        ({"valid_from": NOW + DAY}, [], ("pending", None)),
        ({"valid_until": NOW}, [], ("expired", None)),
        ({"valid_from": NOW, "valid_until": NOW + DAY}, [], ("live", None)),
        # The same address in another spelling: the older rule decides.
        ({}, [rule("/old-shop", pk=3)], ("shadowed", 3)),
        ({}, [rule("/old-shop", pk=9)], ("live", None)),
        ({}, [rule("/old-shop", pk=3, valid_until=NOW)], ("live", None)),
        ({"host": "a.example"}, [rule(pk=3)], ("live", None)),
        # What is narrower goes first, whatever covers it.
        ({}, [rule("/", "prefix", pk=3)], ("live", None)),
        ({"kind": "prefix"}, [rule("/", "prefix", pk=3), rule(pk=4)], ("live", None)),
        # A route comes last.
        (
            {"kind": "route", "pattern": "/shop/<slug:item>/"},
            [rule("/shop/", "prefix", pk=3)],
            ("shadowed", 3),
        ),
        (
            {"kind": "route", "pattern": "/shop/<slug:item>/"},
            [rule("/shop/", "prefix", pk=3, host="a.example")],
            ("live", None),
        ),
        (
            {"kind": "route", "pattern": "/shop/<slug:item>/", "host": "a.example"},
            [rule("/shop/", "prefix", pk=3)],
            ("shadowed", 3),
        ),
        (
            {"kind": "route", "pattern": "/shop/<slug:item>/"},
            [rule("/shop/lamp/", pk=3), rule("/shop/lamps/", "prefix", pk=4)],
            ("live", None),
        ),
        (
            {"kind": "route", "pattern": "/<int:year>/"},
            [rule("/<path:all>", "route", pk=3)],
            ("shadowed", 3),
        ),
        (
            {"kind": "route", "pattern": "/<str:name>/"},
            [rule("/<int:year>/", "route", pk=3), rule("/<slug:name>/", "route", pk=4)],
            ("live", None),
        ),
        # A converter that the app knows nothing of.
        (
            {"kind": "route", "pattern": "/shop/<own:item>/"},
            [rule("/shop/", "prefix", pk=3)],
            ("shadowed", 3),
        ),
    ],
)
def test_states(fields: dict, others: list[PermanenceRow], state: tuple) -> None:
    one = rule(pk=7, **fields)
    shown, shadow = advice.state(one, Index([*others, one]), NOW, enabled=True)
    assert (shown.value, shadow and shadow.pk) == state


def test_a_disabled_rule_is_nothing_else() -> None:
    found = advice.state(rule(valid_until=NOW), Index(()), NOW, enabled=False)
    assert found == (advice.State.DISABLED, None)


ANSWERED = "The rule counts only where that answer is a 404."
EVERYTHING = "This rule is for every address of the site that is not found."


@pytest.mark.urls("tests.urls_advice")
@pytest.mark.parametrize(
    ("fields", "others", "warnings"),
    [
        ({}, [], []),
        ({"kind": "prefix", "pattern": "/old-shop"}, [], []),
        # Everything
        ({"kind": "prefix", "pattern": "/"}, [], [EVERYTHING, "The site has views below"]),
        ({"kind": "route", "pattern": "/<path:all>"}, [], [EVERYTHING]),
        (
            {"kind": "prefix", "pattern": "/", "host": "testserver"},
            [],
            ["This rule is for every address of testserver that is not found.", "The site has"],
        ),
        ({"kind": "route", "pattern": "/<str:one>/"}, [], []),
        (
            {"kind": "route", "pattern": "/old-shop/"},
            [],
            ["Nothing varies in this pattern: it is for /old-shop/ alone."],
        ),
        # What answers today
        (
            {"pattern": "/shop/"},
            [],
            [f"/shop/ has an answer today, from the view shop. {ANSWERED}"],
        ),
        ({"pattern": "/shop"}, [], ["/shop has an answer today, from the view shop."]),
        ({"pattern": "/shop/7/"}, [], ["/shop/7/ has an answer today, from the view item."]),
        (
            {"kind": "prefix", "pattern": "/shop/"},
            [],
            ["/shop/ has an answer today, from the view shop."],
        ),
        (
            {"kind": "prefix", "pattern": "/news/"},
            [],
            [f"The site has views below /news/: /news/<int:year>/, /news/feed. {ANSWERED}"],
        ),
        (
            {"kind": "prefix", "pattern": "/many/"},
            [],
            ["The site has views below /many/: /many/1/, /many/2/, /many/3/, and others."],
        ),
        (
            {"kind": "prefix", "pattern": "/wiki/"},
            [],
            ["Addresses that this rule covers have an answer today, from wiki."],
        ),
        (
            {"kind": "route", "pattern": "/shop/<int:item>/"},
            [],
            ["Addresses that this rule covers have an answer today, from item."],
        ),
        # Other rules
        (
            {"pattern": "/old-shop/lamps/"},
            [rule("/old-shop/", "prefix", pk=3)],
            [
                (
                    "Another rule covers this already, and this one goes before it: /old-shop/"
                    " (this address and everything below it)."
                )
            ],
        ),
        ({"pattern": "/old-shop/"}, [rule("/old-shop/", "prefix", pk=3, valid_until=NOW)], []),
        (
            {"pattern": "/old-shop"},
            [rule("/old-shop/", pk=3)],
            ["This rule has no effect, because another one goes before it: /old-shop/ (this add"],
        ),
        (
            {"kind": "prefix"},
            [rule("/old-shop/<slug:item>/", "route", pk=3), rule("/old-shop/1/", pk=4)],
            [
                (
                    "This rule goes before others, which have no effect any more:"
                    " /old-shop/<slug:item>/ (addresses that match a pattern)."
                ),
                (
                    "This rule covers addresses of others, which go before it: /old-shop/1/ (this"
                    " address)."
                ),
            ],
        ),
        (
            {"kind": "prefix"},
            [rule(f"/old-shop/{number}/", pk=number) for number in range(1, 9)],
            ["/old-shop/1/ (this address), /old-shop/2/ (this address), /old-shop/3/ (this add"],
        ),
        ({"kind": "prefix", "host": "testserver"}, [rule("/old-shop/1/", pk=4)], []),
        # Hosts
        (
            {"host": "elsewhere.example"},
            [],
            ["The site does not answer at elsewhere.example: it is not in ALLOWED_HOSTS."],
        ),
    ],
)
@override_settings(ALLOWED_HOSTS=["testserver", "localhost"])
def test_warnings(fields: dict, others: list[PermanenceRow], warnings: list[str]) -> None:
    found = advice.warnings(rule(**fields), Index(others), NOW)
    assert len(found) == len(warnings), found
    for text, expected in zip(found, warnings, strict=True):
        assert expected in text


def test_a_saved_rule_is_not_compared_with_itself() -> None:
    saved = rule(kind="prefix", pk=3)
    assert advice.warnings(saved, Index([saved]), NOW) == []


@pytest.mark.parametrize(
    ("loser", "winner", "reason"),
    [
        (rule(valid_until=NOW), rule(), "ended on Nov. 22, 2026, noon"),
        (rule(valid_from=DECEMBER), rule(), "not valid before Dec. 1, 2026"),
        (rule(), None, "rules are asked for a 404 only"),
        (rule(kind="prefix"), rule(), "a rule for just this address goes first"),
        (rule(kind="route"), rule(kind="prefix"), "one for everything below goes before a pattern"),
        (rule("/", "prefix"), rule(kind="prefix"), "the one that is more exact goes first"),
        (rule(), rule(host="a.example"), "a rule for this host goes before one for any host"),
        (rule("/old-shop"), rule(), "an older rule goes first"),
    ],
)
def test_why_a_rule_does_not_decide(
    loser: PermanenceRow, winner: PermanenceRow | None, reason: str
) -> None:
    assert advice.why_not(loser, winner, NOW) == reason


class InLanguages:
    urlpatterns = i18n_patterns(path("about/", lambda request: HttpResponse("About us")))


@pytest.mark.parametrize("editors", ["en", "de"])
@override_settings(ROOT_URLCONF=InLanguages, MIDDLEWARE=[LOCALE_MIDDLEWARE])
def test_pages_below_a_language_are_warned_of_in_every_editors_language(editors: str) -> None:
    def warnings(pattern: str, kind: str = "exact") -> list[str]:
        with override(editors):
            return advice.warnings(rule(pattern, kind), Index(()), NOW)

    for pattern, expected in (
        ("/de/about/", "/de/about/"),
        ("/en/about", "/en/about"),
        ("/about/", "/en/about/"),
        ("/about", "/en/about/"),
    ):
        (warning,) = warnings(pattern)
        assert expected in warning
    (warning,) = warnings("/de/", "prefix")
    assert "/de/about/" in warning
    assert warnings("/nothing/") == warnings("/de/nothing/") == []


@pytest.mark.django_db
@pytest.mark.urls("tests.urls_advice")
def test_what_is_in_a_hidden_area_is_not_told() -> None:
    snapshots.forget()
    HidingRule.objects.create(pattern="/shop/", kind="prefix")
    HidingRule.objects.create(pattern="/news/feed", kind="exact")
    for pattern, kind in (("/shop/", "exact"), ("/shop/", "prefix"), ("/shop/<int:id>/", "route")):
        assert advice.warnings(rule(pattern, kind), Index(()), NOW) == []
    (warning,) = advice.warnings(rule("/news/", "prefix"), Index(()), NOW)
    assert "/news/<int:year>/. " in warning
