"""The long tour: what is asked in each of three ways."""

from __future__ import annotations

from .asking import Scenario

# Who asks, and what each sends as Accept.
CLIENTS = {
    "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "JSON client": "application/json",
    "curl": "*/*",
}

# The headers worth looking at, in the order in which they are shown.
HEADERS = (
    "Content-Type",
    "Content-Language",
    "Allow",
    "Accept",
    "Accept-Post",
    "Accept-Patch",
    "WWW-Authenticate",
    "Retry-After",
    "Content-Range",
    "Link",
    "Cache-Control",
    "Vary",
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}

SCENARIOS = (
    Scenario("An address that leads nowhere", "GET", "/no/such/page/"),
    Scenario("The same for a reader of German", "GET", "/no/such/page/", {"Accept-Language": "de"}),
    Scenario("A document that is hidden: as if it were not there", "GET", "/documents/2/"),
    Scenario("The same document, where its existence is no secret", "GET", "/plain-documents/2/"),
    Scenario("Django's response for a removed page, which is empty", "GET", "/return/410/"),
    Scenario("The wrong method: the right ones are listed", "DELETE", "/return/405/"),
    Scenario("Who are you? In an async view", "GET", "/async/raise/401/"),
    Scenario("No form that the client accepts: here are others", "GET", "/raise/406/"),
    Scenario(
        "The wrong format: here are the right ones",
        "POST",
        "/negotiated/",
        {"Content-Type": "text/csv"},
        "a,b",
    ),
    Scenario("Two things to correct", "POST", "/raise/422/", JSON, '{"title": ""}'),
    Scenario("A form without its CSRF token", "POST", "/form/", content="name=Ada"),
    Scenario("Too much at once for Django", "POST", "/builtin/data-too-big/", content="a=1"),
    Scenario("Blocked by law, and by whom", "GET", "/raise/451/"),
    Scenario("Down for maintenance: when to come back", "GET", "/raise/503/"),
    Scenario("A crash: an id to quote, and nothing of the inside", "GET", "/builtin/crash/"),
    Scenario("A host that the site doesn't serve", "GET", "/", {"Host": "elsewhere.example"}),
    Scenario("An error with a body of its own is left alone", "GET", "/own-body/404/"),
)

API_SCENARIOS = (
    Scenario("The API: a document that is hidden", "GET", "/api/documents/2/"),
    Scenario(
        "The API: writing needs a login", "POST", "/api/plain-documents/", JSON, '{"title": "New"}'
    ),
    Scenario("The API: twice in a minute is once too often", "GET", "/api/throttled/", times=2),
    Scenario("The API: a crash", "GET", "/api/crash/"),
)
