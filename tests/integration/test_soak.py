"""For a long while: errors of all kinds from all workers, while editors edit.

``make soak`` runs it; SOAK_SECONDS says how long.
"""

from __future__ import annotations

import os
import random
import re
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from threading import Event
from typing import Any

import httpx
import pytest
from dj_database_url import parse
from django.db import connections, transaction

from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule

from ..asking import FORMS, JSON, PROBLEM
from ..databases import Database
from ..demo import (
    ACCEPTS,
    ANY_METHOD,
    API,
    CONTENT_TYPES,
    DEMANDING,
    HAS_REST_FRAMEWORK,
    HOP_BY_HOP,
    Answer,
    Ask,
    check,
)
from ..quick_settings import HTTP_ERRORS
from ..servers import COMMANDS, Server, started

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
# Until all has been used once: templates are loaded, caches are full, the heap has its size.
WARM_UP = min(SECONDS / 2, 60.0)
VISITORS = 3

# How much more memory a worker may have at the end than after the warm-up, by the line through all
# that was measured: the last caches fill, and the heap is never quite the same. A few KiB that are
# kept of each answer show in 20 seconds, 50 bytes in 10 minutes with their 45,000 answers a worker.
ALLOWED = 2 * 1024 * 1024

# For how long an edit may be unknown to a worker, and how late one hears of that on a busy machine.
LAG = HTTP_ERRORS["REFRESH_SECONDS"] + 2.0

# What editors are at: addresses that they close, reopen and find words for, and one that they hide.
CLOSED = [f"/edited/{n}/" for n in range(8)]
HIDDEN = "/async/return/403/"

ASKS = [ask for ask in (*ANY_METHOD, *DEMANDING) if ask.path != HIDDEN]
API_FORMS = ("problem", "json", "none")
OTHER_FORMS = (*API_FORMS, "browser", "text")


@dataclass(frozen=True)
class Said:
    """What an answer tells of the edits: its status, and which edition of whose words it has."""

    status: int
    words: frozenset[str] = frozenset()


@dataclass
class Edition:
    """What was said from some time between `begun` and `committed` on."""

    begun: float
    committed: float
    said: Said


@dataclass
class History:
    """All that was in force at an address, and all that was answered there."""

    editions: list[Edition]
    answers: list[tuple[float, float, Said]] = field(default_factory=list)

    def wrong(self) -> Iterator[tuple[float, float, Said]]:
        """Yield the answers that were by nothing that may have been in force by then."""
        for asked, answered, said in self.answers:
            ends = [edition.committed + LAG for edition in self.editions[1:]]
            in_force = [
                edition.said
                for edition, end in zip(self.editions, [*ends, float("inf")], strict=True)
                if edition.begun <= answered and end >= asked
            ]
            if said not in in_force:
                yield asked, answered, said


