"""Asks the demo site with Sentry's SDK at work in it, and says what would have been sent.

    python -m tests.tracked < questions.json > answers.json

A process of its own, for the SDK patches Django for good. Nothing leaves it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import django
import httpx
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.transport import Transport

SITE = "http://testserver"

events: list[dict[str, Any]] = []


class Kept(Transport):
    """Keeps what it is to send."""

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event is not None:
            events.append(event)


def ask(handler: str, question: dict[str, Any]) -> httpx.Response:
    """Return the response of the site, behind the handler that a server would call."""
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    options = {"base_url": SITE, "headers": question["headers"]}
    if handler == "wsgi":
        wsgi = httpx.WSGITransport(get_wsgi_application(), raise_app_exceptions=False)
        with httpx.Client(transport=wsgi, **options) as client:
            return client.request(question["method"], question["path"])

    async def ask_async() -> httpx.Response:
        asgi = httpx.ASGITransport(get_asgi_application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=asgi, **options) as client:
            return await client.request(question["method"], question["path"])

    return asyncio.run(ask_async())


def summary(event: dict[str, Any]) -> dict[str, Any]:
    """Return what the tests want to know of an event."""
    raised = event.get("exception", {}).get("values", [{}])[-1]
    frame = raised.get("stacktrace", {}).get("frames", [{}])[-1]
    return {
        "exception": raised.get("type"),
        "where": f"{frame.get('module')}.{frame.get('function')}",
        "logger": event.get("logger"),
        "transaction": event.get("transaction"),
        "url": event.get("request", {}).get("url"),
    }


if __name__ == "__main__":
    sentry_sdk.init(
        dsn="https://nobody@sentry.invalid/1",
        transport=Kept,
        # What is reported twice is to be seen.
        disabled_integrations=[DedupeIntegration()],
    )
    django.setup()
    from django.test import override_settings

    answers = []
    for handler, question in json.load(sys.stdin):
        events.clear()
        with override_settings(**question["settings"]):
            status = ask(handler, question).status_code
        answers.append({"status": status, "events": [summary(event) for event in events]})
    json.dump(answers, sys.stdout)
