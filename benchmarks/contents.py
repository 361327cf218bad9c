"""What is in the databases: rules as an old site has them, or redirects."""

from __future__ import annotations

from typing import NamedTuple


class Contents(NamedTuple):
    """What is in a database.

    rows: how many rules or redirects
    routes: how many in a hundred of the rules are routes
    """

    rows: int = 0
    routes: int = 0
    are_redirects: bool = False


# What is in a database, by its name.
EMPTY, REDIRECTS, MANY_REDIRECTS = "empty", "redirects", "many_redirects"
RULES, ROUTES, MANY_RULES, MANY_ROUTES = "rules", "routes", "many_rules", "many_routes"
CONTENTS = {
    EMPTY: Contents(),
    RULES: Contents(100_000, routes=1),
    ROUTES: Contents(100_000, routes=10),
    REDIRECTS: Contents(100_000, are_redirects=True),
    MANY_RULES: Contents(1_000_000, routes=1),
    MANY_ROUTES: Contents(1_000_000, routes=10),
    MANY_REDIRECTS: Contents(1_000_000, are_redirects=True),
}


class OldAddress(NamedTuple):
    """Where something was.

    kind, pattern: of the rule that says so
    path: one of the addresses of that rule
    sibling: an address beside it where nothing was; {} is for a name
    """

    kind: str
    pattern: str
    path: str
    sibling: str


def old_address(number: int, routes: int = 0) -> OldAddress:
    """Return where something was by rule or redirect `number`.

    routes: how many in a hundred are routes; one is a prefix, and all others are exact
    """
    section = f"/archive/{number % 1000}/"
    if number % 100 < routes:
        route = f"/archive-{number}/"
        return OldAddress("route", f"{route}<int:year>/", f"{route}2014/", f"{route}{{}}/")
    if number % 100 == 99:
        prefix = f"{section}part-{number}/"
        return OldAddress("prefix", prefix, f"{prefix}page/", f"{section}{{}}/")
    exact = f"{section}article-{number}/"
    return OldAddress("exact", exact, exact, f"{section}{{}}/")