@pytest.fixture
def soaked(
    database: Callable[[str], Database], django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """The demo's database, on PostgreSQL if it is there; this process knows it as "soaked"."""
    try:
        found = database("postgresql")
    except pytest.skip.Exception:
        found = database("sqlite")
    monkeypatch.setitem(connections.databases, "soaked", parse(found.url))
    connections.configure_settings(connections.databases)
    with django_db_blocker.unblock():
        yield found


class Editor:
    """Makes, changes, disables and deletes rules and messages, two of them in one transaction."""

    def __init__(self) -> None:
        self.chance = random.Random(0)  # noqa: S311 - the same in each run
        self.number = 0
        self.histories = {path: History([Edition(0, 0, Said(404))]) for path in CLOSED}
        self.histories[HIDDEN] = History([Edition(0, 0, Said(403))])

    def work(self, done: Event) -> None:
        try:
            while not done.wait(0.2):
                path, history = self.chance.choice(list(self.histories.items()))
                begun = time.monotonic()
                with transaction.atomic("soaked"):
                    said = self.hide() if path == HIDDEN else self.close(path)
                history.editions.append(Edition(begun, time.monotonic(), said))
        finally:
            connections["soaked"].close()

    def hide(self) -> Said:
        hides = self.chance.random() < 0.5
        self.put(HidingRule, {"pattern": HIDDEN}, {} if hides else None)
        return Said(404 if hides else 403)

    def close(self, path: str) -> Said:
        self.number += 1
        permanence = self.chance.choice(["permanent", "temporary", ""])
        reason, title = f"Reason {self.number}", f"Title {self.number}"
        has_title = self.chance.random() < 0.5
        rule = {"permanence": permanence, "reason": reason} if permanence else None
        self.put(PermanenceRule, {"pattern": path}, rule)
        self.put(ErrorMessage, {"path_prefix": path}, {"title": title} if has_title else None)
        words = [reason] * bool(permanence) + [title] * has_title
        return Said(410 if permanence == "permanent" else 404, frozenset(words))

    def put(self, model: Any, key: dict[str, str], values: dict[str, str] | None) -> None:
        """Have a row with these values in force, or none."""
        rows = model.objects.using("soaked")
        if values is not None:
            rows.update_or_create(**key, defaults={**values, "enabled": True})
        elif self.chance.random() < 0.5:
            rows.filter(**key).update(enabled=False)
        else:
            rows.filter(**key).delete()


class Visitor:
    """Asks for all that fails, in every form, and for what editors are at."""

    def __init__(self, server: Server, histories: dict[str, History], seed: int) -> None:
        self.server = server
        self.histories = histories
        self.chance = random.Random(seed)  # noqa: S311 - the same in each run
        self.number = 0

    def visit(self, done: Event) -> int:
        """Return the number of answers that were as they had to be."""
        with httpx.Client(trust_env=False, timeout=30, headers={}) as self.client:
            self.client.headers.clear()
            while not done.wait(0.005):
                self.chance.choices(
                    [self.usual, self.api, self.random, self.edited], [6, HAS_REST_FRAMEWORK, 2, 4]
                )[0]()
                self.number += 1
        return self.number

    def usual(self) -> None:
        accept, form = ACCEPTS[self.chance.choice(OTHER_FORMS)]
        ask = self.chance.choice(ASKS)
        self.check(ask, accept, form or ask.default)

    def api(self) -> None:
        accept, form = ACCEPTS[self.chance.choice(API_FORMS)]
        ask = self.chance.choice(API)
        self.check(ask, accept, JSON if form == JSON else PROBLEM)

    def random(self) -> None:
        """Ask for what nobody has asked for before."""
        form = self.chance.choice(FORMS)
        path = f"/no/{self.chance.randbytes(self.chance.randrange(1, 200)).hex()}/"
        self.check(Ask(path, 404), f"{form};q=0.{self.chance.randrange(1, 100)}", form)

    def check(self, ask: Ask, accept: str | None, form: str) -> None:
        for _ in range(ask.times):
            got = self.ask(ask, accept)
        check(ask, got, form, HOP_BY_HOP)

    def edited(self) -> None:
        path, form = self.chance.choice(list(self.histories)), self.chance.choice(FORMS)
        asked = time.monotonic()
        status, fields, content = self.ask(Ask(path, 0), form)
        assert fields["Content-Type"] == CONTENT_TYPES[form]
        words = frozenset(re.findall(r"(?:Reason|Title) \d+", content.decode()))
        answer = asked, time.monotonic(), Said(status, words)
        self.histories[path].answers.append(answer)

    def ask(self, ask: Ask, accept: str | None) -> Answer:
        url, fields = self.server.url + ask.path, ask.fields(accept)
        got = self.client.request(ask.method, url, headers=fields, content=ask.content)
        return Answer(got.status_code, got.headers, got.content)


def memory_of(pid: int) -> int:
    """Return how much of the memory a process has, in bytes."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to look at")
def test_nothing_grows_and_no_answer_is_wrong(
    soaked: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = soaked.environment("tests.quick_settings")
    log = tmp_path / "server.log"
    editor = Editor()
    done = Event()
    memory: dict[int, list[tuple[float, int]]] = defaultdict(list)
    with (
        started("gunicorn", COMMANDS["gunicorn"], environment, log) as server,
        ThreadPoolExecutor() as pool,
    ):
        visitors = [Visitor(server, editor.histories, n) for n in range(VISITORS)]
        working: list[Future[Any]] = [pool.submit(editor.work, done)]
        working += [pool.submit(visitor.visit, done) for visitor in visitors]
        began = time.monotonic()
        try:
            while (passed := time.monotonic() - began) < SECONDS and not any(
                each.done() for each in working
            ):
                for pid in map(int, re.findall(r"Booting worker with pid: (\d+)", server.logged())):
                    memory[pid].append((passed, memory_of(pid)))
                time.sleep(0.25)
        finally:
            done.set()
        _, *numbers = [each.result(30) for each in working]
        logged = server.logged()
    grown = [growth(samples) for samples in memory.values()]
    with capsys.disabled():
        told = ", ".join(f"{each / 1024:.0f} KiB" for each in grown)
        print(f"\n{sum(numbers)} answers, {editor.number} edits, {told} of growth ", end="")  # noqa: T201
    wrong = [(path, each) for path, told in editor.histories.items() for each in told.wrong()]
    assert wrong == []
    assert sum(numbers) > 10 * SECONDS
    assert len(grown) == 2
    assert max(grown) < ALLOWED
    assert not re.findall(r" ERROR \[.*\] django_http_errors: .*", logged)


def growth(samples: list[tuple[float, int]]) -> float:
    """Return by how many bytes a worker has grown since the warm-up."""
    times, sizes = zip(*[each for each in samples if each[0] > WARM_UP], strict=True)
    return linear_regression(times, sizes).slope * (SECONDS - WARM_UP)
