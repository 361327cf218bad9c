"""Why an address is answered as it is: for the admin and for the shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from . import catalogue, pipeline
from .policies import permanence
from .policies.facts import Facts
from .policies.messages import Message
from .policies.store import Snapshot, store
from .problems import Problem
from .responses import ProblemResponse


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that covers the address; the first that is in force decides."""

    rule: permanence.Rule
    in_force: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of an error at an address, and why.

    `match` is the view that answers at the address as things are (None: the URLconf knows
    none), `response` the answer if there were none, or if that view raised the error.
    """

    request: HttpRequest
    match: ResolverMatch | None
    rules: tuple[Considered, ...]
    messages: tuple[Message, ...]
    problem: Problem
    response: ProblemResponse


def explain(
    address: str,
    *,
    status: int = 404,
    method: str = "GET",
    accept: str = "",
    language: str = "",
    host: str = "",
    snapshot: Snapshot | None = None,
) -> Explanation:
    """Return what a `status` at `address` is answered with, by the real road; no view is called.

    address: a path, with or without a query string
    status: 400 to 599; ValueError for another
    accept, language: the Accept field and the language tag of the client; "": none
    host: the host name; "": localhost
    snapshot: the messages and rules to go by; left out, those of the site
    """
    snapshot = snapshot or store.current()
    request = request_for(address, method=method, accept=accept, language=language, host=host)
    response = ProblemResponse(catalogue.entry(status).problem(), pipeline.no_context)
    with translation.override(language or translation.get_language()):
        pipeline.finish(request, response, snapshot)
        facts = Facts.of(request, translation.get_language() or "")
    considered = []
    decided = status != 404
    for rule, in_force in permanence.considered(facts, snapshot.rules):
        considered.append(Considered(rule, in_force, in_force and not decided))
        decided = decided or in_force
    return Explanation(
        request=request,
        match=_match(request),
        rules=tuple(considered),
        messages=tuple(snapshot.messages.matching(response.problem.status, facts)),
        problem=response.problem,
        response=response,
    )


def request_for(
    address: str, *, method: str = "GET", accept: str = "", language: str = "", host: str = ""
) -> HttpRequest:
    """Return the request that a stranger would make."""
    fields = {"Host": host or "localhost"}
    if accept:
        fields["Accept"] = accept
    if language:
        fields["Accept-Language"] = language
    request: Any = RequestFactory().generic(method, address, headers=fields)
    if language:
        request.LANGUAGE_CODE = language
    if apps.is_installed("django.contrib.auth"):
        from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - optional

        request.user = AnonymousUser()
    return request  # type: ignore[no-any-return]


def _match(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None
